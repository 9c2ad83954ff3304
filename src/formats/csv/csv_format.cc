// Options and types of the csv format.
#include "formats/csv/csv_format.h"

#include <algorithm>

#include "formats/csv/csv_decoder.h"
#include "formats/csv/csv_encoder.h"

namespace penstock {

namespace {

// Java escapes, as Flink allows them in delimiters: \t, \u0001.
std::string Unescape(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    char c = text[++i];
    if (c == 'u' && i + 4 < text.size()) {
      out.push_back(static_cast<char>(std::strtol(text.substr(i + 1, 4).c_str(), nullptr, 16)));
      i += 4;
    } else {
      out.push_back(c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c);
    }
  }
  return out;
}

Result<char> OneCharacter(const FormatRequest& request, const std::string& key, const std::string& fallback) {
  std::string text = request.option(key, fallback);
  if (text.size() > 1) text = Unescape(text);
  if (text.size() == 1) return text[0];
  return request.BadOption(key, "a single character");
}

bool IsScalar(const DataType& type) {
  return type.is_numeric() || type.is_character() || type.is_binary() || type.is_datetime() ||
         type.is_interval() || type.is(TypeKind::kBoolean);
}

Status CheckType(const DataType& type) {
  bool fits = IsScalar(type) || (type.is(TypeKind::kArray) && IsScalar(type.element()));
  if (type.is(TypeKind::kRow)) {
    fits = std::all_of(type.fields().begin(), type.fields().end(),
                       [](const Field& field) { return IsScalar(field.type); });
  }
  if (fits) return Status::Ok();
  return SqlError(ErrorNumber::kTypeMismatch, {}, "the csv format has no form for " + type.ToString());
}

}  // namespace

Result<CsvOptions> CsvOptions::Parse(const FormatRequest& request) {
  CsvOptions options;
  ASSIGN_OR_RETURN(options.delimiter, OneCharacter(request, "field-delimiter", ","));
  ASSIGN_OR_RETURN(bool unquoted, request.BoolOption("disable-quote-character", false));
  if (unquoted) {
    if (request.options.contains("quote-character")) {
      return SqlError(ErrorNumber::kBadOption, {},
                      "options '" + request.prefix + "quote-character' and '" + request.prefix +
                          "disable-quote-character' exclude each other");
    }
    options.quote.reset();
  } else {
    ASSIGN_OR_RETURN(options.quote, OneCharacter(request, "quote-character", "\""));
  }
  if (request.options.contains("escape-character")) {
    ASSIGN_OR_RETURN(options.escape, OneCharacter(request, "escape-character", ""));
  }
  ASSIGN_OR_RETURN(options.allow_comments, request.BoolOption("allow-comments", false));
  ASSIGN_OR_RETURN(options.ignore_parse_errors, request.BoolOption("ignore-parse-errors", false));
  ASSIGN_OR_RETURN(options.scientific_decimals,
                   request.BoolOption("write-bigdecimal-in-scientific-notation", true));
  options.array_delimiter = Unescape(request.option("array-element-delimiter", ";"));
  if (options.array_delimiter.empty()) return request.BadOption("array-element-delimiter", "not empty");
  if (request.options.contains("null-literal")) options.null_literal = request.option("null-literal");
  return options;
}

std::vector<std::string> CsvFormat::options() const {
  return {"field-delimiter",
          "disable-quote-character",
          "quote-character",
          "allow-comments",
          "ignore-parse-errors",
          "array-element-delimiter",
          "escape-character",
          "null-literal",
          "write-bigdecimal-in-scientific-notation"};
}

Status CsvFormat::Check(const FormatRequest& request) const {
  RETURN_IF_ERROR(CsvOptions::Parse(request).status());
  for (const Field& column : request.stored) RETURN_IF_ERROR(CheckType(column.type));
  return Status::Ok();
}

Result<std::unique_ptr<Decoder>> CsvFormat::NewDecoder(const FormatRequest& request) const {
  RETURN_IF_ERROR(Check(request));
  ASSIGN_OR_RETURN(CsvOptions options, CsvOptions::Parse(request));
  return std::unique_ptr<Decoder>(new CsvDecoder(request, std::move(options)));
}

Result<std::unique_ptr<Encoder>> CsvFormat::NewEncoder(const FormatRequest& request) const {
  RETURN_IF_ERROR(Check(request));
  ASSIGN_OR_RETURN(CsvOptions options, CsvOptions::Parse(request));
  return std::unique_ptr<Encoder>(new CsvEncoder(request.columns, std::move(options)));
}

}  // namespace penstock
