// Tight loops over fixed-width columns for the operators of the hot path: arithmetic and comparison. Each
// argument is a column or a constant; the loops carry no branch per row, NULLs are merged as validity bytes
// afterwards.
#pragma once

#include <memory>

#include "data/column.h"

namespace penstock {

// Validity of a result that is null where any argument is; null when no argument has nulls. `count` stored
// rows.
inline std::shared_ptr<Buffer> MergeValidity(std::span<const ColumnPtr> args, int64_t count) {
  std::shared_ptr<Buffer> merged;
  for (const ColumnPtr& arg : args) {
    if (!arg->has_validity()) continue;
    const uint8_t* valid = arg->validity();
    if (!merged) {
      merged = std::make_shared<Buffer>(static_cast<size_t>(count));
      std::memset(merged->data(), 1, static_cast<size_t>(count));
    }
    uint8_t* out = merged->data();
    if (arg->constant()) {
      if (valid[0] == 0) std::memset(out, 0, static_cast<size_t>(count));
    } else {
      for (int64_t i = 0; i < count; ++i) out[i] &= valid[i];
    }
  }
  return merged;
}

// result[i] = f(a[i], b[i]) for rows stored as A and B; `f` must be total.
template <typename A, typename B, typename R, typename F>
ColumnPtr MapBinary(std::span<const ColumnPtr> args, int64_t rows, Physical physical, F f) {
  const A* a = args[0]->values<A>();
  const B* b = args[1]->values<B>();
  auto values = std::make_shared<Buffer>(static_cast<size_t>(rows) * sizeof(R));
  R* out = values->as<R>();
  if (args[1]->constant()) {
    const B right = b[0];
    if (args[0]->constant()) {
      const A left = a[0];
      for (int64_t i = 0; i < rows; ++i) out[i] = f(left, right);
    } else {
      for (int64_t i = 0; i < rows; ++i) out[i] = f(a[i], right);
    }
  } else if (args[0]->constant()) {
    const A left = a[0];
    for (int64_t i = 0; i < rows; ++i) out[i] = f(left, b[i]);
  } else {
    for (int64_t i = 0; i < rows; ++i) out[i] = f(a[i], b[i]);
  }
  return Column::Fixed(physical, rows, values, MergeValidity(args, rows));
}

template <typename A, typename R, typename F>
ColumnPtr MapUnary(const ColumnPtr& arg, int64_t rows, Physical physical, F f) {
  const A* a = arg->values<A>();
  auto values = std::make_shared<Buffer>(static_cast<size_t>(rows) * sizeof(R));
  R* out = values->as<R>();
  for (int64_t i = 0; i < rows; ++i) out[i] = f(a[arg->position(i)]);
  return Column::Fixed(physical, rows, values, MergeValidity(std::span(&arg, 1), rows));
}

}  // namespace penstock
