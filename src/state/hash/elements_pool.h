// ElementsPool: the OrderedElements of a map state by number, in chunks: they stay where they are while
// others come and go. Knows what they take together. Used by its state's thread.
#pragma once

#include <memory>
#include <vector>

#include "state/hash/ordered_elements.h"

namespace penstock {

class ElementsPool {
 public:
  OrderedElements& operator[](uint64_t number) { return chunks_[number / kChunk][number % kChunk]; }
  // A free place.
  uint64_t Make() {
    if (free_.empty()) {
      if (made_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<OrderedElements[]>(kChunk));
      return made_++;
    }
    uint64_t number = free_.back();
    free_.pop_back();
    return number;
  }
  void Free(uint64_t number) {
    footprint_ -= (*this)[number].Footprint();
    (*this)[number].clear();
    free_.push_back(number);
    if (free_.size() == made_) *this = ElementsPool();
  }
  // Has `change` work on elements, and notes what they take then.
  template <typename Change>
  void Update(OrderedElements& elements, const Change& change) {
    footprint_ -= elements.Footprint();
    change(elements);
    footprint_ += elements.Footprint();
  }
  size_t MemoryBytes() const {
    return footprint_ + chunks_.size() * kChunk * sizeof(OrderedElements) + free_.capacity() * 8;
  }

 private:
  static constexpr size_t kChunk = 64;
  std::vector<std::unique_ptr<OrderedElements[]>> chunks_;
  std::vector<uint64_t> free_;
  size_t made_ = 0;
  size_t footprint_ = 0;
};

}  // namespace penstock
