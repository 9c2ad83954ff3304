// FixedKernel: the loops every aggregate with plain inline state shares. A policy type gives the state struct
// and four inline functions; the loops are instantiated per policy, so a row costs no virtual call. A policy
// has:
//   struct State;  static void Init(State&);  static bool Apply(State&, const Column& arg, int64_t row, int
//   sign); void Write(const State&, ColumnBuilder*) const;  static void Merge(State& into, const State&
//   from);
// Apply sees only rows whose argument is not null (or all rows of an aggregate without arguments).
#pragma once

#include "expr/aggregate.h"

namespace penstock {

template <typename Policy>
class FixedKernel : public AggregateKernel {
 public:
  using State = typename Policy::State;
  explicit FixedKernel(Policy policy) : policy_(std::move(policy)) {}

  size_t width() const override { return (sizeof(State) + 7) / 8 * 8; }
  void Init(uint8_t* state) const override { policy_.Init(*new (state) State()); }

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

}  // namespace penstock
