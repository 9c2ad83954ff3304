// COUNT, SUM, SUM0 and AVG over fixed-width values. SUM and AVG keep the number of values beside
// the sum, so that they are NULL again when everything was taken back.
#include "data/decimal.h"
#include "expr/aggregates/fixed_kernel.h"
#include "expr/aggregates/register.h"
#include "expr/signature.h"
#include "expr/type_rules.h"

namespace penstock {

namespace {

struct CountPolicy {
  struct State {
    int64_t count;
  };
  static void Init(State& s) { s.count = 0; }
  static void Apply(State& s, const Column*, int64_t, int sign) { s.count += sign; }
  static void Write(const State& s, ColumnBuilder* out) { out->Append(s.count); }
  static void Merge(State& into, const State& from) { into.count += from.count; }
};

// Integers add in wrapping 64 bits (narrowed on output, as Java), floats in double, DECIMAL in 128 bits.
template <typename T>
using SumOf = std::conditional_t<std::is_same_v<T, int128_t>, int128_t,
                                 std::conditional_t<std::is_floating_point_v<T>, double, int64_t>>;

template <typename T>
SumOf<T> AddSigned(SumOf<T> sum, T value, int sign) {
  if constexpr (std::is_floating_point_v<T>) {
    return sign > 0 ? sum + static_cast<double>(value) : sum - static_cast<double>(value);
  } else if constexpr (std::is_same_v<T, int128_t>) {
    return static_cast<int128_t>(static_cast<uint128_t>(sum) +
                                 static_cast<uint128_t>(sign > 0 ? value : -value));
  } else {
    return static_cast<int64_t>(static_cast<uint64_t>(sum) +
                                static_cast<uint64_t>(sign > 0 ? int64_t{value} : -int64_t{value}));
  }
}

// State lies at 8-byte boundaries.
template <typename T>
using StoredSum = std::conditional_t<std::is_same_v<T, int128_t>, StoredInt128, SumOf<T>>;

template <typename T>
struct SumState {
  StoredSum<T> sum;
  int64_t count;
};

template <typename T>
struct SumPolicy {
  using State = SumState<T>;
  static void Init(State& s) { s = {0, 0}; }
  static void Apply(State& s, const Column* arg, int64_t row, int sign) {
    s.sum = AddSigned<T>(s.sum, arg->At<T>(row), sign);
    s.count += sign;
  }
  static void Merge(State& into, const State& from) {
    into.sum = static_cast<SumOf<T>>(from.sum) + static_cast<SumOf<T>>(into.sum);
    into.count += from.count;
  }
  bool zero_when_empty = false;  // SUM0
  void Write(const State& s, ColumnBuilder* out) const {
    if (s.count == 0 && !zero_when_empty) return out->AppendNull();
    if constexpr (std::is_same_v<T, int128_t>) {
      if (!FitsPrecision(s.sum, 38)) return out->AppendNull();
      out->Append(static_cast<int128_t>(s.sum));
    } else {
      out->Append(static_cast<T>(s.sum));
    }
  }
};

template <typename T>
struct AvgPolicy : SumPolicy<T> {
  using State = SumState<T>;
  int arg_scale = 0;
  DataType result;
  void Write(const State& s, ColumnBuilder* out) const {
    if (s.count == 0) return out->AppendNull();
    if constexpr (std::is_same_v<T, int128_t>) {
      std::optional<int128_t> average =
          DivideDecimals(s.sum, arg_scale, s.count, 0, result.precision(), result.scale());
      if (!average) return out->AppendNull();
      out->Append(*average);
    } else {
      out->Append(static_cast<T>(s.sum / s.count));
    }
  }
};

template <typename T>
struct MakeSum {
  static KernelResult Bind(const AggregateSite&) { return MakeFixed(SumPolicy<T>{}); }
};
template <typename T>
struct MakeSum0 {
  static KernelResult Bind(const AggregateSite&) {
    SumPolicy<T> policy;
    policy.zero_when_empty = true;
    return MakeFixed(policy);
  }
};
template <typename T>
struct MakeAvg {
  static KernelResult Bind(const AggregateSite& site) {
    AvgPolicy<T> policy;
    policy.arg_scale = site.args[0].scale();
    policy.result = site.result;
    return MakeFixed(policy);
  }
};
KernelResult BindCount(const AggregateSite& site) {
  if (site.args.size() > 1) return MakeCountOfRows();
  return MakeFixed(CountPolicy{});
}

AggregateFunction::Resolve ResolveNumber(const char* name, DataType (*result)(const DataType&)) {
  return Resolver({.name = name,
                   .args = {Family::kNumeric},
                   .result =
                       [result](std::span<const ArgInfo> args) {
                         return result(CoerceTo(Family::kNumeric, args[0].type));
                       },
                   .nullability = Nullability::kAlways});
}

Result<Signature> ResolveCount(std::span<const ArgInfo> args) {
  Signature signature;
  for (const ArgInfo& arg : args) signature.args.push_back(arg.type);
  signature.result = DataType::BigInt().NotNull();
  return signature;
}

}  // namespace

void RegisterBasicAggregates(AggregateRegistry* registry) {
  registry->Add("COUNT", ResolveCount, BindCount);
  registry->Add("SUM", ResolveNumber("SUM", SumType), DispatchFixed<MakeSum>);
  registry->Add("SUM0", ResolveNumber("SUM0", SumType), DispatchFixed<MakeSum0>);
  registry->Add("AVG", ResolveNumber("AVG", AverageType), DispatchFixed<MakeAvg>);
}

}  // namespace penstock
