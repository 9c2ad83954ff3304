// Appending, and forgetting from the front.
#include "state/hash/erasure_log.h"

#include <algorithm>

namespace penstock {

void ErasureLog::Start(size_t state_bytes) {
  active_ = true;
  overflowed_ = false;
  limit_ = std::max(size_t{16} << 20, state_bytes / 4);
}

void ErasureLog::Stop() { *this = ErasureLog(); }

void ErasureLog::Append(uint32_t epoch, const Erasure& erasure) {
  if (entries_.size() * sizeof(Entry) + bytes_.size() > limit_) {
    Stop();
    overflowed_ = true;
    return;
  }
  entries_.push_back({erasure.key.hash, erasure.name_space, bytes_.size(),
                      static_cast<uint32_t>(erasure.key.bytes.size()),
                      static_cast<uint32_t>(erasure.element.size()), epoch, erasure.kind});
  bytes_.append(erasure.key.bytes).append(erasure.element);
}

void ErasureLog::DropBefore(uint32_t epoch) {
  auto kept = std::find_if(entries_.begin(), entries_.end(),
                           [epoch](const Entry& entry) { return entry.epoch >= epoch; });
  if (kept == entries_.begin()) return;
  size_t bytes = kept == entries_.end() ? bytes_.size() : kept->offset;
  entries_.erase(entries_.begin(), kept);
  bytes_.erase(0, bytes);
  for (Entry& entry : entries_) entry.offset -= bytes;
}

}  // namespace penstock
