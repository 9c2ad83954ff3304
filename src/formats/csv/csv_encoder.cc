// Writing CSV. What is quoted follows Jackson's writer: long texts, and all texts with a character at or
// below the delimiter and the quote.
#include "formats/csv/csv_encoder.h"

#include <algorithm>

#include "data/value_text.h"
#include "formats/text_values.h"

namespace penstock {

CsvEncoder::CsvEncoder(const std::vector<Field>& columns, CsvOptions options)
    : columns_(columns), options_(std::move(options)) {
  auto code = [](char c) { return static_cast<unsigned char>(c); };
  min_safe_ = std::max<unsigned char>({code(options_.delimiter), code(options_.quote.value_or('\0')),
                                       code(options_.escape.value_or('\0')), code('\r')});
  ++min_safe_;
}

bool CsvEncoder::NeedsQuotes(std::string_view text) const {
  if (text.size() > 24) return true;
  return std::any_of(text.begin(), text.end(),
                     [this](char c) { return static_cast<unsigned char>(c) < min_safe_; });
}

void CsvEncoder::AppendQuoted(std::string_view text, std::string* out) const {
  if (!options_.quote || !NeedsQuotes(text)) {
    *out += text;
    return;
  }
  out->push_back(*options_.quote);
  for (char c : text) {
    if (options_.escape && (c == *options_.escape || c == *options_.quote))
      out->push_back(*options_.escape);
    else if (c == *options_.quote)
      out->push_back(c);
    out->push_back(c);
  }
  out->push_back(*options_.quote);
}

Status CsvEncoder::AppendText(const Column& column, int64_t row, const DataType& type,
                              std::string* out) const {
  if (column.IsNull(row)) {
    *out += options_.null_literal.value_or("");
    return Status::Ok();
  }
  switch (type.kind()) {
    case TypeKind::kBoolean: *out += column.At<uint8_t>(row) != 0 ? "true" : "false"; break;
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInt:
    case TypeKind::kBigInt:
    case TypeKind::kIntervalYearMonth:
    case TypeKind::kIntervalDayTime: *out += std::to_string(IntegerAt(column, row)); break;
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal: AppendNumber(column, row, type, !options_.scientific_decimals, out); break;
    case TypeKind::kChar:
    case TypeKind::kVarChar: *out += column.StringAt(row); break;
    case TypeKind::kBinary:
    case TypeKind::kVarBinary: *out += EncodeBase64(column.StringAt(row)); break;
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: AppendTemporal(column, row, type, TimestampStandard::kSql, out); break;
    case TypeKind::kArray:
      for (int32_t i = column.ListBegin(row); i < column.ListEnd(row); ++i) {
        if (i > column.ListBegin(row)) *out += options_.array_delimiter;
        RETURN_IF_ERROR(AppendText(*column.child(0), i, type.element(), out));
      }
      break;
    case TypeKind::kRow:
      for (size_t i = 0; i < type.fields().size(); ++i) {
        if (i > 0) *out += options_.array_delimiter;
        RETURN_IF_ERROR(AppendText(*column.child(i), column.position(row), type.fields()[i].type, out));
      }
      break;
    default: return Status::Internal("no CSV form for " + type.ToString());
  }
  return Status::Ok();
}

Status CsvEncoder::EncodeRow(const Batch& batch, int64_t row, std::string* out) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out->push_back(options_.delimiter);
    cell_.clear();
    const Column& column = *batch.columns[i];
    const DataType& type = columns_[i].type;
    RETURN_IF_ERROR(AppendText(column, row, type, &cell_));
    bool bare = column.IsNull(row) || type.is_numeric() || type.is_interval() || type.is(TypeKind::kBoolean);
    if (bare)
      *out += cell_;
    else
      AppendQuoted(cell_, out);
  }
  return Status::Ok();
}

}  // namespace penstock
