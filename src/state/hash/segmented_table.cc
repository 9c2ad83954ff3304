// The directory: splitting segments and finding room.
#include "state/hash/segmented_table.h"

#include <algorithm>

namespace penstock {

SegmentedTable::SegmentedTable(const KeyGroupRange& range, const SlotLayout& layout, size_t segment_bytes)
    : range_(range),
      layout_(layout),
      segment_bytes_(segment_bytes),
      group_mask_(std::has_single_bit(static_cast<unsigned>(range.max_parallelism))
                      ? static_cast<uint64_t>(range.max_parallelism) - 1
                      : 0),
      group_bits_(std::bit_width(static_cast<unsigned>(std::max(range.end - range.begin - 1, 1)))) {
  segments_.push_back(std::make_unique<Part>(layout, 0, 0));
  directory_.push_back(segments_[0].get());
}

size_t SegmentedTable::MemoryBytes() const {
  size_t bytes = directory_.size() * sizeof(Part*) + segments_.capacity() * sizeof(segments_[0]);
  for (const auto& part : segments_) bytes += sizeof(Part) + part->data.MemoryBytes();
  return bytes;
}

// Segments grow over their size beyond 20 leading bits (a million segments), and while they have few entries:
// wide values would be split for ever.
FlatTable& SegmentedTable::MakeRoom(uint64_t hash, bool* moved) {
  constexpr int kDeepest = 20;
  constexpr size_t kFewest = 16;
  while (true) {
    Part* part = directory_[depth_ == 0 ? 0 : Route(hash) >> (32 - depth_)];
    if (!part->data.full()) return part->data;
    if (part->data.GrownBytes() <= segment_bytes_ || part->bits >= kDeepest || part->data.size() < kFewest) {
      if (part->data.Grow()) *moved = true;
      return part->data;
    }
    Split(part);
    *moved = true;
  }
}

void SegmentedTable::AddTimes() {
  layout_.times = true;
  for (auto& part : segments_) Renew(part.get());
}

void SegmentedTable::Renew(Part* part) {
  FlatTable renewed(layout_);
  part->data.MoveAllTo(&renewed);
  part->data = std::move(renewed);
}

void SegmentedTable::Split(Part* part) {
  if (part->bits == depth_) {
    std::vector<Part*> doubled;
    doubled.reserve(directory_.size() * 2);
    for (Part* entry : directory_) doubled.insert(doubled.end(), 2, entry);
    directory_ = std::move(doubled);
    ++depth_;
  }
  uint32_t bit = uint32_t{1} << (31 - part->bits);
  ++part->bits;
  auto upper = std::make_unique<Part>(layout_, part->start | bit, part->bits);
  part->data.MoveTo(&upper->data, [&](uint64_t hash) { return (Route(hash) & bit) != 0; });
  size_t first = upper->start >> (32 - depth_);
  size_t count = size_t{1} << (depth_ - part->bits);
  std::fill_n(directory_.begin() + static_cast<ptrdiff_t>(first), count, upper.get());
  auto at = std::find_if(segments_.begin(), segments_.end(), [&](const auto& p) { return p.get() == part; });
  segments_.insert(at + 1, std::move(upper));
}

}  // namespace penstock
