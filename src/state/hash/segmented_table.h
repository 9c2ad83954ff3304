// SegmentedTable: keys to fixed-width values in segments of at most about 1 MiB, each rehashed alone.
// Segments are found by a directory over the leading bits of a routing word: the key group, then the low half
// of the hash (extendible hashing), so the segments in order are the key groups in order. A small table is
// one segment. The epoch of each entry's last change is kept: what a delta needs. Source of the directory:
// Fagin et al., "Extendible hashing", ACM TODS 1979.
#pragma once

#include <algorithm>
#include <bit>
#include <memory>
#include <vector>

#include "state/hash/flat_table.h"
#include "state/key_group.h"
#include "state/keyed_state.h"

namespace penstock {

// Some of the key groups of a backend: [begin, end). Keys of groups of other backends, which an operator that
// is not keyed may have, go with the first.
struct GroupSpan {
  int begin = 0;
  int end = 0;
  bool Has(int group, const KeyGroupRange& range) const {
    if (group < range.begin || group >= range.end) group = range.begin;
    return group >= begin && group < end;
  }
};

class SegmentedTable {
 public:
  static constexpr size_t kSegmentBytes = size_t{1} << 20;

  // `segment_bytes`: above that a segment is split.
  SegmentedTable(const KeyGroupRange& range, const SlotLayout& layout, size_t segment_bytes = kSegmentBytes);

  size_t size() const { return size_; }
  size_t segments() const { return segments_.size(); }
  size_t MemoryBytes() const;

  // The entry's value; `created` tells whether it is new, its bytes are undefined then. Sets `moved` where
  // values found earlier may now lie elsewhere.
  uint8_t* FindOrInsert(StateKey key, int64_t now, uint32_t epoch, bool* created, bool* moved) {
    FlatTable* segment = &SegmentOf(key.hash);
    if (segment->full()) segment = &MakeRoom(key.hash, moved);
    uint8_t* value = segment->FindOrInsert(key.bytes, key.hash, now, epoch, created);
    size_ += *created ? 1 : 0;
    return value;
  }
  // Puts back an entry as it was when it changed in `epoch`; its bytes are undefined. REQUIRES: it is not
  // there.
  uint8_t* Load(StateKey key, int64_t time, uint32_t epoch) {
    FlatTable* segment = &SegmentOf(key.hash);
    bool moved = false;
    if (segment->full()) segment = &MakeRoom(key.hash, &moved);
    ++size_;
    return segment->Load(key.bytes, key.hash, time, epoch);
  }
  uint8_t* Find(StateKey key) { return SegmentOf(key.hash).Find(key.bytes, key.hash); }
  bool Erase(StateKey key) {
    bool erased = SegmentOf(key.hash).Erase(key.bytes, key.hash);
    size_ -= erased ? 1 : 0;
    return erased;
  }
  // Two steps ahead of a search, the second once the first had time.
  void Prefetch(uint64_t hash) { SegmentOf(hash).Prefetch(hash); }
  void PrefetchSlot(uint64_t hash) { SegmentOf(hash).PrefetchSlot(hash); }
  // When the entry of a value that is there was last written; 0 where the table keeps no times.
  int64_t TimeOf(const uint8_t* value) const { return segments_.front()->data.TimeOf(value); }
  // From here on it keeps them. Values may then lie elsewhere.
  void KeepTimes() {
    if (!layout_.times) AddTimes();
  }

  // The entry of a value that is there.
  FlatTable::Entry EntryAt(uint8_t* value) const { return segments_.front()->data.EntryAt(value); }

  // Segments in their order, and making one empty.
  FlatTable& segment(size_t i) { return segments_[i]->data; }
  void ClearSegment(size_t i) {
    size_ -= segments_[i]->data.size();
    segments_[i]->data = FlatTable(layout_);
  }

  // Gives back what free slots of a segment hold, where that is most of it. Values may then lie elsewhere.
  void CompactSegment(size_t i) {
    if (segments_[i]->data.sparse()) Renew(segments_[i].get());
  }

  // All entries; by segments, so by ascending ranges of key groups, and in no order inside.
  template <typename Visit>
  void ForEach(const Visit& visit) {
    for (auto& segment : segments_) segment->data.ForEach(visit);
  }
  // Entries changed in epoch `from` or later, without those that were erased. What was not touched is stepped
  // over.
  template <typename Visit>
  void ForEachChanged(uint32_t from, const Visit& visit) {
    for (auto& segment : segments_) segment->data.ForEachChanged(from, visit);
  }
  // Those in segments that may have keys of these groups: also some of other groups.
  template <typename Visit>
  void ForEachChangedNear(uint32_t from, const GroupSpan& groups, const Visit& visit) {
    uint64_t first = static_cast<uint64_t>(groups.begin - range_.begin) << (32 - group_bits_);
    uint64_t behind = static_cast<uint64_t>(groups.end - range_.begin) << (32 - group_bits_);
    for (size_t i = 0; i < segments_.size() && segments_[i]->start < behind; ++i) {
      bool before = i + 1 < segments_.size() && segments_[i + 1]->start <= first;
      if (!before) segments_[i]->data.ForEachChanged(from, visit);
    }
  }

 private:
  struct Part {
    Part(const SlotLayout& layout, uint32_t start, int bits) : data(layout), start(start), bits(bits) {}
    FlatTable data;
    uint32_t start;  // first routing word it is for
    int bits;        // leading bits that all its routing words share
  };

  uint32_t Route(uint64_t hash) const {
    // Mostly a power of two: then there is nothing to divide.
    int group = group_mask_ != 0 ? static_cast<int>(hash >> 32 & group_mask_)
                                 : KeyGroupOf(hash, range_.max_parallelism);
    group -= range_.begin;
    // A key of another range (an operator that is not keyed) goes with the first group.
    uint64_t number = group < 0 || group >= range_.end - range_.begin ? 0 : static_cast<uint64_t>(group);
    return static_cast<uint32_t>(number << (32 - group_bits_) | static_cast<uint32_t>(hash) >> group_bits_);
  }
  FlatTable& SegmentOf(uint64_t hash) {
    if (depth_ == 0) return segments_[0]->data;
    return directory_[Route(hash) >> (32 - depth_)]->data;
  }
  FlatTable& MakeRoom(uint64_t hash, bool* moved);
  void Split(Part* part);
  void AddTimes();
  // Moves what is in a segment into a new one with the table's layout.
  void Renew(Part* part);

  KeyGroupRange range_;
  SlotLayout layout_;
  size_t segment_bytes_;
  uint64_t group_mask_;  // of key groups, 0 where their number is no power of two
  int group_bits_;       // of the number of a key group inside the range
  size_t size_ = 0;
  int depth_ = 0;  // leading bits of routing words that the directory tells apart
  std::vector<std::unique_ptr<Part>> segments_;  // by start
  std::vector<Part*> directory_;                 // 2^depth
};

}  // namespace penstock
