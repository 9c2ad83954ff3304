// Functions that judge or rewrite a JSON text: IS JSON, JSON_QUOTE, JSON_UNQUOTE, PARSE_JSON.
#include <algorithm>

#include "data/value_text.h"
#include "expr/functions/text/register_text.h"
#include "expr/functions/text/text.h"
#include "expr/json/json_document.h"
#include "expr/json/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

using Text = std::string_view;

enum class Wanted { kValue, kObject, kArray, kScalar };

Function::Bind IsJson(Wanted wanted) {
  return RowFunction<bool(Text)>([wanted](Text text) {
    JsonDocument parsed;
    if (!parsed.Parse(text)) return false;
    switch (wanted) {
      case Wanted::kValue: return true;
      case Wanted::kObject: return parsed.root().kind == JsonKind::kObject;
      case Wanted::kArray: return parsed.root().kind == JsonKind::kArray;
      case Wanted::kScalar: return parsed.root().is_scalar();
    }
    return false;
  });
}

// Quotes a text and escapes what is no ASCII as UTF-16 units.
std::string Quote(Text text) {
  std::string out = "\"";
  static constexpr Text kEscaped = "\"\\/\b\f\n\r\t", kLetters = "\"\\/bfnrt";
  for (char16_t unit : ToUtf16(text)) {
    size_t found = unit < 128 ? kEscaped.find(static_cast<char>(unit)) : Text::npos;
    if (found != Text::npos) {
      out.push_back('\\');
      out.push_back(kLetters[found]);
    } else if (unit < 128) {
      out.push_back(static_cast<char>(unit));
    } else {
      char escape[8];
      snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(unit));
      out += escape;
    }
  }
  return out + "\"";
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// What stands between the outer quotes, without escapes; nullopt for a wrong escape.
std::optional<std::string> Unescape(Text text) {
  std::u16string units;
  std::u16string source = ToUtf16(text);
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != u'\\' || i + 1 >= source.size()) {
      units.push_back(source[i]);
      continue;
    }
    char16_t letter = source[++i];
    static constexpr Text kLetters = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    size_t found = letter < 128 ? kLetters.find(static_cast<char>(letter)) : Text::npos;
    if (found != Text::npos) {
      units.push_back(static_cast<char16_t>(kMeant[found]));
      continue;
    }
    if (letter != u'u' || i + 4 >= source.size()) return std::nullopt;
    int unit = 0;
    for (int k = 0; k < 4; ++k) {
      char16_t digit = source[++i];
      int value = digit < 128 ? HexValue(static_cast<char>(digit)) : -1;
      if (value < 0) return std::nullopt;
      unit = unit * 16 + value;
    }
    units.push_back(static_cast<char16_t>(unit));
  }
  return FromUtf16(units);
}

// A quoted text loses its quotes and escapes; all else, and what is no JSON, stays as it is.
Result<std::string> Unquote(Text text) {
  bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  JsonDocument document;
  if (!quoted || !document.Parse(text)) return std::string(text);
  std::optional<std::string> plain = Unescape(text.substr(1, text.size() - 2));
  if (!plain) return Status::InvalidData("JSON_UNQUOTE: illegal escape sequence");
  return *plain;
}

// ------------------------------------------------------------------------------------------ VARIANT

