// What OVER operators compute for a row: aggregates through an AggregateSet, and the functions of position
// (ROW_NUMBER, RANK, DENSE_RANK, LAG) that the operators know themselves. Those that need the size of the
// partition (NTILE, PERCENT_RANK, CUME_DIST) are batch mode's.
#pragma once

#include "expr/aggregate.h"
#include "operators/rank/rank_rows.h"

namespace penstock {

struct OverFunction {
  enum class Kind : uint8_t {
    kAggregate,
    kRowNumber,
    kRank,
    kDenseRank,
    kLag,
    kNtile,
    kPercentRank,
    kCumeDist
  };
  Kind kind = Kind::kAggregate;
  int index = 0;            // of kAggregate: in OverFunctions::calls
  int column = -1;          // of kLag: the value
  int64_t offset = 1;       // of kLag; of kNtile: the number of buckets
  int default_column = -1;  // of kLag: the value where there is no such row; -1: NULL
  DataType type;
};

struct OverFunctions {
  std::vector<OverFunction> functions;  // one result column each
  std::vector<AggregateCall> calls;

  void Write(ByteWriter& out) const {
    out.Varint(functions.size());
    for (const OverFunction& f : functions) {
      out.Fixed(f.kind);
      out.Fixed(f.index);
      out.Fixed(f.column);
      out.Fixed(f.offset);
      out.Fixed(f.default_column);
      f.type.Write(out);
    }
    out.Varint(calls.size());
    for (const AggregateCall& call : calls) call.Write(out);
  }
  static Result<OverFunctions> Read(ByteReader& in) {
    OverFunctions all;
    for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
      OverFunction f;
      f.kind = in.Fixed<OverFunction::Kind>();
      f.index = in.Fixed<int>();
      f.column = in.Fixed<int>();
      f.offset = in.Fixed<int64_t>();
      f.default_column = in.Fixed<int>();
      ASSIGN_OR_RETURN(f.type, DataType::Read(in));
      all.functions.push_back(std::move(f));
    }
    for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
      ASSIGN_OR_RETURN(AggregateCall call, AggregateCall::Read(in));
      all.calls.push_back(std::move(call));
    }
    return all;
  }
};

}  // namespace penstock
