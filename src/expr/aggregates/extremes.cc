// MIN and MAX. Fixed-width values of insert-only input are kept inline; everything else in a view: one entry
// with the best value so far, or, when rows may be taken back, every value with the number of its occurrences
// in the order of the answer.
#include <cmath>

#include "data/key_codec.h"
#include "expr/aggregates/fixed_kernel.h"
#include "expr/aggregates/register.h"
#include "expr/aggregates/view_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

template <typename T, bool kMax>
struct ExtremePolicy {
  struct State {
    std::conditional_t<std::is_same_v<T, int128_t>, StoredInt128, T> value;
    int64_t count;
  };
  static void Init(State& s) { s = {T{}, 0}; }
  static bool Better(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(a)) return kMax;  // NaN is the largest
      if (std::isnan(b)) return !kMax;
    }
    return kMax ? a > b : a < b;
  }
  static void Apply(State& s, const Column* arg, int64_t row, int) {
    T value = arg->At<T>(row);
    if (s.count == 0 || Better(value, s.value)) s.value = value;
    ++s.count;
  }
  static void Write(const State& s, ColumnBuilder* out) {
    if (s.count == 0) return out->AppendNull();
    out->Append(static_cast<T>(s.value));
  }
  static void Merge(State& into, const State& from) {
    if (from.count == 0) return;
    if (into.count == 0 || Better(from.value, into.value)) into.value = from.value;
    into.count += from.count;
  }
};

template <typename T>
struct MakeMin {
  static KernelResult Bind(const AggregateSite&) { return MakeFixed(ExtremePolicy<T, false>{}); }
};
template <typename T>
struct MakeMax {
  static KernelResult Bind(const AggregateSite&) { return MakeFixed(ExtremePolicy<T, true>{}); }
};

// Values as ordered bytes, inverted for MAX: the first in byte order is the answer.
class ValueOrder {
 public:
  ValueOrder(const DataType& type, bool max) : codec_({type}), max_(max) {}
  void Encode(const ColumnPtr& column, int64_t row, std::string* out) const {
    out->clear();
    codec_.EncodeRow(std::span(&column, 1), row, out);
    Invert(out);
  }
  void Decode(std::string_view bytes, ColumnBuilder* out) const {
    plain_.assign(bytes);
    Invert(&plain_);
    codec_.Decode(plain_, std::span(out, 1));
  }

 private:
  void Invert(std::string* bytes) const {
    if (!max_) return;
    for (char& c : *bytes) c = static_cast<char>(~c);
  }
  KeyCodec codec_;
  bool max_;
  mutable std::string plain_;  // as a kernel, of one thread
};

// Insert-only: one entry with the best value.
class BestValueKernel : public ViewKernel {
 public:
  BestValueKernel(const DataType& type, bool max) : order_(type, max) {}

  Status Apply(const AggregateInput& in, int64_t row, uint8_t*) override {
    if (in.args[0]->IsNull(row)) return Status::Ok();
    order_.Encode(in.args[0], row, &scratch_);
    std::string_view group = in.groups[static_cast<size_t>(row)];
    std::optional<std::string_view> best = view(0)->Get(group, {});
    if (!best || scratch_ < *best) view(0)->Put(group, {}, scratch_);
    return Status::Ok();
  }
  // The best value is looked up once a row, and is mostly the row's own.
  Status UpdateAndEmit(const AggregateInput& in, std::span<uint8_t* const> states,
                       ColumnBuilder* out) override {
    bool text = in.args[0]->physical() == Physical::kString;  // whose bytes are those that are kept
    for (int64_t row = 0; row < in.rows; ++row) {
      auto i = static_cast<size_t>(row);
      if (in.signs[i] == 0 || in.args[0]->IsNull(row)) {
        RETURN_IF_ERROR(Write(states[i], in.groups[i], out));
        continue;
      }
      order_.Encode(in.args[0], row, &scratch_);
      std::optional<std::string_view> best = view(0)->Get(in.groups[i], {});
      bool wins = !best || scratch_ < *best;
      if (text && (wins || scratch_ == *best)) {
        out->AppendFrom(*in.args[0], row);
      } else {
        order_.Decode(wins ? std::string_view(scratch_) : *best, out);
      }
      if (wins) view(0)->Put(in.groups[i], {}, scratch_);
    }
    return Status::Ok();
  }
  bool has_partials() const override { return true; }
  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    std::optional<std::string_view> best = view(0)->Get(group, {});
    if (best) {
      order_.Decode(*best, out);
    } else {
      out->AppendNull();
    }
    return Status::Ok();
  }

 protected:
  Status MergeEntry(size_t, const EntryPlace& at, std::string_view value) override {
    std::optional<std::string_view> best = view(0)->Get(at.group, {});
    if (!best || value < *best) view(0)->Put(at.group, {}, value);
    return Status::Ok();
  }

 private:
  ValueOrder order_;
  std::string scratch_;
};

// With retractions: every value and how often it is there. A count below zero belongs to a value that was
// taken back before it came.
class CountedValuesKernel : public ViewKernel {
 public:
  CountedValuesKernel(const DataType& type, bool max) : order_(type, max) {}

  Status Apply(const AggregateInput& in, int64_t row, uint8_t*) override {
    if (in.args[0]->IsNull(row)) return Status::Ok();
    order_.Encode(in.args[0], row, &scratch_);
    auto i = static_cast<size_t>(row);
    AddToCount(view(0), in.groups[i], scratch_, in.signs[i]);
    return Status::Ok();
  }
  bool has_partials() const override { return true; }
  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    std::optional<std::string> best;
    view(0)->ForEach(group, [&](std::string_view element, std::string_view count) {
      if (CountOf(count) > 0) best = std::string(element);
      return !best;
    });
    if (best) {
      order_.Decode(*best, out);
    } else {
      out->AppendNull();
    }
    return Status::Ok();
  }

 protected:
  Status MergeEntry(size_t, const EntryPlace& at, std::string_view count) override {
    AddToCount(view(0), at.group, at.element, CountOf(count));
    return Status::Ok();
  }

 private:
  ValueOrder order_;
  std::string scratch_;
};

template <bool max>
KernelResult BindExtreme(const AggregateSite& site) {
  if (site.retracts) return std::unique_ptr<AggregateKernel>(new CountedValuesKernel(site.args[0], max));
  bool fixed = PhysicalWidth(site.args[0].physical()) > 0 && !site.args[0].is(TypeKind::kBoolean);
  if (fixed) return max ? DispatchFixed<MakeMax>(site) : DispatchFixed<MakeMin>(site);
  return std::unique_ptr<AggregateKernel>(new BestValueKernel(site.args[0], max));
}

AggregateFunction::Resolve ResolveExtreme(const char* name) {
  return [name](std::span<const ArgInfo> args) -> Result<Signature> {
    bool ordered = args.size() == 1 && !args[0].type.is_collection() && !args[0].type.is(TypeKind::kRow) &&
                   !args[0].type.is(TypeKind::kVariant) && !args[0].type.is(TypeKind::kBitmap) &&
                   !args[0].type.is(TypeKind::kNull);
    if (!ordered) return BadArguments(name, "<comparable>");
    DataType type = args[0].type.WithTimeAttribute(TimeAttribute::kNone);
    return Signature{{args[0].type}, type.WithNullable(true)};
  };
}

}  // namespace

void RegisterExtremes(AggregateRegistry* registry) {
  registry->Add("MIN", ResolveExtreme("MIN"), BindExtreme<false>);
  registry->Add("MAX", ResolveExtreme("MAX"), BindExtreme<true>);
}

}  // namespace penstock
