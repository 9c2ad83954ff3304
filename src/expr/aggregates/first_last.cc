// FIRST_VALUE and LAST_VALUE: the first or last value that came and is not NULL. Fixed-width values of
// insert-only input are kept inline.
#include "expr/aggregates/arrival_kernel.h"
#include "expr/aggregates/fixed_kernel.h"
#include "expr/aggregates/keywords.h"
#include "expr/aggregates/register.h"

namespace penstock {

namespace {

template <typename T, bool last>
struct EdgePolicy {
  struct State {
    std::conditional_t<std::is_same_v<T, int128_t>, StoredInt128, T> value;
    int64_t count;
  };
  static void Init(State& s) { s = {T{}, 0}; }
  static void Apply(State& s, const Column* arg, int64_t row, int) {
    if (last || s.count == 0) s.value = arg->At<T>(row);
    ++s.count;
  }
  static void Write(const State& s, ColumnBuilder* out) {
    if (s.count == 0) return out->AppendNull();
    out->Append(static_cast<T>(s.value));
  }
  static void Merge(State& into, const State& from) {
    if (from.count > 0 && (last || into.count == 0)) into.value = from.value;
    into.count += from.count;
  }
};

// Slices merge in their order; parts that come in any order do not.
template <typename Policy>
class EdgeKernel : public FixedKernel<Policy> {
 public:
  EdgeKernel() : FixedKernel<Policy>(Policy{}) {}
  bool has_partials() const override { return false; }
};

template <typename T>
struct MakeFirst {
  static KernelResult Bind(const AggregateSite&) {
    return std::unique_ptr<AggregateKernel>(new EdgeKernel<EdgePolicy<T, false>>());
  }
};
template <typename T>
struct MakeLast {
  static KernelResult Bind(const AggregateSite&) {
    return std::unique_ptr<AggregateKernel>(new EdgeKernel<EdgePolicy<T, true>>());
  }
};

template <bool last>
class EdgeOfArrivals : public ArrivalKernel {
 public:
  explicit EdgeOfArrivals(const AggregateSite& site) : ArrivalKernel(site, false) {}
  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    last ? WriteLast(group, out) : WriteFirst(group, out);
    return Status::Ok();
  }
};

// Insert-only values of variable width: one entry.
template <bool last>
class EdgeValue : public ViewKernel {
 public:
  explicit EdgeValue(const DataType& type) : codec_({type}) {}
  Status Apply(const AggregateInput& in, int64_t row, uint8_t*) override {
    std::string_view group = in.groups[static_cast<size_t>(row)];
    if (in.args[0]->IsNull(row) || (!last && view(0)->Get(group, {}))) return Status::Ok();
    scratch_.clear();
    codec_.EncodeRow(std::span(in.args.data(), 1), row, &scratch_);
    view(0)->Put(group, {}, scratch_);
    return Status::Ok();
  }
  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    std::optional<std::string_view> value = view(0)->Get(group, {});
    if (value) {
      codec_.Decode(*value, std::span(out, 1));
    } else {
      out->AppendNull();
    }
    return Status::Ok();
  }

 private:
  RowCodec codec_;
  std::string scratch_;
};

template <bool last>
KernelResult BindEdge(const AggregateSite& site) {
  if (site.retracts) return std::unique_ptr<AggregateKernel>(new EdgeOfArrivals<last>(site));
  bool fixed = PhysicalWidth(site.args[0].physical()) > 0 && !site.args[0].is(TypeKind::kBoolean);
  if (fixed) return last ? DispatchFixed<MakeLast>(site) : DispatchFixed<MakeFirst>(site);
  return std::unique_ptr<AggregateKernel>(new EdgeValue<last>(site.args[0]));
}

AggregateFunction::Resolve ResolveEdge(const char* name) {
  return [name](std::span<const ArgInfo> args) -> Result<Signature> {
    if (CountArguments(args) != 1 || args[0].type.is(TypeKind::kNull)) return BadArguments(name, "<any>");
    return WithKeywords({args[0].type}, args,
                        args[0].type.WithTimeAttribute(TimeAttribute::kNone).WithNullable(true));
  };
}

}  // namespace

void RegisterFirstLast(AggregateRegistry* registry) {
  registry->Add("FIRST_VALUE", ResolveEdge("FIRST_VALUE"), BindEdge<false>);
  registry->Add("LAST_VALUE", ResolveEdge("LAST_VALUE"), BindEdge<true>);
}

}  // namespace penstock
