// Options and types of the json format.
#include "formats/json/json_format.h"

#include "base/strings.h"
#include "formats/json/json_decoder.h"
#include "formats/json/json_encoder.h"

namespace penstock {

namespace {

Status CheckType(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kBitmap:
    case TypeKind::kNull:
    case TypeKind::kDescriptor:
    case TypeKind::kSymbol:
      return SqlError(ErrorNumber::kTypeMismatch, {}, "the json format has no form for " + type.ToString());
    case TypeKind::kMap:
    case TypeKind::kMultiset: {
      const DataType& key = type.is(TypeKind::kMap) ? type.map_key() : type.element();
      if (!key.is_character()) {
        return SqlError(ErrorNumber::kTypeMismatch, {},
                        "the json format doesn't support non-string as key type of " + type.ToString());
      }
      return type.is(TypeKind::kMap) ? CheckType(type.map_value()) : Status::Ok();
    }
    case TypeKind::kArray: return CheckType(type.element());
    case TypeKind::kRow:
      for (const Field& field : type.fields()) RETURN_IF_ERROR(CheckType(field.type));
      return Status::Ok();
    default: return Status::Ok();
  }
}

}  // namespace

Result<JsonOptions> JsonOptions::Parse(const FormatRequest& request) {
  JsonOptions options;
  ASSIGN_OR_RETURN(options.fail_on_missing_field, request.BoolOption("fail-on-missing-field", false));
  ASSIGN_OR_RETURN(options.ignore_parse_errors, request.BoolOption("ignore-parse-errors", false));
  ASSIGN_OR_RETURN(options.decimal_as_plain_number,
                   request.BoolOption("encode.decimal-as-plain-number", false));
  ASSIGN_OR_RETURN(options.ignore_null_fields, request.BoolOption("encode.ignore-null-fields", false));
  RETURN_IF_ERROR(request.BoolOption("decode.json-parser.enabled", true).status());
  if (options.fail_on_missing_field && options.ignore_parse_errors) {
    return SqlError(ErrorNumber::kBadOption, {},
                    "options '" + request.prefix + "fail-on-missing-field' and '" + request.prefix +
                        "ignore-parse-errors' shouldn't both be true");
  }
  std::string standard = request.option("timestamp-format.standard", "SQL");
  if (standard == "ISO-8601")
    options.timestamps = TimestampStandard::kIso8601;
  else if (standard != "SQL")
    return request.BadOption("timestamp-format.standard", "SQL or ISO-8601");
  std::string mode = ToUpperAscii(request.option("map-null-key.mode", "FAIL"));
  if (mode == "DROP")
    options.null_keys = NullKeys::kDrop;
  else if (mode == "LITERAL")
    options.null_keys = NullKeys::kLiteral;
  else if (mode != "FAIL")
    return request.BadOption("map-null-key.mode", "FAIL, DROP or LITERAL");
  options.null_key_literal = request.option("map-null-key.literal", "null");
  return options;
}

std::vector<std::string> JsonFormat::options() const {
  return {"fail-on-missing-field",     "ignore-parse-errors",       "timestamp-format.standard",
          "map-null-key.mode",         "map-null-key.literal",      "encode.decimal-as-plain-number",
          "encode.ignore-null-fields", "decode.json-parser.enabled"};
}

Status JsonFormat::Check(const FormatRequest& request) const {
  RETURN_IF_ERROR(JsonOptions::Parse(request).status());
  for (const Field& column : request.columns) RETURN_IF_ERROR(CheckType(column.type));
  return Status::Ok();
}

Result<std::unique_ptr<Decoder>> JsonFormat::NewDecoder(const FormatRequest& request) const {
  RETURN_IF_ERROR(Check(request));
  ASSIGN_OR_RETURN(JsonOptions options, JsonOptions::Parse(request));
  return std::unique_ptr<Decoder>(new JsonDecoder(request.columns, options, request.on_bad_record));
}

Result<std::unique_ptr<Encoder>> JsonFormat::NewEncoder(const FormatRequest& request) const {
  RETURN_IF_ERROR(Check(request));
  ASSIGN_OR_RETURN(JsonOptions options, JsonOptions::Parse(request));
  return std::unique_ptr<Encoder>(new JsonEncoder(request.columns, options));
}

}  // namespace penstock
