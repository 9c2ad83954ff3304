// APPROX_PERCENTILE(value, percentage [, accuracy]): DDSketch (Masson, Rim, Lee, VLDB 2019). Values are
// counted in bins whose borders grow by the factor (1 + accuracy) / (1 - accuracy), so that an answer is off
// by at most that share of the value itself, whatever the data; counts can be taken back and parts add up.
// View 0 has a count per bin, in the order of the values: at most about 37,000 bins of each sign at the
// default of 1 %, a few hundred for ordinary data. View 1 keeps the percentages.
#include <cmath>
#include <limits>

#include "expr/aggregates/percentages.h"
#include "expr/aggregates/register.h"
#include "expr/aggregates/sketch_arguments.h"
#include "expr/aggregates/view_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

constexpr const char* kName = "APPROX_PERCENTILE";
constexpr double kDefaultAccuracy = 0.01;

// Bins as ordered bytes: a class, and within the numbers of one sign the index, inverted for negative ones.
enum BinClass : uint8_t { kMinusInfinity, kNegative, kZero, kPositive, kInfinity, kNaN };

class Bins {
 public:
  explicit Bins(double accuracy) : log_gamma_(std::log1p(accuracy) - std::log1p(-accuracy)) {}

  std::string Of(double value) const {
    if (std::isnan(value)) return Encode(kNaN, 0);
    if (std::isinf(value)) return Encode(value > 0 ? kInfinity : kMinusInfinity, 0);
    if (value == 0) return Encode(kZero, 0);
    auto index = static_cast<int32_t>(std::ceil(std::log(std::abs(value)) / log_gamma_));
    return value > 0 ? Encode(kPositive, index) : Encode(kNegative, -index);
  }
  // The value that is off by the least share of any in the bin.
  double ValueOf(std::string_view bin) const {
    uint32_t order = 0;
    for (char c : bin.substr(1)) order = order << 8 | static_cast<uint8_t>(c);
    auto index = static_cast<int32_t>(order ^ 0x80000000u);
    switch (bin[0]) {
      case kMinusInfinity: return -std::numeric_limits<double>::infinity();
      case kNegative: return -Middle(-index);
      case kZero: return 0;
      case kPositive: return Middle(index);
      case kInfinity: return std::numeric_limits<double>::infinity();
      default: return std::numeric_limits<double>::quiet_NaN();
    }
  }

 private:
  static std::string Encode(BinClass bin_class, int32_t index) {
    uint32_t order = static_cast<uint32_t>(index) ^ 0x80000000u;
    std::string bytes(1, static_cast<char>(bin_class));
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(order >> shift));
    return bytes;
  }
  // 2 gamma^i / (gamma + 1).
  double Middle(int32_t index) const {
    return std::exp(index * log_gamma_ + std::log(2 / (std::exp(log_gamma_) + 1)));
  }
  double log_gamma_;
};

class ApproximatePercentile : public ViewKernel {
 public:
  ApproximatePercentile(bool many, double accuracy)
      : ViewKernel(sizeof(int64_t), 2), many_(many), bins_(accuracy) {}

  Status Apply(const AggregateInput& in, int64_t row, uint8_t* state) override {
    if (in.args[0]->IsNull(row)) return Status::Ok();
    auto i = static_cast<size_t>(row);
    RETURN_IF_ERROR(KeepPercentages(kName, *in.args[1], many_, row, in.groups[i], view(1)));
    AddToCount(view(0), in.groups[i], bins_.Of(in.args[0]->At<double>(row)), in.signs[i]);
    AddToTotal(state, in.signs[i]);
    return Status::Ok();
  }

  Status Write(const uint8_t* state, std::string_view group, ColumnBuilder* out) const override {
    int64_t total = CountOf({reinterpret_cast<const char*>(state), sizeof(int64_t)});
    std::vector<double> percentages = KeptPercentages(view(1), group);
    if (total <= 0 || percentages.empty()) {
      out->AppendNull();
      return Status::Ok();
    }
    ColumnBuilder& values = many_ ? out->child(0) : *out;
    for (double percentage : percentages) values.Append(At(group, total, percentage));
    if (many_) out->CloseList();
    return Status::Ok();
  }
  bool has_partials() const override { return true; }

 protected:
  void MergeInline(uint8_t* into, const uint8_t* from) override {
    AddToTotal(into, CountOf({reinterpret_cast<const char*>(from), sizeof(int64_t)}));
  }
  Status MergeEntry(size_t v, const EntryPlace& at, std::string_view value) override {
    if (v == 0) {
      AddToCount(view(0), at.group, at.element, CountOf(value));
    } else {
      view(1)->Put(at.group, at.element, value);
    }
    return Status::Ok();
  }

 private:
  static void AddToTotal(uint8_t* state, int64_t delta) {
    int64_t total = CountOf({reinterpret_cast<const char*>(state), sizeof(int64_t)}) + delta;
    std::memcpy(state, &total, sizeof(total));
  }
  double At(std::string_view group, int64_t total, double percentage) const {
    auto position = static_cast<int64_t>(std::floor(percentage * static_cast<double>(total - 1)));
    int64_t up_to = 0;
    double value = 0;
    view(0)->ForEach(group, [&](std::string_view bin, std::string_view count) {
      up_to += CountOf(count);
      value = bins_.ValueOf(bin);
      return up_to <= position;
    });
    return value;
  }
  bool many_;
  Bins bins_;
};

Result<Signature> Resolve(std::span<const ArgInfo> args) {
  constexpr const char* kExpected =
      "expr <NUMERIC>, percentage [<NUMERIC NOT NULL> | ARRAY<NUMERIC NOT NULL> NOT NULL][, accuracy <number "
      "from 0.0001 to 0.5>]";
  ASSIGN_OR_RETURN(Signature signature, ResolvePercentages(kName, kExpected, args));
  if (args.size() == 2) return signature;
  std::optional<double> accuracy = LiteralNumber(args[2]);
  if (!accuracy || *accuracy < 0.0001 || *accuracy > 0.5) return BadArguments(kName, kExpected);
  signature.args.push_back(args[2].type);
  return signature;
}

}  // namespace

void RegisterApproximatePercentile(AggregateRegistry* registry) {
  registry->Add(kName, Resolve, [](const AggregateSite& site) -> Result<std::unique_ptr<AggregateKernel>> {
    return std::unique_ptr<AggregateKernel>(new ApproximatePercentile(
        site.args[1].is(TypeKind::kArray), ConstantNumber(site, 2).value_or(kDefaultAccuracy)));
  });
}

}  // namespace penstock
