// PRINTF: java.util.Formatter with Locale.US over SQL values. A format that is wrong, or that does not fit
// its arguments, gives NULL.
#include <cmath>

#include "data/value_text.h"
#include "expr/functions/text/register_text.h"
#include "expr/functions/text/text.h"
#include "expr/signature.h"

namespace penstock {

namespace {

using Text = std::string_view;
using MaybeText = std::optional<std::string>;

struct Directive {
  int index = 0;  // 1-based, 0: the next one
  std::string flags;
  int width = -1;
  int precision = -1;
  char conversion = 0;
  bool Has(char flag) const { return flags.find(flag) != std::string::npos; }
};

int ReadNumber(Text text, size_t* at) {
  int number = -1;
  for (; *at < text.size() && text[*at] >= '0' && text[*at] <= '9' && number < 100'000'000; ++*at)
    number = std::max(number, 0) * 10 + (text[*at] - '0');
  return number;
}

// Reads what follows a '%'.
bool ReadDirective(Text format, size_t* at, Directive* out) {
  size_t begin = *at;
  int number = ReadNumber(format, at);
  if (number > 0 && *at < format.size() && format[*at] == '$') {
    out->index = number;
    ++*at;
  } else {
    *at = begin;
  }
  while (*at < format.size() && Text("-#+ 0,(").find(format[*at]) != Text::npos) {
    if (out->Has(format[*at])) return false;
    out->flags.push_back(format[(*at)++]);
  }
  out->width = ReadNumber(format, at);
  if (*at < format.size() && format[*at] == '.') {
    ++*at;
    out->precision = ReadNumber(format, at);
    if (out->precision < 0) return false;
  }
  if (out->width > 1'000'000 || out->precision > 1'000'000) return false;
  if ((out->Has('-') || out->Has('0')) && out->width < 0) return false;
  if (*at >= format.size()) return false;
  out->conversion = format[(*at)++];
  return true;
}

std::string Padded(const Directive& directive, std::string text) {
  int64_t missing = directive.width - CountCodePoints(text);
  if (missing <= 0) return text;
  std::string spaces(static_cast<size_t>(missing), ' ');
  return directive.Has('-') ? text + spaces : spaces + text;
}

// Adds the sign, the group separators and leading zeros to the digits of a number.
std::string Signed(const Directive& directive, bool negative, std::string digits) {
  if (directive.Has(',')) {
    size_t point = std::min(digits.find('.'), digits.size());
    for (int64_t i = static_cast<int64_t>(point) - 3; i > 0; i -= 3)
      digits.insert(static_cast<size_t>(i), 1, ',');
  }
  std::string before = negative             ? (directive.Has('(') ? "(" : "-")
                       : directive.Has('+') ? "+"
                       : directive.Has(' ') ? " "
                                            : "";
  std::string after = negative && directive.Has('(') ? ")" : "";
  auto length = static_cast<int64_t>(before.size() + digits.size() + after.size());
  if (directive.Has('0') && length < directive.width)
    digits.insert(0, static_cast<size_t>(directive.width - length), '0');
  return before + digits + after;
}

MaybeText FormatInteger(const Directive& directive, const Value& value, const DataType& type) {
  if (!type.is_integer() || directive.precision >= 0) return std::nullopt;
  int64_t number = value.as_int();
  bool negative = number < 0;
  uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  if (directive.conversion == 'd') {
    if (directive.Has('#')) return std::nullopt;
    return Signed(directive, negative, std::to_string(magnitude));
  }
  int bits = type.is(TypeKind::kTinyInt)    ? 8
             : type.is(TypeKind::kSmallInt) ? 16
             : type.is(TypeKind::kInt)      ? 32
                                            : 64;
  auto raw = static_cast<uint64_t>(number);
  if (bits < 64) raw &= (uint64_t{1} << bits) - 1;
  bool octal = directive.conversion == 'o';
  char text[32];
  snprintf(text, sizeof(text), octal ? "%lo" : "%lx", static_cast<unsigned long>(raw));
  std::string digits = (directive.Has('#') ? (octal ? "0" : "0x") : "") + std::string(text);
  if (directive.Has('0') && static_cast<int>(digits.size()) < directive.width)
    digits.insert(0, static_cast<size_t>(directive.width) - digits.size(), '0');
  return digits;
}

MaybeText FormatReal(const Directive& directive, const Value& value, const DataType& type) {
  if (!type.is_approximate() || directive.Has('#')) return std::nullopt;
  double number = value.as_double();
  if (std::isnan(number)) return std::string("NaN");
  bool negative = std::signbit(number);
  if (std::isinf(number))
    return Signed({0, directive.Has('(') ? "(" : "", -1, -1, 'f'}, negative, "Infinity");
  int precision = directive.precision < 0 ? 6 : directive.precision;
  char conversion = static_cast<char>(directive.conversion | 32);
  double magnitude = std::fabs(number);
  if (conversion == 'g') {  // Java's %g never drops zeros and counts significant digits
    if (precision == 0) precision = 1;
    if (magnitude != 0 && (magnitude < 1e-4 || magnitude >= std::pow(10, precision))) {
      conversion = 'e';
      precision -= 1;
    } else {
      conversion = 'f';
      precision -= magnitude == 0 ? 1 : static_cast<int>(std::floor(std::log10(magnitude))) + 1;
      precision = std::max(precision, 0);
    }
  }
  std::string pattern = std::string("%.*") + conversion, digits(512 + static_cast<size_t>(precision), '\0');
  int length = snprintf(digits.data(), digits.size(), pattern.c_str(), precision, magnitude);
  digits.resize(static_cast<size_t>(std::max(length, 0)));
  return Signed(directive, negative, digits);
}

MaybeText FormatCharacter(const Value& value, const DataType& type) {
  if (!type.is_integer() || value.as_int() < 0 || value.as_int() > 0x10ffff) return std::nullopt;
  std::string text;
  AppendCodePoint(&text, static_cast<char32_t>(value.as_int()));
  return text;
}

// What an object's toString gives.
std::string PlainText(const Value& value, const DataType& type) {
  if (value.is_null()) return "null";
  if (type.is(TypeKind::kBoolean)) return value.as_bool() ? "true" : "false";
  return ValueToText(value, type, TimeZone::Utc());
}

MaybeText FormatOne(const Directive& directive, const Value& value, const DataType& type) {
  char conversion = directive.conversion;
  bool upper = conversion >= 'A' && conversion <= 'Z';
  MaybeText text;
  auto cut = [&](const std::string& whole) {
    return directive.precision < 0 ? whole : whole.substr(0, CodePointOffset(whole, directive.precision));
  };
  switch (upper ? conversion | 32 : conversion) {
    case 's': text = cut(PlainText(value, type)); break;
    case 'b':
      text = cut(value.is_null()                                   ? "false"
                 : type.is(TypeKind::kBoolean) && !value.as_bool() ? "false"
                                                                   : "true");
      break;
    case 'd':
    case 'o':
    case 'x':
      if (upper && conversion != 'X') return std::nullopt;
      text = value.is_null() ? "null" : FormatInteger(directive, value, type);
      break;
    case 'e':
    case 'f':
    case 'g':
      if (conversion == 'F') return std::nullopt;
      text = value.is_null() ? "null" : FormatReal(directive, value, type);
      break;
    case 'c': text = value.is_null() ? "null" : FormatCharacter(value, type); break;
    default: return std::nullopt;
  }
  if (!text) return std::nullopt;
  return Padded(directive, upper ? ToUpperUnicode(*text) : *text);
}

MaybeText FormatAll(Text format, std::span<const ColumnPtr> args, std::span<const DataType> types,
                    int64_t row) {
  std::string out;
  size_t next = 0;
  for (size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      out.push_back(format[at++]);
      continue;
    }
    ++at;
    Directive directive;
    if (!ReadDirective(format, &at, &directive)) return std::nullopt;
    if (directive.conversion == 'n' || directive.conversion == '%') {
      out += Padded(directive, directive.conversion == 'n' ? "\n" : "%");
      continue;
    }
    size_t index = directive.index > 0 ? static_cast<size_t>(directive.index) - 1 : next++;
    if (index >= args.size()) return std::nullopt;
    MaybeText text = FormatOne(directive, args[index]->ValueAt(row), types[index]);
    if (!text) return std::nullopt;
    out += *text;
  }
  return out;
}

Result<Signature> ResolvePrintf(std::span<const ArgInfo> args) {
  if (args.empty() || !Matches(Family::kCharacter, args[0].type))
    return BadArguments("PRINTF", "format <CHARACTER_STRING>, obj <ANY>...");
  Signature signature{{CoerceTo(Family::kCharacter, args[0].type)}, DataType::String()};
  for (const ArgInfo& arg : args.subspan(1))
    signature.args.push_back(arg.type.is(TypeKind::kNull) ? DataType::String() : arg.type);
  return signature;
}

Kernel BindPrintf(const CallSite& site) {
  std::vector<DataType> types(site.args.begin() + 1, site.args.end());
  return ForEachRow(site.result, [types](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    MaybeText text;
    if (!args[0]->IsNull(row)) text = FormatAll(args[0]->StringAt(row), args.subspan(1), types, row);
    if (text) {
      out->AppendString(*text);
    } else {
      out->AppendNull();
    }
    return Status::Ok();
  });
}

}  // namespace

void RegisterPrintf(FunctionRegistry* registry) { registry->Add("PRINTF", ResolvePrintf, BindPrintf); }

}  // namespace penstock
