// JoinSpec: what the join operators have in common: the kind of join, the key columns of both inputs, the
// columns of each that are kept and emitted, and the rest of the condition. Part of their serialised specs.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "data/data_type.h"
#include "expr/expr.h"
#include "operators/rank/rank_rows.h"

namespace penstock {

enum class JoinType : uint8_t { kInner, kLeft, kRight, kFull, kSemi, kAnti };

inline constexpr size_t kLeftSide = 0;
inline constexpr size_t kRightSide = 1;

struct JoinSide {
  // The first columns of the input, which are kept and emitted; computed keys may stand behind them.
  std::vector<DataType> types;
  std::vector<int> keys;  // columns of the input; none: all rows meet on one task
  std::vector<DataType> key_types;
};

struct JoinSpec {
  JoinType type = JoinType::kInner;
  std::array<JoinSide, 2> sides;
  std::vector<bool> null_safe;  // per key: NULL matches NULL
  ExprPtr condition;            // beside the keys, over left.types ++ right.types; null: none

  // Whether rows of the side stay, padded, where they match nothing.
  bool outer(size_t side) const {
    return type == JoinType::kFull || type == (side == kLeftSide ? JoinType::kLeft : JoinType::kRight);
  }
  bool left_only() const { return type == JoinType::kSemi || type == JoinType::kAnti; }
  std::vector<DataType> output_types() const;

  void Write(ByteWriter& out) const;
  static Result<JoinSpec> Read(ByteReader& in);
};

}  // namespace penstock
