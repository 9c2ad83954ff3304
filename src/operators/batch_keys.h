// BatchKeys: the state keys of a batch's rows, encoded column by column and hashed once. Used by operators
// that look up one key after the other, on their thread.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "data/key_codec.h"
#include "state/keyed_state.h"

namespace penstock {

class BatchKeys {
 public:
  // REQUIRES: columns match the codec's types.
  void Encode(const KeyCodec& codec, std::span<const ColumnPtr> columns, int64_t rows) {
    block_ = KeyBlock();
    codec.Encode(columns, rows, &block_);
    hashes_.resize(static_cast<size_t>(rows));
    for (int64_t row = 0; row < rows; ++row) hashes_[static_cast<size_t>(row)] = HashKey(block_[row]);
  }

  // Valid until the next Encode.
  StateKey operator[](int64_t row) const { return {block_[row], hashes_[static_cast<size_t>(row)]}; }

  // To be called for every row in [.., end) before it is looked up: now and then it asks for the state of the
  // rows to come, so that they do not wait for memory one after the other.
  void Prefetch(MapState& state, int64_t row, int64_t end) const {
    if (row % kAhead != 0) return;
    std::array<StateKey, kAhead> keys;
    auto count = static_cast<size_t>(std::min(end - row, kAhead));
    for (size_t i = 0; i < count; ++i) keys[i] = (*this)[row + static_cast<int64_t>(i)];
    state.Prefetch(0, std::span(keys).first(count));
  }

 private:
  static constexpr int64_t kAhead = 32;
  KeyBlock block_;
  std::vector<uint64_t> hashes_;
};

}  // namespace penstock
