// VAR_POP, VAR_SAMP (VARIANCE), STDDEV_POP and STDDEV_SAMP: Welford's algorithm in doubles, which also takes
// values back and merges partial states. Source: Chan, Golub, LeVeque, "Updating formulae ...", 1979.
#include <cmath>

#include "data/decimal.h"
#include "expr/aggregates/fixed_kernel.h"
#include "expr/aggregates/register.h"
#include "expr/signature.h"
#include "expr/type_rules.h"

namespace penstock {

namespace {

struct VariancePolicy {
  struct State {
    int64_t count;
    double mean;
    double squares;  // sum of squared distances from the mean
  };
  bool sample = false;
  bool root = false;
  DataType result;

  static void Init(State& s) { s = {0, 0, 0}; }
  static void Apply(State& s, const Column* arg, int64_t row, int sign) {
    double value = arg->At<double>(row);
    int64_t count = s.count + sign;
    if (count == 0) return Init(s);
    double before = value - s.mean;
    s.mean += sign * before / static_cast<double>(count);
    s.squares += sign * before * (value - s.mean);
    s.count = count;
  }
  static void Merge(State& into, const State& from) {
    int64_t count = into.count + from.count;
    if (count == 0) return Init(into);
    double delta = from.mean - into.mean;
    double share = static_cast<double>(from.count) / static_cast<double>(count);
    into.squares += from.squares + delta * delta * static_cast<double>(into.count) * share;
    into.mean += delta * share;
    into.count = count;
  }
  void Write(const State& s, ColumnBuilder* out) const {
    int64_t divisor = sample ? s.count - 1 : s.count;
    if (divisor <= 0) return out->AppendNull();
    double value = s.count == 1 ? 0 : std::max(s.squares, 0.0) / static_cast<double>(divisor);
    if (root) value = std::sqrt(value);
    WriteNumber(value, out);
  }
  void WriteNumber(double value, ColumnBuilder* out) const {
    switch (result.physical()) {
      case Physical::kInt8: return out->Append(static_cast<int8_t>(value));
      case Physical::kInt16: return out->Append(static_cast<int16_t>(value));
      case Physical::kInt32: return out->Append(static_cast<int32_t>(value));
      case Physical::kInt64: return out->Append(static_cast<int64_t>(value));
      case Physical::kFloat: return out->Append(static_cast<float>(value));
      case Physical::kDouble: return out->Append(value);
      default: break;
    }
    std::optional<int128_t> unscaled = DecimalFromDouble(value, result.precision(), result.scale());
    if (!unscaled) return out->AppendNull();
    out->Append(*unscaled);
  }
};

void Add(AggregateRegistry* registry, const char* name, bool sample, bool root) {
  auto resolve = Resolver({.name = name,
                           .args = {Family::kDouble},
                           .result =
                               [](std::span<const ArgInfo> args) {
                                 return AverageType(CoerceTo(Family::kNumeric, args[0].type));
                               },
                           .nullability = Nullability::kAlways});
  registry->Add(name, resolve, [sample, root](const AggregateSite& site) -> KernelResult {
    VariancePolicy policy;
    policy.sample = sample;
    policy.root = root;
    policy.result = site.result;
    return MakeFixed(policy);
  });
}

}  // namespace

void RegisterVariance(AggregateRegistry* registry) {
  Add(registry, "VAR_POP", false, false);
  Add(registry, "VAR_SAMP", true, false);
  Add(registry, "VARIANCE", true, false);
  Add(registry, "STDDEV_POP", false, true);
  Add(registry, "STDDEV_SAMP", true, true);
  Add(registry, "STDDEV", true, true);
}

}  // namespace penstock
