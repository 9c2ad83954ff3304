// SQL values as JSON text.
#include "expr/json/json_text.h"

#include <algorithm>
#include <numeric>

#include "data/datetime.h"
#include "data/decimal.h"
#include "data/value_text.h"
#include "expr/json/json_document.h"

namespace penstock {

namespace {

// Members as (name, value text) in the order of the names.
void AppendMembers(std::vector<std::pair<std::string, std::string>> members, std::string* out) {
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  out->push_back('{');
  for (size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out->push_back(',');
    AppendJsonString(members[i].first, out);
    out->push_back(':');
    out->append(members[i].second);
  }
  out->push_back('}');
}

void AppendMap(const Column& column, int64_t row, const DataType& type, std::string* out) {
  std::vector<std::pair<std::string, std::string>> members;
  for (int32_t i = column.ListBegin(row); i < column.ListEnd(row); ++i) {
    std::string value;
    if (type.is(TypeKind::kMultiset)) {
      value = std::to_string(column.child(1)->At<int32_t>(i));
    } else {
      AppendValueJson(*column.child(1), i, type.map_value(), &value);
    }
    std::string key = column.child(0)->IsNull(i) ? "null" : std::string(column.child(0)->StringAt(i));
    members.emplace_back(std::move(key), std::move(value));
  }
  AppendMembers(std::move(members), out);
}

void AppendRow(const Column& column, int64_t row, const DataType& type, std::string* out) {
  std::vector<std::pair<std::string, std::string>> members;
  for (size_t i = 0; i < type.fields().size(); ++i) {
    std::string value;
    AppendValueJson(*column.child(i), column.position(row), type.fields()[i].type, &value);
    members.emplace_back(type.fields()[i].name, std::move(value));
  }
  AppendMembers(std::move(members), out);
}

void AppendTimestamp(const Column& column, int64_t row, const DataType& type, std::string* out) {
  int128_t stored = type.precision() <= 6 ? column.At<int64_t>(row) : column.At<int128_t>(row);
  std::string text = FormatTimestampShort(TimestampToNanos(stored, type.precision()), 'T');
  AppendJsonString(type.is(TypeKind::kTimestampLtz) ? text + "Z" : text, out);
}

}  // namespace

bool HasJsonForm(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kIntervalYearMonth:
    case TypeKind::kIntervalDayTime:
    case TypeKind::kBitmap:
    case TypeKind::kDescriptor:
    case TypeKind::kSymbol: return false;
    case TypeKind::kMultiset: return type.element().is_character();
    case TypeKind::kMap: return type.map_key().is_character() && HasJsonForm(type.map_value());
    default: break;
  }
  return std::all_of(type.fields().begin(), type.fields().end(),
                     [](const Field& field) { return HasJsonForm(field.type); });
}

void AppendValueJson(const Column& column, int64_t row, const DataType& type, std::string* out) {
  if (column.IsNull(row)) {
    out->append("null");
    return;
  }
  switch (type.kind()) {
    case TypeKind::kBoolean: out->append(column.At<uint8_t>(row) != 0 ? "true" : "false"); return;
    case TypeKind::kTinyInt: out->append(std::to_string(column.At<int8_t>(row))); return;
    case TypeKind::kSmallInt: out->append(std::to_string(column.At<int16_t>(row))); return;
    case TypeKind::kInt: out->append(std::to_string(column.At<int32_t>(row))); return;
    case TypeKind::kBigInt: out->append(std::to_string(column.At<int64_t>(row))); return;
    case TypeKind::kFloat: out->append(FormatFloat(column.At<float>(row))); return;
    case TypeKind::kDouble: out->append(FormatDouble(column.At<double>(row))); return;
    case TypeKind::kDecimal:
      out->append(BigDecimalText(FormatDecimal(column.At<int128_t>(row), type.scale())));
      return;
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: AppendTimestamp(column, row, type, out); return;
    case TypeKind::kBinary:
    case TypeKind::kVarBinary: AppendJsonString(EncodeBase64(column.StringAt(row)), out); return;
    case TypeKind::kVariant: out->append(column.StringAt(row)); return;
    case TypeKind::kArray:
      out->push_back('[');
      for (int32_t i = column.ListBegin(row); i < column.ListEnd(row); ++i) {
        if (i > column.ListBegin(row)) out->push_back(',');
        AppendValueJson(*column.child(0), i, type.element(), out);
      }
      out->push_back(']');
      return;
    case TypeKind::kMap:
    case TypeKind::kMultiset: AppendMap(column, row, type, out); return;
    case TypeKind::kRow: AppendRow(column, row, type, out); return;
    default: AppendJsonString(column.StringAt(row), out);
  }
}

}  // namespace penstock
