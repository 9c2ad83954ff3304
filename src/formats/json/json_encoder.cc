// Writing JSON straight from columns.
// Step 10 of a record's way (docs/ARCHITECTURE.md).
#include "formats/json/json_encoder.h"

#include <charconv>
#include <cmath>

#include "data/value_text.h"

namespace penstock {

namespace {

// With the escapes of Jackson: short ones where JSON has them, else \u00XX; other characters as they are.
void AppendJsonString(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  out->push_back('"');
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text.substr(plain, i - plain));
    plain = i + 1;
    switch (c) {
      case '"': *out += "\\\""; break;
      case '\\': *out += "\\\\"; break;
      case '\b': *out += "\\b"; break;
      case '\f': *out += "\\f"; break;
      case '\n': *out += "\\n"; break;
      case '\r': *out += "\\r"; break;
      case '\t': *out += "\\t"; break;
      default:
        *out += "\\u00";
        out->push_back(kHex[c >> 4]);
        out->push_back(kHex[c & 15]);
    }
  }
  out->append(text.substr(plain));
  out->push_back('"');
}

void AppendInt(int64_t value, std::string* out) {
  char text[24];
  auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  out->append(text, end);
}

bool IsFinite(const Column& column, int64_t row, const DataType& type) {
  if (type.is(TypeKind::kFloat)) return std::isfinite(column.At<float>(row));
  return !type.is(TypeKind::kDouble) || std::isfinite(column.At<double>(row));
}

}  // namespace

JsonEncoder::JsonEncoder(const std::vector<Field>& columns, JsonOptions options)
    : columns_(columns), options_(std::move(options)) {
  for (const Field& column : columns) {
    std::string key;
    AppendJsonString(column.name, &key);
    keys_.push_back(key + ":");
  }
}

Status JsonEncoder::EncodeRow(const Batch& batch, int64_t row, std::string* out) {
  out->push_back('{');
  bool first = true;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = *batch.columns[i];
    if (options_.ignore_null_fields && column.IsNull(row)) continue;
    if (!first) out->push_back(',');
    first = false;
    *out += keys_[i];
    RETURN_IF_ERROR(EncodeValue(column, row, columns_[i].type, out));
  }
  out->push_back('}');
  return Status::Ok();
}

Status JsonEncoder::EncodeFields(const Column& column, int64_t row, const DataType& type,
                                 std::string* out) const {
  out->push_back('{');
  bool first = true;
  for (size_t i = 0; i < type.fields().size(); ++i) {
    const Column& child = *column.child(i);
    int64_t at = column.position(row);
    if (options_.ignore_null_fields && child.IsNull(at)) continue;
    if (!first) out->push_back(',');
    first = false;
    AppendJsonString(type.fields()[i].name, out);
    out->push_back(':');
    RETURN_IF_ERROR(EncodeValue(child, at, type.fields()[i].type, out));
  }
  out->push_back('}');
  return Status::Ok();
}

Status JsonEncoder::EncodeMap(const Column& column, int64_t row, const DataType& type,
                              std::string* out) const {
  const DataType value_type = type.is(TypeKind::kMap) ? type.map_value() : DataType::Int();
  const Column& keys = *column.child(0);
  out->push_back('{');
  bool first = true;
  for (int32_t i = column.ListBegin(row); i < column.ListEnd(row); ++i) {
    bool null_key = keys.IsNull(i);
    if (null_key && options_.null_keys == JsonOptions::NullKeys::kDrop) continue;
    if (null_key && options_.null_keys == JsonOptions::NullKeys::kFail) {
      return SqlError(ErrorNumber::kRuntime, {},
                      "JSON format doesn't support to serialize map data with null keys",
                      "drop such entries or give them a name with 'json.map-null-key.mode'");
    }
    if (!first) out->push_back(',');
    first = false;
    AppendJsonString(null_key ? std::string_view(options_.null_key_literal) : keys.StringAt(i), out);
    out->push_back(':');
    RETURN_IF_ERROR(EncodeValue(*column.child(1), i, value_type, out));
  }
  out->push_back('}');
  return Status::Ok();
}

Status JsonEncoder::EncodeValue(const Column& column, int64_t row, const DataType& type,
                                std::string* out) const {
  if (column.IsNull(row)) {
    *out += "null";
    return Status::Ok();
  }
  switch (type.kind()) {
    case TypeKind::kBoolean: *out += column.At<uint8_t>(row) != 0 ? "true" : "false"; break;
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInt:
    case TypeKind::kBigInt:
    case TypeKind::kIntervalYearMonth:
    case TypeKind::kIntervalDayTime: AppendInt(IntegerAt(column, row), out); break;
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal: {
      bool quoted = !IsFinite(column, row, type);
      if (quoted) out->push_back('"');
      AppendNumber(column, row, type, options_.decimal_as_plain_number, out);
      if (quoted) out->push_back('"');
      break;
    }
    case TypeKind::kChar:
    case TypeKind::kVarChar: AppendJsonString(column.StringAt(row), out); break;
    case TypeKind::kBinary:
    case TypeKind::kVarBinary:
      out->push_back('"');
      *out += EncodeBase64(column.StringAt(row));
      out->push_back('"');
      break;
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
      out->push_back('"');
      AppendTemporal(column, row, type, options_.timestamps, out);
      out->push_back('"');
      break;
    case TypeKind::kVariant: *out += column.StringAt(row); break;
    case TypeKind::kArray:
      out->push_back('[');
      for (int32_t i = column.ListBegin(row); i < column.ListEnd(row); ++i) {
        if (i > column.ListBegin(row)) out->push_back(',');
        RETURN_IF_ERROR(EncodeValue(*column.child(0), i, type.element(), out));
      }
      out->push_back(']');
      break;
    case TypeKind::kMap:
    case TypeKind::kMultiset: return EncodeMap(column, row, type, out);
    case TypeKind::kRow: return EncodeFields(column, row, type, out);
    default: return Status::Internal("no JSON form for " + type.ToString());
  }
  return Status::Ok();
}

}  // namespace penstock
