// Scalar functions that ask sketches kept as BYTES: HLL_SKETCH_ESTIMATE, HLL_UNION, COUNT_MIN_ESTIMATE,
// BLOOM_CONTAINS.
#include "expr/functions/collections.h"
#include "expr/functions/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"
#include "expr/sketch/bloom_filter.h"
#include "expr/sketch/count_min.h"
#include "expr/sketch/hyper_log_log.h"

namespace penstock {

namespace {

using Bytes = std::string_view;

Result<int64_t> EstimateHll(Bytes bytes) {
  ASSIGN_OR_RETURN(HyperLogLog sketch, HyperLogLog::Parse(bytes));
  return sketch.Estimate();
}

Result<std::string> UniteHll(Bytes a, Bytes b) {
  ASSIGN_OR_RETURN(HyperLogLog sketch, HyperLogLog::Parse(a));
  ASSIGN_OR_RETURN(HyperLogLog other, HyperLogLog::Parse(b));
  sketch.Merge(other);
  return sketch.Serialize();
}

// (sketch BYTES, value).
Function::Resolve AskedFor(std::string name, DataType result) {
  return [=](std::span<const ArgInfo> args) -> Result<Signature> {
    if (args.size() != 2 || !Matches(Family::kBinary, args[0].type))
      return BadArguments(name, "<binary string>, <any>");
    return Signature{{CoerceTo(Family::kBinary, args[0].type), SketchArgument(args[1].type)},
                     result.WithNullable(AnyNullable(args))};
  };
}

// A kernel that asks the sketch of a row for the hash of its value.
template <typename Answer>
Function::Bind Asking(Result<Answer> (*ask)(Bytes sketch, uint64_t hash)) {
  return [ask](const CallSite& site) -> Kernel {
    auto hasher = std::make_shared<ValueHasher>(site.args[1]);
    return PerRow(site.result, 2, [=](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
      ASSIGN_OR_RETURN(Answer answer, ask(args[0]->StringAt(row), hasher->Hash(args[1], row)));
      WriteResult(*out, answer);
      return Status::Ok();
    });
  };
}

}  // namespace

void RegisterSketchFunctions(FunctionRegistry* registry) {
  registry
      ->Add("HLL_SKETCH_ESTIMATE", Fixed("HLL_SKETCH_ESTIMATE", {Family::kBinary}, DataType::BigInt()),
            RowFunction<Result<int64_t>(Bytes)>(EstimateHll))
      .set_may_fail(true);
  registry
      ->Add("HLL_UNION", Fixed("HLL_UNION", {Family::kBinary, Family::kBinary}, DataType::Bytes()),
            RowFunction<Result<std::string>(Bytes, Bytes)>(UniteHll))
      .set_may_fail(true);
  registry
      ->Add("COUNT_MIN_ESTIMATE", AskedFor("COUNT_MIN_ESTIMATE", DataType::BigInt()),
            Asking<int64_t>(CountMin::EstimateIn))
      .set_may_fail(true);
  registry
      ->Add("BLOOM_CONTAINS", AskedFor("BLOOM_CONTAINS", DataType::Boolean()),
            Asking<bool>(BloomFilter::ContainsIn))
      .set_may_fail(true);
}

}  // namespace penstock
