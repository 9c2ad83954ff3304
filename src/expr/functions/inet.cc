// IPv4 addresses as numbers: INET_ATON and INET_NTOA, as MySQL has them.
#include "expr/functions/text/register_text.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

// "a.b.c.d", or shorter: "a.b" is a.0.0.b, "a.b.c" is a.b.0.c, "a" the number itself. NULL for all else.
std::optional<int64_t> AddressToNumber(std::string_view text) {
  int64_t parts[4];
  size_t count = 0, digits = 0;
  int64_t value = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '.') {
      if (count == 4 || digits == 0) return std::nullopt;
      parts[count++] = value;
      value = 0;
      digits = 0;
      continue;
    }
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
    if (value > 0xffffffffLL) return std::nullopt;
    ++digits;
  }
  if (count == 1) return parts[0];
  static const int kShifts[5][4] = {{}, {}, {24, 0}, {24, 16, 0}, {24, 16, 8, 0}};
  int64_t number = 0;
  for (size_t i = 0; i < count; ++i) {
    if (parts[i] > 255) return std::nullopt;
    number |= parts[i] << kShifts[count][i];
  }
  return number;
}

std::optional<std::string> NumberToAddress(int64_t number) {
  if (number < 0 || number > 0xffffffffLL) return std::nullopt;
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string(number >> shift & 255);
    if (shift > 0) text += '.';
  }
  return text;
}

}  // namespace

void RegisterInet(FunctionRegistry* registry) {
  registry->Add("INET_ATON",
                Fixed("INET_ATON", {Family::kCharacter}, DataType::BigInt(), Nullability::kAlways),
                RowFunction<std::optional<int64_t>(std::string_view)>(AddressToNumber));
  registry->Add("INET_NTOA", Fixed("INET_NTOA", {Family::kBigInt}, DataType::String(), Nullability::kAlways),
                RowFunction<std::optional<std::string>(int64_t)>(NumberToAddress));
}

}  // namespace penstock
