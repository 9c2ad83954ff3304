// Changelog rows, over simdjson's DOM.
#include "formats/json/changelog_row.h"

#include <simdjson.h>

#include <cmath>
#include <limits>

#include "data/datetime.h"
#include "data/decimal.h"
#include "data/value_text.h"

namespace penstock {

namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

Status Wrong(const DataType& type, element json) {
  return Status::InvalidData("cannot read " + simdjson::minify(json) + " as " + type.ToString());
}

Result<Value> ParseText(std::string_view text, const DataType& type, element json) {
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

Result<Value> ParseValue(element json, const DataType& type);

Result<Value> ParseEntries(element json, const DataType& key, const DataType& mapped, const DataType& type) {
  ValueList list;
  if (json.is_object()) {
    simdjson::dom::object object = json.get_object().value();  // named: a loop would not keep it alive
    for (auto field : object) {
      list.push_back(Value::String(std::string(field.key)));
      ASSIGN_OR_RETURN(Value value, ParseValue(field.value, mapped));
      list.push_back(std::move(value));
    }
    return Value::List(std::move(list));
  }
  if (!json.is_array()) return Wrong(type, json);
  simdjson::dom::array array = json.get_array().value();
  for (element pair : array) {
    if (!pair.is_array() || pair.get_array().value().size() != 2) return Wrong(type, json);
    ASSIGN_OR_RETURN(Value k, ParseValue(pair.get_array().value().at(0).value(), key));
    ASSIGN_OR_RETURN(Value v, ParseValue(pair.get_array().value().at(1).value(), mapped));
    list.push_back(std::move(k));
    list.push_back(std::move(v));
  }
  return Value::List(std::move(list));
}

Result<Value> ParseRow(element json, const DataType& type) {
  ValueList list;
  size_t index = 0;
  for (const Field& field : type.fields()) {
    element child;
    bool found = json.is_object()
                     ? json.at_key(field.name).get(child) == simdjson::SUCCESS
                     : json.is_array() && json.get_array().value().at(index).get(child) == simdjson::SUCCESS;
    ++index;
    if (!found) {
      list.push_back(Value::Null());
      continue;
    }
    ASSIGN_OR_RETURN(Value value, ParseValue(child, field.type));
    list.push_back(std::move(value));
  }
  return Value::List(std::move(list));
}

Result<Value> ParseNumber(element json, const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kFloat: return Value::Double(static_cast<float>(double(json.get_double().value())));
    case TypeKind::kDouble: return Value::Double(json.get_double().value());
    case TypeKind::kDecimal: {
      std::optional<int128_t> unscaled = ParseDecimal(simdjson::minify(json), type.precision(), type.scale());
      return unscaled ? Result<Value>(Value::Int128(*unscaled)) : Wrong(type, json);
    }
    default: break;
  }
  int64_t number = 0;
  if (json.get_int64().get(number) != simdjson::SUCCESS) return Wrong(type, json);
  bool integral = type.is_integer() || type.is_interval();
  return integral ? Result<Value>(Value::Int(number)) : Wrong(type, json);
}

Result<Value> ParseValue(element json, const DataType& type) {
  if (json.is_null()) return Value::Null();
  if (type.is(TypeKind::kArray)) {
    if (!json.is_array()) return Wrong(type, json);
    ValueList list;
    simdjson::dom::array array = json.get_array().value();
    for (element child : array) {
      ASSIGN_OR_RETURN(Value value, ParseValue(child, type.element()));
      list.push_back(std::move(value));
    }
    return Value::List(std::move(list));
  }
  if (type.is(TypeKind::kMap)) return ParseEntries(json, type.map_key(), type.map_value(), type);
  if (type.is(TypeKind::kMultiset)) return ParseEntries(json, type.element(), DataType::Int(), type);
  if (type.is(TypeKind::kRow)) return ParseRow(json, type);
  if (json.is_bool()) {
    return type.is(TypeKind::kBoolean) ? Result<Value>(Value::Bool(json.get_bool().value()))
                                       : Wrong(type, json);
  }
  if (json.is_string()) return ParseText(json.get_string().value(), type, json);
  if (json.is_number()) return ParseNumber(json, type);
  return Wrong(type, json);
}

}  // namespace

struct ChangelogRowParser::Rep {
  std::vector<DataType> types;
  simdjson::dom::parser parser;
};

ChangelogRowParser::ChangelogRowParser(std::vector<DataType> types) : rep_(new Rep()) {
  rep_->types = std::move(types);
}
ChangelogRowParser::~ChangelogRowParser() = default;

Result<ChangelogRow> ChangelogRowParser::Parse(std::string_view line) {
  element json;
  if (rep_->parser.parse(line.data(), line.size()).get(json) != simdjson::SUCCESS) {
    return Status::InvalidData("not a JSON object: " + std::string(line.substr(0, 100)));
  }
  ChangelogRow row;
  std::string_view kind;
  if (json["kind"].get(kind) == simdjson::SUCCESS) {
    bool known = false;
    for (RowKind k : {RowKind::kInsert, RowKind::kUpdateBefore, RowKind::kUpdateAfter, RowKind::kDelete}) {
      if (kind == RowKindText(k)) {
        row.kind = k;
        known = true;
      }
    }
    if (!known) return Status::InvalidData("unknown row kind '" + std::string(kind) + "'");
  }
  simdjson::dom::array values;
  if (json["row"].get(values) != simdjson::SUCCESS)
    return Status::InvalidData("a row needs an array \"row\"");
  if (values.size() != rep_->types.size()) {
    return Status::InvalidData("a row has " + std::to_string(values.size()) + " values, the table " +
                               std::to_string(rep_->types.size()) + " columns");
  }
  size_t i = 0;
  for (element value : values) {
    ASSIGN_OR_RETURN(Value parsed, ParseValue(value, rep_->types[i++]));
    row.values.push_back(std::move(parsed));
  }
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
