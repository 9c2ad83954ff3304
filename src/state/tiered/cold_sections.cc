// What a snapshot or a delta has of the records that are not in memory: read from a view of the store, a
// slice of a key group at a time, while the state goes on.
#include <algorithm>

#include "state/pieces/slices.h"
#include "state/tiered/cold_key.h"
#include "state/tiered/cold_table.h"

namespace penstock {

namespace {

class ColdSections : public KeyedSections {
 public:
  struct Range {
    std::string start;  // of a namespace: its keys go on with the key group
    int64_t name_space;
  };
  ColdSections(std::shared_ptr<StoreView> view, std::vector<int> groups, std::vector<Range> ranges,
               size_t skipped, int empty_lists, ColdTable::WriteRecord write, int slice_bits, uint64_t bytes)
      : view_(std::move(view)),
        cursor_(view_->NewCursor()),
        groups_(std::move(groups)),
        ranges_(std::move(ranges)),
        skipped_(skipped),
        empty_lists_(empty_lists),
        write_(std::move(write)),
        slice_bits_(slice_bits),
        bytes_(bytes) {}

  const std::vector<int>& groups() const override { return groups_; }

  int slice_bits() const override { return slice_bits_; }
  uint64_t bytes() const override { return bytes_; }

  // Keys go on with the lower half of the hash, which begins with the slice.
  Result<std::string> Slice(int group, uint32_t slice) override {
    uint64_t from = uint64_t{slice} << (32 - slice_bits_), to = uint64_t{slice + 1} << (32 - slice_bits_);
    ByteWriter section;
    for (const Range& range : ranges_) {
      std::string start = range.start;
      AppendColdGroup(group, &start);
      std::string first = start;
      AppendBigEndian(static_cast<uint32_t>(from), &first);
      ByteWriter entries;
      uint64_t count = 0;
      for (cursor_->Seek(first); cursor_->valid() && cursor_->key().starts_with(start); cursor_->Next()) {
        if (ColdLow(cursor_->key().substr(start.size())) >= to) break;
        std::string_view key = cursor_->key().substr(start.size() + sizeof(uint32_t));
        count += write_(key, cursor_->value().substr(skipped_), entries) ? 1 : 0;
      }
      RETURN_IF_ERROR(cursor_->status());
      if (count == 0) continue;
      if (empty_lists_ >= 0) {
        section.Fixed(range.name_space);
        for (int i = 0; i < empty_lists_; ++i) section.Varint(0);
        section.Varint(count);
      }
      section.Raw(entries.bytes());
    }
    return section.Take();
  }

 private:
  std::shared_ptr<StoreView> view_;
  std::unique_ptr<StoreCursor> cursor_;
  std::vector<int> groups_;
  std::vector<Range> ranges_;
  size_t skipped_;  // bytes before the record
  int empty_lists_;
  ColdTable::WriteRecord write_;
  int slice_bits_;
  uint64_t bytes_;
};

}  // namespace

std::shared_ptr<KeyedSections> ColdTable::Sections(const uint32_t* from, int empty_lists, WriteRecord write) {
  std::vector<bool> has(groups_.size());
  std::vector<ColdSections::Range> ranges;
  uint64_t bytes = 0;
  auto add_ranges = [&](char table, uint32_t epoch, const std::vector<bool>& groups) {
    for (const auto& [name_space, space] : spaces_)
      ranges.push_back({ColdSpace(table, prefix_, epoch, name_space), name_space});
    for (size_t g = 0; g < groups.size(); ++g) has[g] = has[g] || groups[g];
  };
  if (from == nullptr) {
    add_ranges(kColdEntries, 0, groups_);
    bytes = count_ * (put_bytes_ / std::max<uint64_t>(puts_, 1));
  } else {
    for (auto at = changed_.lower_bound(*from); at != changed_.end(); ++at) {
      add_ranges(kColdChanges, at->first, at->second.groups);
      bytes += at->second.bytes;
    }
  }
  if (ranges.empty()) return nullptr;
  std::vector<int> groups;
  for (size_t g = 0; g < has.size(); ++g) {
    if (has[g]) groups.push_back(static_cast<int>(g));
  }
  size_t skipped = from == nullptr ? sizeof(uint32_t) : 0;  // the epoch before the record
  int slice_bits = in_order_ ? 0 : SliceBitsFor(StateKind::kMap, bytes, groups.size());
  return std::make_shared<ColdSections>(store_->View(), std::move(groups), std::move(ranges), skipped,
                                        empty_lists, std::move(write), slice_bits, bytes);
}

}  // namespace penstock
