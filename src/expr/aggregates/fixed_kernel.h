// FixedKernel: the loops every aggregate with plain inline state shares. A policy type gives the state struct
// and four inline functions; the loops are instantiated per policy, so a row costs no virtual call. A policy
// has:
//   struct State;  static void Init(State&);  static bool Apply(State&, const Column& arg, int64_t row, int
//   sign); void Write(const State&, ColumnBuilder*) const;  static void Merge(State& into, const State&
//   from);
// Apply sees only rows whose argument is not null (or all rows of an aggregate without arguments).
#pragma once

#include <cstring>
#include <utility>

#include "expr/aggregate.h"

namespace penstock {

// An int128_t in memory that is aligned to 8 bytes only, such as the inline state of aggregates.
class StoredInt128 {
 public:
  StoredInt128() = default;
  StoredInt128(int128_t value)  // NOLINT: stands for an int128_t
      : low_(static_cast<uint64_t>(value)),
        high_(static_cast<uint64_t>(static_cast<uint128_t>(value) >> 64)) {}
  operator int128_t() const {  // NOLINT
    return static_cast<int128_t>(static_cast<uint128_t>(high_) << 64 | low_);
  }

 private:
  uint64_t low_ = 0;
  uint64_t high_ = 0;
};

template <typename Policy>
class FixedKernel : public AggregateKernel {
 public:
  using State = typename Policy::State;
  static_assert(alignof(State) <= 8, "inline state lies at 8-byte boundaries");
  explicit FixedKernel(Policy policy) : policy_(std::move(policy)) {}

  size_t width() const override { return (sizeof(State) + 7) / 8 * 8; }
  void Init(uint8_t* state) const override {
    std::memset(state, 0, width());
    policy_.Init(*new (state) State());
  }

  Status Update(const AggregateInput& in, std::span<uint8_t* const> states) override {
    return Run(in, states, nullptr);
  }
  Status UpdateAndEmit(const AggregateInput& in, std::span<uint8_t* const> states,
                       ColumnBuilder* out) override {
    return Run(in, states, out);
  }
  Status Emit(std::span<const uint8_t* const> states, std::span<const std::string_view>,
              ColumnBuilder* out) const override {
    for (const uint8_t* state : states) policy_.Write(*reinterpret_cast<const State*>(state), out);
    return Status::Ok();
  }
  bool mergeable() const override { return true; }
  void Merge(uint8_t* into, const uint8_t* from) const override {
    policy_.Merge(*reinterpret_cast<State*>(into), *reinterpret_cast<const State*>(from));
  }

 private:
  Status Run(const AggregateInput& in, std::span<uint8_t* const> states, ColumnBuilder* out) {
    const Column* arg = in.args.empty() ? nullptr : in.args[0].get();
    for (int64_t row = 0; row < in.rows; ++row) {
      auto i = static_cast<size_t>(row);
      State& state = *reinterpret_cast<State*>(states[i]);
      if (in.signs[i] != 0 && (arg == nullptr || !arg->IsNull(row)))
        policy_.Apply(state, arg, row, in.signs[i]);
      if (out != nullptr) policy_.Write(state, out);
    }
    return Status::Ok();
  }
  Policy policy_;
};

using KernelResult = Result<std::unique_ptr<AggregateKernel>>;

template <typename Policy>
KernelResult MakeFixed(Policy policy) {
  return std::unique_ptr<AggregateKernel>(new FixedKernel<Policy>(std::move(policy)));
}

// Binds Maker<T> for the C++ type of the first argument; fails for types of variable width.
template <template <typename> class Maker>
KernelResult DispatchFixed(const AggregateSite& site) {
  switch (site.args[0].physical()) {
    case Physical::kInt8: return Maker<int8_t>::Bind(site);
    case Physical::kInt16: return Maker<int16_t>::Bind(site);
    case Physical::kInt32: return Maker<int32_t>::Bind(site);
    case Physical::kInt64: return Maker<int64_t>::Bind(site);
    case Physical::kFloat: return Maker<float>::Bind(site);
    case Physical::kDouble: return Maker<double>::Bind(site);
    case Physical::kInt128: return Maker<int128_t>::Bind(site);
    default: break;
  }
  return Status::Unsupported("no aggregate kernel for " + site.args[0].ToString());
}

}  // namespace penstock
