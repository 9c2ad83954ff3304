// SectionSpool: sections of a delta of what is in memory, put aside in a scratch file at the barrier: the
// state goes on, and they are read when the checkpoint is written. Filled by the state's thread, then read by
// another.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "state/hash/state_context.h"
#include "state/layered_source.h"
#include "state/ordered_store.h"
#include "state/section_writer.h"

namespace penstock {

class SectionSpool : public KeyedSections {
 public:
  explicit SectionSpool(std::unique_ptr<ScratchFile> file) : file_(std::move(file)) {}

  // What a state's WriteDelta wrote: the namespaces that it dropped, then its sections. REQUIRES: each group
  // comes once.
  Status Add(std::string_view part);

  std::vector<int64_t> dropped() const override { return dropped_; }
  const std::vector<int>& groups() const override { return groups_; }
  uint64_t bytes() const override { return size_; }
  Result<std::string> Slice(int group, uint32_t slice) override;

 private:
  struct Place {
    uint64_t offset = 0;
    uint64_t size = 0;
  };
  std::unique_ptr<ScratchFile> file_;
  std::vector<int64_t> dropped_;
  std::vector<int> groups_;
  std::map<int, Place> places_;
  uint64_t size_ = 0;
};

// What changed in the tables of a state since cut `from`, key groups by key groups, so that little of it is
// in memory at a time. Null where there is so little in memory that it is not worth while.
template <typename State>
Result<std::shared_ptr<KeyedSections>> SpoolDelta(State& hot, uint32_t from, const StateContext& context) {
  size_t bytes = hot.MemoryBytes();
  if (bytes <= context.spool_bytes) return std::shared_ptr<KeyedSections>();
  auto spool = std::make_shared<SectionSpool>(context.store->NewScratch());
  size_t steps = bytes / (context.spool_bytes / 4 + 1) + 1;
  int step = std::max(
      1, (context.range.end - context.range.begin) / static_cast<int>(std::min<size_t>(steps, 1024)));
  for (int begin = context.range.begin; begin < context.range.end; begin += step) {
    SectionWriter part(context.spool_bytes / 2);
    GroupSpan groups{begin, std::min(begin + step, context.range.end)};
    if (hot.WriteDelta(from, groups, part)) RETURN_IF_ERROR(spool->Add(part.Take()));
  }
  return std::shared_ptr<KeyedSections>(std::move(spool));
}

}  // namespace penstock
