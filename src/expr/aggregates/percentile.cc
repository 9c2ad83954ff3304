// PERCENTILE(value, percentage [, frequency]): the exact percentile of all values, interpolated between the
// two neighbours of its position. View 0 counts the values in their order; view 1 keeps the last percentages.
#include <cmath>

#include "data/key_codec.h"
#include "expr/aggregates/percentages.h"
#include "expr/aggregates/register.h"
#include "expr/aggregates/view_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

constexpr const char* kName = "PERCENTILE";

class Percentile : public ViewKernel {
 public:
  explicit Percentile(const AggregateSite& site)
      : ViewKernel(0, 2), many_(site.args[1].is(TypeKind::kArray)), codec_({DataType::Double()}) {}

  Status Apply(const AggregateInput& in, int64_t row, uint8_t*) override {
    auto i = static_cast<size_t>(row);
    if (in.args[0]->IsNull(row)) return Status::Ok();
    int64_t times = 1;
    if (in.args.size() > 2) {
      if (in.args[2]->IsNull(row)) return Status::Ok();
      times = in.args[2]->At<int64_t>(row);
      if (times < 0) {
        return Status::InvalidData("Frequency of PERCENTILE must not be negative, but was " +
                                   std::to_string(times) + ".")
            .WithNumber(ErrorNumber::kRuntime);
      }
    }
    RETURN_IF_ERROR(KeepPercentages(kName, *in.args[1], many_, row, in.groups[i], view(1)));
    scratch_.clear();
    codec_.EncodeRow(std::span(in.args.data(), 1), row, &scratch_);
    AddToCount(view(0), in.groups[i], scratch_, in.signs[i] * times);
    return Status::Ok();
  }
  bool has_partials() const override { return true; }

  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    std::vector<std::pair<std::string, int64_t>> counts;
    int64_t total = 0;
    view(0)->ForEach(group, [&](std::string_view element, std::string_view count) {
      if (CountOf(count) > 0) counts.emplace_back(std::string(element), total += CountOf(count));
      return true;
    });
    std::vector<double> percentages = KeptPercentages(view(1), group);
    if (total == 0 || percentages.empty()) {
      out->AppendNull();
      return Status::Ok();
    }
    ColumnBuilder& values = many_ ? out->child(0) : *out;
    for (double percentage : percentages) values.Append(Interpolate(counts, total, percentage));
    if (many_) out->CloseList();
    return Status::Ok();
  }

 protected:
  Status MergeEntry(size_t v, const EntryPlace& at, std::string_view value) override {
    if (v == 0) {
      AddToCount(view(0), at.group, at.element, CountOf(value));
    } else {
      view(1)->Put(at.group, at.element, value);
    }
    return Status::Ok();
  }

 private:
  double ValueOf(const std::string& element) const {
    ColumnBuilder value(DataType::Double());
    codec_.Decode(element, std::span(&value, 1));
    return value.Finish()->At<double>(0);
  }

  // `counts` holds each value with the number of values up to it.
  double Interpolate(const std::vector<std::pair<std::string, int64_t>>& counts, int64_t total,
                     double percentage) const {
    double position = static_cast<double>(total - 1) * percentage;
    auto lower = static_cast<int64_t>(std::floor(position));
    auto higher = static_cast<int64_t>(std::ceil(position));
    auto at = [&](int64_t index) {
      return std::upper_bound(counts.begin(), counts.end(), index,
                              [](int64_t i, const auto& entry) { return i < entry.second; });
    };
    auto low = at(lower), high = at(higher);
    double low_value = ValueOf(low->first);
    if (lower == higher || low == high) return low_value;
    return (static_cast<double>(higher) - position) * low_value +
           (position - static_cast<double>(lower)) * ValueOf(high->first);
  }

  bool many_;
  KeyCodec codec_;
  std::string scratch_;
};

Result<Signature> ResolvePercentile(std::span<const ArgInfo> args) {
  constexpr const char* kExpected =
      "expr <NUMERIC>, percentage [<NUMERIC NOT NULL> | ARRAY<NUMERIC NOT NULL> NOT NULL][, frequency "
      "<INTEGER_NUMERIC>]";
  ASSIGN_OR_RETURN(Signature signature, ResolvePercentages(kName, kExpected, args));
  if (args.size() == 2) return signature;
  if (!Matches(Family::kInteger, args[2].type)) return BadArguments(kName, kExpected);
  signature.args.push_back(CoerceTo(Family::kBigInt, args[2].type));
  return signature;
}

}  // namespace

void RegisterPercentile(AggregateRegistry* registry) {
  registry->Add(kName, ResolvePercentile,
                [](const AggregateSite& site) -> Result<std::unique_ptr<AggregateKernel>> {
                  return std::unique_ptr<AggregateKernel>(new Percentile(site));
                });
}

}  // namespace penstock
