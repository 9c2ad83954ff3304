// BatchKeys: the state keys of a batch's rows, encoded column by column and hashed once. Used by operators
// that look up one key after the other, on their thread.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
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
    FindFirsts();
  }

  // Valid until the next Encode.
  StateKey operator[](int64_t row) const { return {block_[row], hashes_[static_cast<size_t>(row)]}; }

  // The first row of the batch that has the key of this one.
  int64_t FirstWithKeyOf(int64_t row) const { return firsts_[static_cast<size_t>(row)]; }

  // To be called for every row in [.., end) before it is looked up: now and then it asks for the state of the
  // rows to come, so that they do not wait for memory one after the other.
  void Prefetch(MapState& state, int64_t row, int64_t end) const {
    if (row % kAhead != 0) return;
    std::array<StateKey, kAhead> keys;
    size_t count = 0;
    for (int64_t ahead = row; ahead < std::min(end, row + kAhead); ++ahead) {
      if (FirstWithKeyOf(ahead) == ahead) keys[count++] = (*this)[ahead];
    }
    state.Prefetch(0, std::span(keys).first(count));
  }

 private:
  static constexpr int64_t kAhead = 32;

  // Keys repeat in a batch. An open table of rows, as large as twice the rows at least.
  void FindFirsts() {
    auto rows = static_cast<int64_t>(hashes_.size());
    size_t mask = std::bit_ceil(hashes_.size() * 2 + 1) - 1;
    table_.assign(mask + 1, -1);
    firsts_.resize(hashes_.size());
    for (int64_t row = 0; row < rows; ++row) {
      StateKey key = (*this)[row];
      size_t at = key.hash & mask;
      while (table_[at] >= 0 && !Same((*this)[table_[at]], key)) at = (at + 1) & mask;
      if (table_[at] < 0) table_[at] = static_cast<int32_t>(row);
      firsts_[static_cast<size_t>(row)] = table_[at];
    }
  }
  static bool Same(StateKey a, StateKey b) { return a.hash == b.hash && a.bytes == b.bytes; }

  KeyBlock block_;
  std::vector<uint64_t> hashes_;
  std::vector<int32_t> firsts_, table_;
};

}  // namespace penstock
