// RAND and RAND_INTEGER. With a seed they give the numbers of java.util.Random: one sequence for a literal
// seed, a new generator in every row for a seed that is computed.
#include <memory>

#include "expr/functions/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

// Java's linear congruential generator. Source: the specification of java.util.Random.
class JavaRandom {
 public:
  explicit JavaRandom(int64_t seed) : state_((static_cast<uint64_t>(seed) ^ kMultiplier) & kMask) {}
  int32_t Next(int bits) {
    state_ = (state_ * kMultiplier + 0xB) & kMask;
    return static_cast<int32_t>(static_cast<int64_t>(state_) >> (48 - bits));
  }
  double NextDouble() {
    int64_t high = int64_t{Next(26)} << 27;
    return static_cast<double>(high + Next(27)) * 0x1.0p-53;
  }
  // REQUIRES: bound > 0.
  int32_t NextInt(int32_t bound) {
    int32_t bits = Next(31);
    if ((bound & (bound - 1)) == 0) return static_cast<int32_t>((int64_t{bound} * bits) >> 31);
    int32_t value = bits % bound;
    while (int64_t{bits} - value + (bound - 1) > INT32_MAX) {
      bits = Next(31);
      value = bits % bound;
    }
    return value;
  }

 private:
  static constexpr uint64_t kMultiplier = 0x5DEECE66DULL;
  static constexpr uint64_t kMask = (uint64_t{1} << 48) - 1;
  uint64_t state_;
};

// A fresh generator: out of the environment's random bits where there is no seed.
Result<JavaRandom> Unseeded(const EvalContext* context) {
  if (!context->random) return Status::Internal("random numbers are not available here");
  return JavaRandom(static_cast<int64_t>(context->random()));
}

// Calls draw(generator, row) for every row without NULLs. `seed` is the argument with the seed, -1 for none.
template <typename T, typename Draw>
Kernel RandomKernel(const CallSite& site, int seed, Draw draw) {
  auto shared = std::make_shared<std::optional<JavaRandom>>();
  bool literal = seed >= 0 && site.is_constant[static_cast<size_t>(seed)];
  if (literal && !site.constants[static_cast<size_t>(seed)].is_null())
    *shared = JavaRandom(site.constants[static_cast<size_t>(seed)].as_int());
  return [=, type = site.result, context = site.context](std::span<const ColumnPtr> args,
                                                         int64_t rows) -> Result<ColumnPtr> {
    ColumnBuilder out(type);
    if (seed < 0 && !*shared) {
      ASSIGN_OR_RETURN(JavaRandom made, Unseeded(context));
      *shared = made;
    }
    for (int64_t row = 0; row < rows; ++row) {
      bool null = false;
      for (const ColumnPtr& arg : args) null = null || arg->IsNull(row);
      if (null) {
        out.AppendNull();
        continue;
      }
      if (seed >= 0 && !literal) *shared = JavaRandom(args[static_cast<size_t>(seed)]->At<int32_t>(row));
      Result<T> value = draw(&**shared, args, row);
      if (!value) return value.error();
      out.Append(*value);
    }
    return out.Finish();
  };
}

Kernel BindRand(const CallSite& site) {
  return RandomKernel<double>(site, site.args.empty() ? -1 : 0,
                              [](JavaRandom* random, std::span<const ColumnPtr>, int64_t) -> Result<double> {
                                return random->NextDouble();
                              });
}

Kernel BindRandInteger(const CallSite& site) {
  return RandomKernel<int32_t>(
      site, site.args.size() == 2 ? 0 : -1,
      [](JavaRandom* random, std::span<const ColumnPtr> args, int64_t row) -> Result<int32_t> {
        int32_t bound = args.back()->At<int32_t>(row);
        if (bound <= 0)
          return Status::InvalidData("bound must be positive").WithNumber(ErrorNumber::kRuntime);
        return random->NextInt(bound);
      });
}

}  // namespace

void RegisterRandom(FunctionRegistry* registry) {
  registry
      ->Add("RAND",
            Resolver({.name = "RAND",
                      .args = {Family::kInt},
                      .required = 0,
                      .result = [](std::span<const ArgInfo>) { return DataType::Double(); }}),
            BindRand)
      .set_deterministic(false);
  registry
      ->Add("RAND_INTEGER",
            Resolver({.name = "RAND_INTEGER",
                      .args = {Family::kInt, Family::kInt},
                      .required = 1,
                      .result = [](std::span<const ArgInfo>) { return DataType::Int(); }}),
            BindRandInteger)
      .set_deterministic(false)
      .set_may_fail(true);
}

}  // namespace penstock
