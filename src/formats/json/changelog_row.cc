// Changelog rows, over simdjson On-Demand: numbers are read from their text, so that no digit is lost.
#include "formats/json/changelog_row.h"

#include <simdjson.h>

#include <cmath>
#include <limits>

#include "base/strings.h"
#include "data/datetime.h"
#include "data/decimal.h"
#include "data/value_text.h"

namespace penstock {

namespace {

namespace od = simdjson::ondemand;

Status Wrong(const DataType& type, std::string_view json) {
  return Status::InvalidData("cannot read " + std::string(TrimSpace(json)) + " as " + type.ToString());
}

Result<Value> ParseText(std::string_view text, const DataType& type, std::string_view json) {
  switch (type.kind()) {
    case TypeKind::kBinary:
    case TypeKind::kVarBinary: {
      std::string bytes;
      if (!DecodeBase64(text, &bytes)) return Wrong(type, json);
      return Value::String(std::move(bytes));
    }
    case TypeKind::kDate: {
      std::optional<int64_t> days = ParseDate(text);
      return days ? Result<Value>(Value::Int(*days)) : Wrong(type, json);
    }
    case TypeKind::kTime: {
      std::optional<int64_t> millis = ParseTime(text);
      return millis ? Result<Value>(Value::Int(*millis)) : Wrong(type, json);
    }
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: {
      if (!text.empty() && text.back() == 'Z') text.remove_suffix(1);
      std::optional<int128_t> nanos = ParseTimestamp(text);
      if (!nanos) return Wrong(type, json);
      int128_t stored = NanosToTimestamp(*nanos, type.precision());
      return type.precision() <= 6 ? Value::Int(static_cast<int64_t>(stored)) : Value::Int128(stored);
    }
    case TypeKind::kDecimal: {
      std::optional<int128_t> unscaled = ParseDecimal(text, type.precision(), type.scale());
      return unscaled ? Result<Value>(Value::Int128(*unscaled)) : Wrong(type, json);
    }
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      if (text == "NaN") return Value::Double(std::numeric_limits<double>::quiet_NaN());
      if (text == "Infinity") return Value::Double(std::numeric_limits<double>::infinity());
      if (text == "-Infinity") return Value::Double(-std::numeric_limits<double>::infinity());
      return Wrong(type, json);
    case TypeKind::kBitmap: {
      std::string bytes;
      uint32_t member = 0;
      bool digits = false;
      for (char c : text) {
        if (c >= '0' && c <= '9') {
          member = member * 10 + static_cast<uint32_t>(c - '0');
          digits = true;
        } else if (digits) {
          bytes.append(reinterpret_cast<const char*>(&member), sizeof(member));
          member = 0;
          digits = false;
        }
      }
      return Value::String(std::move(bytes));
    }
    case TypeKind::kChar:
    case TypeKind::kVarChar:
    case TypeKind::kVariant: return Value::String(std::string(text));
    default: return Wrong(type, json);
  }
}

Result<Value> ParseValue(od::value json, const DataType& type);

Status Malformed(simdjson::error_code error) {
  return Status::InvalidData(std::string("malformed JSON: ") + simdjson::error_message(error));
}

// A pair [key, value] of a map.
Status ParsePair(od::value json, const DataType& key, const DataType& mapped, ValueList* list) {
  od::array pair;
  if (json.get_array().get(pair) != simdjson::SUCCESS)
    return Status::InvalidData("a map entry is [key, value]");
  size_t count = 0;
  for (auto item : pair) {
    od::value value;
    if (auto error = std::move(item).get(value)) return Malformed(error);
    if (count == 2) break;
    ASSIGN_OR_RETURN(Value parsed, ParseValue(value, count == 0 ? key : mapped));
    list->push_back(std::move(parsed));
    ++count;
  }
  return count == 2 ? Status::Ok() : Status::InvalidData("a map entry is [key, value]");
}

Result<Value> ParseEntries(od::value json, const DataType& key, const DataType& mapped,
                           const DataType& type) {
  ValueList list;
  od::object object;
  if (json.get_object().get(object) == simdjson::SUCCESS) {
    for (auto entry : object) {
      od::field field;
      std::string_view name;
      if (auto error = std::move(entry).get(field)) return Malformed(error);
      if (auto error = field.unescaped_key().get(name)) return Malformed(error);
      list.push_back(Value::String(std::string(name)));
      ASSIGN_OR_RETURN(Value value, ParseValue(field.value(), mapped));
      list.push_back(std::move(value));
    }
    return Value::List(std::move(list));
  }
  od::array array;
  if (json.get_array().get(array) != simdjson::SUCCESS) return Wrong(type, json.raw_json_token());
  for (auto item : array) {
    od::value pair;
    if (auto error = std::move(item).get(pair)) return Malformed(error);
    RETURN_IF_ERROR(ParsePair(pair, key, mapped, &list));
  }
  return Value::List(std::move(list));
}

// An object by field name, or an array of the fields; what is missing is NULL.
Result<Value> ParseRow(od::value json, const DataType& type) {
  ValueList list(type.fields().size());
  od::object object;
  if (json.get_object().get(object) == simdjson::SUCCESS) {
    for (auto entry : object) {
      od::field field;
      std::string_view name;
      if (auto error = std::move(entry).get(field)) return Malformed(error);
      if (auto error = field.unescaped_key().get(name)) return Malformed(error);
      for (size_t i = 0; i < list.size(); ++i) {
        if (type.fields()[i].name != name) continue;
        ASSIGN_OR_RETURN(list[i], ParseValue(field.value(), type.fields()[i].type));
        break;
      }
    }
    return Value::List(std::move(list));
  }
  od::array array;
  if (json.get_array().get(array) != simdjson::SUCCESS) return Wrong(type, json.raw_json_token());
  size_t index = 0;
  for (auto item : array) {
    od::value value;
    if (auto error = std::move(item).get(value)) return Malformed(error);
    if (index >= list.size()) break;
    ASSIGN_OR_RETURN(list[index], ParseValue(value, type.fields()[index].type));
    ++index;
  }
  return Value::List(std::move(list));
}

Result<Value> ParseNumber(od::value json, const DataType& type) {
  std::string_view text = TrimSpace(json.raw_json_token());
  switch (type.kind()) {
    case TypeKind::kFloat:
    case TypeKind::kDouble: {
      double number = 0;
      if (auto error = json.get_double().get(number)) return Malformed(error);
      return Value::Double(type.is(TypeKind::kFloat) ? static_cast<float>(number) : number);
    }
    case TypeKind::kDecimal: {
      std::optional<int128_t> unscaled = ParseDecimal(text, type.precision(), type.scale());
      return unscaled ? Result<Value>(Value::Int128(*unscaled)) : Wrong(type, text);
    }
    default: break;
  }
  int64_t number = 0;
  bool integral = type.is_integer() || type.is_interval();
  if (!integral || json.get_int64().get(number) != simdjson::SUCCESS) return Wrong(type, text);
  return Value::Int(number);
}

Result<Value> ParseList(od::value json, const DataType& type) {
  od::array array;
  if (json.get_array().get(array) != simdjson::SUCCESS) return Wrong(type, json.raw_json_token());
  ValueList list;
  for (auto item : array) {
    od::value child;
    if (auto error = std::move(item).get(child)) return Malformed(error);
    ASSIGN_OR_RETURN(Value value, ParseValue(child, type.element()));
    list.push_back(std::move(value));
  }
  return Value::List(std::move(list));
}

Result<Value> ParseValue(od::value json, const DataType& type) {
  bool null = false;
  if (auto error = json.is_null().get(null)) return Malformed(error);
  if (null) return Value::Null();
  if (type.is(TypeKind::kArray)) return ParseList(json, type);
  if (type.is(TypeKind::kMap)) return ParseEntries(json, type.map_key(), type.map_value(), type);
  if (type.is(TypeKind::kMultiset)) return ParseEntries(json, type.element(), DataType::Int(), type);
  if (type.is(TypeKind::kRow)) return ParseRow(json, type);
  od::json_type kind{};
  if (auto error = json.type().get(kind)) return Malformed(error);
  std::string_view token = json.raw_json_token();
  if (kind == od::json_type::boolean && type.is(TypeKind::kBoolean)) {
    bool flag = false;
    if (auto error = json.get_bool().get(flag)) return Malformed(error);
    return Value::Bool(flag);
  }
  if (kind == od::json_type::string) {
    std::string_view text;
    if (auto error = json.get_string().get(text)) return Malformed(error);
    return ParseText(text, type, token);
  }
  if (kind == od::json_type::number) return ParseNumber(json, type);
  return Wrong(type, token);
}

}  // namespace

struct ChangelogRowParser::Rep {
  std::vector<DataType> types;
  od::parser parser;
  std::string padded;

