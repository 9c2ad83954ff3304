// PERCENTILE(value, percentage [, frequency]): the exact percentile of all values, interpolated between the
// two neighbours of its position. View 0 counts the values in their order; view 1 keeps the last percentages.
#include <cmath>

#include "data/key_codec.h"
#include "data/value_text.h"
#include "expr/aggregates/register.h"
#include "expr/aggregates/view_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

Status CheckPercentage(double percentage) {
  if (percentage >= 0 && percentage <= 1) return Status::Ok();
  return Status::InvalidData("Percentage of PERCENTILE should be between [0.0, 1.0], but was '" +
                             FormatDouble(percentage) + "'.")
      .WithNumber(ErrorNumber::kRuntime);
}

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
    RETURN_IF_ERROR(KeepPercentages(*in.args[1], row, in.groups[i]));
    scratch_.clear();
    codec_.EncodeRow(std::span(in.args.data(), 1), row, &scratch_);
    AddToCount(view(0), in.groups[i], scratch_, in.signs[i] * times);
    return Status::Ok();
  }

  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    std::vector<std::pair<std::string, int64_t>> counts;
    int64_t total = 0;
    view(0)->ForEach(group, [&](std::string_view element, std::string_view count) {
      if (CountOf(count) > 0) counts.emplace_back(std::string(element), total += CountOf(count));
      return true;
    });
    std::optional<std::string_view> percentages = view(1)->Get(group, {});
    if (total == 0 || !percentages) {
      out->AppendNull();
      return Status::Ok();
    }
    ColumnBuilder& values = many_ ? out->child(0) : *out;
    for (size_t at = 0; at < percentages->size(); at += sizeof(double)) {
      double percentage = 0;
      std::memcpy(&percentage, percentages->data() + at, sizeof(percentage));
      values.Append(Interpolate(counts, total, percentage));
    }
    if (many_) out->CloseList();
    return Status::Ok();
  }

 private:
  Status KeepPercentages(const Column& column, int64_t row, std::string_view group) {
    std::string bytes;
    auto add = [&](double percentage) {
      bytes.append(reinterpret_cast<const char*>(&percentage), sizeof(percentage));
      return CheckPercentage(percentage);
    };
    if (!many_) {
      RETURN_IF_ERROR(add(column.At<double>(row)));
    } else {
      for (int32_t e = column.ListBegin(row); e < column.ListEnd(row); ++e)
        RETURN_IF_ERROR(add(column.child(0)->At<double>(e)));
    }
    std::optional<std::string_view> stored = view(1)->Get(group, {});
    if (!stored || *stored != bytes) view(1)->Put(group, {}, bytes);
    return Status::Ok();
  }

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

bool LiteralInRange(const Value& literal, const DataType& type) {
  if (type.is(TypeKind::kDecimal)) {
    int128_t one = 1;
    for (int i = 0; i < type.scale(); ++i) one *= 10;
    return literal.as_int128() >= 0 && literal.as_int128() <= one;
  }
  double number = literal.is_int() ? static_cast<double>(literal.as_int()) : literal.as_double();
  return number >= 0 && number <= 1;
}

Result<Signature> ResolvePercentile(std::span<const ArgInfo> args) {
  constexpr const char* kExpected =
      "expr <NUMERIC>, percentage [<NUMERIC NOT NULL> | ARRAY<NUMERIC NOT NULL> NOT NULL][, frequency "
      "<INTEGER_NUMERIC>]";
  if (args.size() < 2 || args.size() > 3) return BadArguments("PERCENTILE", kExpected);
  const DataType& percentage = args[1].type;
  bool many = percentage.is(TypeKind::kArray);
  const DataType& number = many ? percentage.element() : percentage;
  bool fits = Matches(Family::kNumeric, args[0].type) && number.is_numeric() && !number.nullable() &&
              !percentage.nullable() && (args.size() == 2 || Matches(Family::kInteger, args[2].type));
  if (fits && !many && args[1].literal != nullptr) fits = LiteralInRange(*args[1].literal, percentage);
  if (!fits) return BadArguments("PERCENTILE", kExpected);
  Signature signature;
  DataType fraction = DataType::Double().NotNull();
  signature.args = {CoerceTo(Family::kDouble, args[0].type),
                    many ? DataType::Array(fraction).NotNull() : fraction};
  if (args.size() == 3) signature.args.push_back(CoerceTo(Family::kBigInt, args[2].type));
  signature.result = many ? DataType::Array(DataType::Double()) : DataType::Double();
  return signature;
}

}  // namespace

void RegisterPercentile(AggregateRegistry* registry) {
  registry->Add("PERCENTILE", ResolvePercentile,
                [](const AggregateSite& site) -> Result<std::unique_ptr<AggregateKernel>> {
                  return std::unique_ptr<AggregateKernel>(new Percentile(site));
                });
}

}  // namespace penstock
