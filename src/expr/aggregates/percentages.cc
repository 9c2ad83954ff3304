// Percentages of percentile aggregates.
#include "expr/aggregates/percentages.h"

#include <cstring>

#include "data/value_text.h"
#include "expr/signature.h"

namespace penstock {

namespace {

bool LiteralInRange(const Value& literal, const DataType& type) {
  if (type.is(TypeKind::kDecimal)) {
    int128_t one = 1;
    for (int i = 0; i < type.scale(); ++i) one *= 10;
    return literal.as_int128() >= 0 && literal.as_int128() <= one;
  }
  double number = literal.is_int() ? static_cast<double>(literal.as_int()) : literal.as_double();
  return number >= 0 && number <= 1;
}

}  // namespace

Status CheckPercentage(const std::string& function, double percentage) {
  if (percentage >= 0 && percentage <= 1) return Status::Ok();
  return Status::InvalidData("Percentage of " + function + " should be between [0.0, 1.0], but was '" +
                             FormatDouble(percentage) + "'.")
      .WithNumber(ErrorNumber::kRuntime);
}

Status KeepPercentages(const std::string& function, const Column& column, bool many, int64_t row,
                       std::string_view group, AggregateView* view) {
  std::string bytes;
  auto add = [&](double percentage) {
    bytes.append(reinterpret_cast<const char*>(&percentage), sizeof(percentage));
    return CheckPercentage(function, percentage);
  };
  if (!many) {
    RETURN_IF_ERROR(add(column.At<double>(row)));
  } else {
    for (int32_t e = column.ListBegin(row); e < column.ListEnd(row); ++e)
      RETURN_IF_ERROR(add(column.child(0)->At<double>(e)));
  }
  std::optional<std::string_view> stored = view->Get(group, {});
  if (!stored || *stored != bytes) view->Put(group, {}, bytes);
  return Status::Ok();
}

std::vector<double> KeptPercentages(AggregateView* view, std::string_view group) {
  std::optional<std::string_view> stored = view->Get(group, {});
  std::vector<double> percentages(stored ? stored->size() / sizeof(double) : 0);
  if (stored) std::memcpy(percentages.data(), stored->data(), percentages.size() * sizeof(double));
  return percentages;
}

Result<Signature> ResolvePercentages(const std::string& function, const std::string& expected,
                                     std::span<const ArgInfo> args) {
  if (args.size() < 2 || args.size() > 3) return BadArguments(function, expected);
  const DataType& percentage = args[1].type;
  bool many = percentage.is(TypeKind::kArray);
  const DataType& number = many ? percentage.element() : percentage;
  bool fits = Matches(Family::kNumeric, args[0].type) && number.is_numeric() && !number.nullable() &&
              !percentage.nullable();
  if (fits && !many && args[1].literal != nullptr) fits = LiteralInRange(*args[1].literal, percentage);
  if (!fits) return BadArguments(function, expected);
  Signature signature;
  DataType fraction = DataType::Double().NotNull();
  signature.args = {CoerceTo(Family::kDouble, args[0].type),
                    many ? DataType::Array(fraction).NotNull() : fraction};
  signature.result = many ? DataType::Array(DataType::Double()) : DataType::Double();
  return signature;
}

}  // namespace penstock
