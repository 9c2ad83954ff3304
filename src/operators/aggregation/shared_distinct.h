// SharedDistinct: the values of several DISTINCT aggregates over the same arguments, kept once: each value
// has a bit for every aggregate that has seen it; the aggregates differ in their FILTER. For input of which
// no row is taken back. Used by AggregateSet on the operator's thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/key_codec.h"
#include "state/state_backend.h"

namespace penstock {

class SharedDistinct {
 public:
  static constexpr size_t kWidth = sizeof(uint64_t);  // of the state
  static constexpr size_t kMost = 64;                 // aggregates

  // `values`: sub-keys of the groups, of that width.
  SharedDistinct(FixedState* values, const std::vector<DataType>& types) : values_(values), codec_(types) {}

  // `signs` of each aggregate: rows that it looks at; of these only the first of each value is left.
  Status KeepFirst(int64_t name_space, const std::vector<ColumnPtr>& args,
                   std::span<const std::string_view> groups, std::span<std::vector<int8_t>* const> signs);
  // Takes in what an aggregate had in a set of its own (as savepoints of before have it), and empties it.
  Status TakeOver(FixedState* own, size_t aggregate);

 private:
  Status SetBit(int64_t name_space, StateKey key, size_t aggregate);

  FixedState* values_;
  KeyCodec codec_;
};

}  // namespace penstock
