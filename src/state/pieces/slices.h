// Slices: a section of keyed state (a key group of a state) in 2^b parts, so that none of them is large: a
// slice holds the keys of which the lower half of the hash begins with its b bits. A slice is a section, too.
// Timers are never divided. Used by whoever uses the source.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "state/keyed_source.h"

namespace penstock {

inline constexpr int kMostSliceBits = 16;

// How finely sections are to be divided so that slices have about kSliceBytes.
inline constexpr uint64_t kSliceBytes = uint64_t{512} << 10;
int SliceBitsFor(StateKind kind, uint64_t bytes, size_t groups);

// The slices of a section that is itself a slice of `bits` bits, each in 2^more parts, in their order.
// kCorruption where the bytes are no section.
Result<std::vector<std::string>> DivideSection(const KeyedStateInfo& info, bool delta,
                                               std::string_view section, int bits, int more);

// Reads one state of a source in finer slices than it has; keeps what it divided last.
class SliceReader {
 public:
  // REQUIRES: slice_bits is at least that of the state.
  SliceReader(std::shared_ptr<KeyedSource> source, size_t state, int slice_bits);
  Result<std::string> Read(int group, uint32_t slice);

 private:
  std::shared_ptr<KeyedSource> source_;
  size_t state_;
  int slice_bits_, more_bits_;
  int group_ = -1;       // of parts_
  uint32_t coarse_ = 0;  // the slice of the source that is in parts_
  std::vector<std::string> parts_;
};

}  // namespace penstock