  Status ParseKind(od::value json, RowKind* kind) const {
    std::string_view text;
    if (auto error = json.get_string().get(text)) return Malformed(error);
    for (RowKind k : {RowKind::kInsert, RowKind::kUpdateBefore, RowKind::kUpdateAfter, RowKind::kDelete}) {
      if (text != RowKindText(k)) continue;
      *kind = k;
      return Status::Ok();
    }
    return Status::InvalidData("unknown row kind '" + std::string(text) + "'");
  }

  Status ParseFields(od::value json, ValueRow* values) const {
    od::array array;
    if (json.get_array().get(array) != simdjson::SUCCESS)
      return Status::InvalidData("a row needs an array \"row\"");
    size_t count = 0;
    for (auto item : array) {
      od::value value;
      if (auto error = std::move(item).get(value)) return Malformed(error);
      if (count++ >= types.size()) continue;
      ASSIGN_OR_RETURN(Value parsed, ParseValue(value, types[count - 1]));
      values->push_back(std::move(parsed));
    }
    if (count == types.size()) return Status::Ok();
    return Status::InvalidData("a row has " + std::to_string(count) + " values, the table " +
                               std::to_string(types.size()) + " columns");
  }
};

ChangelogRowParser::ChangelogRowParser(std::vector<DataType> types) : rep_(new Rep()) {
  rep_->types = std::move(types);
}
ChangelogRowParser::~ChangelogRowParser() = default;

Result<ChangelogRow> ChangelogRowParser::Parse(std::string_view line) {
  rep_->padded.reserve(line.size() + simdjson::SIMDJSON_PADDING);
  rep_->padded = line;
  od::document document;
  od::object object;
  if (rep_->parser.iterate(rep_->padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return Status::InvalidData("not a JSON object: " + std::string(line.substr(0, 100)));
  }
  ChangelogRow row;
  bool found = false;
  for (auto entry : object) {
    od::field field;
    std::string_view key;
    if (auto error = std::move(entry).get(field)) return Malformed(error);
    if (auto error = field.unescaped_key().get(key)) return Malformed(error);
    if (key == "kind") RETURN_IF_ERROR(rep_->ParseKind(field.value(), &row.kind));
    if (key != "row") continue;
    found = true;
    RETURN_IF_ERROR(rep_->ParseFields(field.value(), &row.values));
  }
  if (!found) return Status::InvalidData("a row needs an array \"row\"");
  return row;
}

std::string FormatChangelogRow(RowKind kind, const ValueRow& values, const std::vector<DataType>& types) {
  std::string line = std::string("{\"kind\":\"") + RowKindText(kind) + "\",\"row\":[";
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) line += ",";
    line += ValueToJson(values[i], types[i]);
  }
  return line + "]}";
}

}  // namespace penstock