// A number as VARIANT prints it: decimals without trailing zeros, what has an exponent as a double.
std::string VariantNumber(const JsonNode& node) {
  if (node.kind == JsonKind::kInteger) return ScalarText(node);
  if (node.text.find_first_of("eE") != Text::npos || node.text.size() > 39)
    return FormatDouble(std::strtod(std::string(node.text).c_str(), nullptr));
  std::string text(node.text);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

void WriteVariant(const JsonNode& node, std::string* out) {
  switch (node.kind) {
    case JsonKind::kInteger:
    case JsonKind::kDecimal: out->append(VariantNumber(node)); return;
    case JsonKind::kArray:
      out->push_back('[');
      for (size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) out->push_back(',');
        WriteVariant(node.items[i], out);
      }
      out->push_back(']');
      return;
    case JsonKind::kObject: {
      std::vector<std::pair<Text, const JsonNode*>> members;
      for (size_t i = 0; i < node.keys.size(); ++i) members.emplace_back(node.keys[i], &node.items[i]);
      std::sort(members.begin(), members.end());
      out->push_back('{');
      for (size_t i = 0; i < members.size(); ++i) {
        if (i > 0) out->push_back(',');
        AppendJsonString(members[i].first, out);
        out->push_back(':');
        WriteVariant(*members[i].second, out);
      }
      out->push_back('}');
      return;
    }
    default: AppendJson(node, out);
  }
}

// The canonical JSON text of a variant.
Result<std::string> ParseVariant(Text text, bool allow_duplicates) {
  JsonDocument document;
  if (!document.Parse(text) || document.had_trailing_text())
    return Status::InvalidData("Failed to parse json string: " + std::string(text.substr(0, 200)));
  if (document.had_duplicates() && !allow_duplicates)
    return Status::InvalidData("Failed to parse json string: VARIANT_DUPLICATE_KEY");
  std::string out;
  WriteVariant(document.root(), &out);
  return out;
}

Kernel BindParseJson(const CallSite& site, bool nulls_on_error) {
  return ForEachRow(site.result, [=](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    if (args[0]->IsNull(row) || (args.size() == 2 && args[1]->IsNull(row))) {
      out->AppendNull();
      return Status::Ok();
    }
    bool allow = args.size() == 2 && args[1]->At<uint8_t>(row) != 0;
    Result<std::string> variant = ParseVariant(args[0]->StringAt(row), allow);
    if (variant) {
      out->AppendString(*variant);
    } else if (nulls_on_error) {
      out->AppendNull();
    } else {
      return variant.error();
    }
    return Status::Ok();
  });
}

void RegisterParseJson(FunctionRegistry* registry, const char* name, bool nulls_on_error) {
  registry
      ->Add(name,
            Resolver({.name = name,
                      .args = {Family::kCharacter, Family::kBoolean},
                      .required = 1,
                      .result = [](std::span<const ArgInfo>) { return DataType::Variant(); },
                      .nullability = nulls_on_error ? Nullability::kAlways : Nullability::kIfAnyArgument}),
            [nulls_on_error](const CallSite& site) { return BindParseJson(site, nulls_on_error); })
      .set_may_fail(!nulls_on_error);
}

}  // namespace

void RegisterJsonTexts(FunctionRegistry* registry) {
  struct {
    const char* name;
    Wanted wanted;
  } const kTests[] = {{"IS JSON", Wanted::kValue},
                      {"IS JSON VALUE", Wanted::kValue},
                      {"IS JSON OBJECT", Wanted::kObject},
                      {"IS JSON ARRAY", Wanted::kArray},
                      {"IS JSON SCALAR", Wanted::kScalar}};
  for (const auto& test : kTests)
    registry->Add(test.name, Fixed(test.name, {Family::kCharacter}, DataType::Boolean()),
                  IsJson(test.wanted));
  registry->Add("JSON_QUOTE", Fixed("JSON_QUOTE", {Family::kCharacter}, DataType::String()),
                RowFunction<std::string(Text)>(Quote));
  registry
      ->Add("JSON_UNQUOTE", Fixed("JSON_UNQUOTE", {Family::kCharacter}, DataType::String()),
            RowFunction<Result<std::string>(Text)>(Unquote))
      .set_may_fail(true);
  RegisterParseJson(registry, "PARSE_JSON", false);
  RegisterParseJson(registry, "TRY_PARSE_JSON", true);
}

void RegisterJson(FunctionRegistry* registry) {
  RegisterJsonQueries(registry);
  RegisterJsonConstructors(registry);
  RegisterJsonTexts(registry);
}

}  // namespace penstock
