// Decimal arithmetic. Products and scaled dividends are held in 256 bits as two 128-bit halves; division by a
// 128-bit divisor is done bit by bit, which only values beyond 38 digits ever reach.
#include "data/decimal.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/check.h"

namespace penstock {

namespace {
constexpr auto kPowers = [] {
  std::array<int128_t, 39> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

uint128_t Magnitude(int128_t value) { return value < 0 ? uint128_t(0) - uint128_t(value) : uint128_t(value); }

struct Wide {
  uint128_t high = 0;
  uint128_t low = 0;
};

Wide MultiplyWide(uint128_t a, uint128_t b) {
  constexpr uint128_t kMask = ~uint64_t{0};
  uint128_t a0 = a & kMask, a1 = a >> 64, b0 = b & kMask, b1 = b >> 64;
  uint128_t p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0, p11 = a1 * b1;
  uint128_t middle = (p00 >> 64) + (p01 & kMask) + (p10 & kMask);
  return {p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64), (middle << 64) | (p00 & kMask)};
}

// Quotient and remainder of a 256-bit value; false when the quotient needs more than 128 bits.
bool DivideWide(Wide value, uint128_t divisor, uint128_t* quotient, uint128_t* remainder) {
  if (value.high == 0) {
    *quotient = value.low / divisor;
    *remainder = value.low % divisor;
    return true;
  }
  if (value.high >= divisor) return false;
  uint128_t rest = value.high, result = 0;
  for (int bit = 127; bit >= 0; --bit) {
    bool carry = (rest >> 127) != 0;
    rest = (rest << 1) | ((value.low >> bit) & 1);
    if (carry || rest >= divisor) {
      rest -= divisor;
      result |= uint128_t(1) << bit;
    }
  }
  *quotient = result;
  *remainder = rest;
  return true;
}

std::optional<int128_t> Signed(uint128_t magnitude, bool negative, int precision) {
  if (magnitude >= uint128_t(kPowers[static_cast<size_t>(precision)])) return std::nullopt;
  auto value = static_cast<int128_t>(magnitude);
  return negative ? -value : value;
}

// value / 10^digits, half up; digits may exceed 38.
std::optional<uint128_t> DropDigits(Wide value, int digits) {
  while (digits > 38) {
    uint128_t quotient = 0, remainder = 0;
    if (!DivideWide(value, uint128_t(kPowers[38]), &quotient, &remainder)) return std::nullopt;
    value = {0, quotient};
    digits -= 38;
  }
  uint128_t divisor = uint128_t(PowerOfTen(digits)), quotient = 0, remainder = 0;
  if (!DivideWide(value, divisor, &quotient, &remainder)) return std::nullopt;
  return quotient + (remainder >= divisor - remainder && remainder != 0 ? 1 : 0);
}
}  // namespace

int128_t PowerOfTen(int n) {
  CHECK(n >= 0 && n <= 38);
  return kPowers[static_cast<size_t>(n)];
}

bool FitsPrecision(int128_t unscaled, int precision) {
  return Magnitude(unscaled) < uint128_t(PowerOfTen(precision));
}

std::optional<int128_t> RescaleDecimal(int128_t unscaled, int from_scale, int to_precision, int to_scale) {
  bool negative = unscaled < 0;
  uint128_t magnitude = Magnitude(unscaled);
  if (to_scale < from_scale) {
    std::optional<uint128_t> dropped = DropDigits({0, magnitude}, from_scale - to_scale);
    return dropped ? Signed(*dropped, negative, to_precision) : std::nullopt;
  }
  if (to_scale - from_scale > 38) return magnitude == 0 ? std::optional<int128_t>(0) : std::nullopt;
  Wide scaled = MultiplyWide(magnitude, uint128_t(PowerOfTen(to_scale - from_scale)));
  return scaled.high != 0 ? std::nullopt : Signed(scaled.low, negative, to_precision);
}

std::optional<int128_t> AddDecimals(int128_t a, int a_scale, int128_t b, int b_scale, int precision,
                                    int scale) {
  int common = std::max(a_scale, b_scale);
  int128_t x = 0, y = 0, sum = 0;
  if (__builtin_mul_overflow(a, PowerOfTen(common - a_scale), &x) ||
      __builtin_mul_overflow(b, PowerOfTen(common - b_scale), &y) || __builtin_add_overflow(x, y, &sum)) {
    return std::nullopt;
  }
  return RescaleDecimal(sum, common, precision, scale);
}

std::optional<int128_t> MultiplyDecimals(int128_t a, int a_scale, int128_t b, int b_scale, int precision,
                                         int scale) {
  Wide product = MultiplyWide(Magnitude(a), Magnitude(b));
  bool negative = (a < 0) != (b < 0);
  int drop = a_scale + b_scale - scale;
  if (drop > 0) {
    std::optional<uint128_t> dropped = DropDigits(product, drop);
    return dropped ? Signed(*dropped, negative, precision) : std::nullopt;
  }
  if (product.high != 0) return std::nullopt;
  Wide scaled = MultiplyWide(product.low, uint128_t(PowerOfTen(-drop)));
  return scaled.high != 0 ? std::nullopt : Signed(scaled.low, negative, precision);
}

std::optional<int128_t> DivideDecimals(int128_t a, int a_scale, int128_t b, int b_scale, int precision,
                                       int scale) {
  CHECK(b != 0);
  // a/10^sa / (b/10^sb) * 10^s = a * 10^(s - sa + sb) / b
  int shift = scale - a_scale + b_scale;
  bool negative = (a < 0) != (b < 0);
  uint128_t divisor = Magnitude(b), quotient = 0, remainder = 0;
  Wide dividend{0, Magnitude(a)};
  if (shift >= 0) {
    if (shift > 38) return a == 0 ? std::optional<int128_t>(0) : std::nullopt;
    dividend = MultiplyWide(dividend.low, uint128_t(PowerOfTen(shift)));
  } else {
    Wide scaled = MultiplyWide(divisor, uint128_t(PowerOfTen(-shift)));
    if (scaled.high != 0) return int128_t(0);
    divisor = scaled.low;
  }
  if (!DivideWide(dividend, divisor, &quotient, &remainder)) return std::nullopt;
  if (remainder != 0 && remainder >= divisor - remainder) ++quotient;
  return Signed(quotient, negative, precision);
}

std::optional<int128_t> ModDecimals(int128_t a, int a_scale, int128_t b, int b_scale, int precision,
                                    int scale) {
  CHECK(b != 0);
  int common = std::max(a_scale, b_scale);
  int128_t x = 0, y = 0;
  if (__builtin_mul_overflow(a, PowerOfTen(common - a_scale), &x) ||
      __builtin_mul_overflow(b, PowerOfTen(common - b_scale), &y)) {
    return std::nullopt;
  }
  return RescaleDecimal(x % y, common, precision, scale);
}

int CompareDecimals(int128_t a, int a_scale, int128_t b, int b_scale) {
  if ((a < 0) != (b < 0)) return a < 0 ? -1 : 1;
  int common = std::max(a_scale, b_scale);
  Wide x = MultiplyWide(Magnitude(a), uint128_t(PowerOfTen(common - a_scale)));
  Wide y = MultiplyWide(Magnitude(b), uint128_t(PowerOfTen(common - b_scale)));
  int order = x.high != y.high ? (x.high < y.high ? -1 : 1) : x.low != y.low ? (x.low < y.low ? -1 : 1) : 0;
  return a < 0 ? -order : order;
}

std::optional<int128_t> ParseDecimal(std::string_view text, int precision, int scale) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\n'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\n'))
    text.remove_suffix(1);
  bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  int128_t digits = 0;
  int kept = 0, exponent = 0;
  bool any = false, point = false, round_up = false, dropped = false;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    char c = text[i];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    any = true;
    if (kept < 38) {
      digits = digits * 10 + (c - '0');
      if (digits != 0) ++kept;
      if (point) --exponent;
    } else {
      if (!dropped) round_up = c >= '5';
      dropped = true;
      if (!point) ++exponent;
    }
  }
  if (!any) return std::nullopt;
  if (i < text.size()) {
    if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
    std::string_view rest = text.substr(i + 1);
    if (!rest.empty() && rest.front() == '+') rest.remove_prefix(1);
    int given = 0;
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), given);
    if (error != std::errc() || end != rest.data() + rest.size() || given > 10000 || given < -10000) {
      return std::nullopt;
    }
    exponent += given;
  }
  if (round_up) ++digits;
  if (negative) digits = -digits;
  if (digits == 0) return int128_t(0);
  if (exponent > 38) return std::nullopt;
  if (exponent > 0) {
    int128_t scaled = 0;
    if (__builtin_mul_overflow(digits, PowerOfTen(exponent), &scaled)) return std::nullopt;
    return RescaleDecimal(scaled, 0, precision, scale);
  }
  return RescaleDecimal(digits, -exponent, precision, scale);
}

std::optional<int128_t> DecimalFromDouble(double value, int precision, int scale) {
  if (!std::isfinite(value)) return std::nullopt;
  // The shortest text that reads back the same: what BigDecimal.valueOf does.
  std::array<char, 64> text{};
  auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return ParseDecimal({text.data(), static_cast<size_t>(end - text.data())}, precision, scale);
}

double DecimalToDouble(int128_t unscaled, int scale) {
  // Exact for up to 15 digits; beyond that the text detour gives the nearest double.
  if (Magnitude(unscaled) < (uint128_t(1) << 53) && scale <= 22) {
    return static_cast<double>(static_cast<int64_t>(unscaled)) /
           static_cast<double>(static_cast<uint64_t>(scale <= 18 ? kPowers[static_cast<size_t>(scale)] : 1)) /
           (scale > 18 ? std::pow(10.0, scale) : 1.0);
  }
  std::string text = ToString(unscaled) + "e-" + std::to_string(scale);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string FormatDecimal(int128_t unscaled, int scale) {
  std::string digits = ToString(unscaled < 0 ? -unscaled : unscaled);
  if (scale > 0) {
    if (digits.size() <= static_cast<size_t>(scale))
      digits.insert(0, static_cast<size_t>(scale) + 1 - digits.size(), '0');
    digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  }
  return unscaled < 0 ? "-" + digits : digits;
}

std::string FormatDecimalStripped(int128_t unscaled, int scale) {
  if (unscaled == 0) return "0";
  while (unscaled % 10 == 0) {
    unscaled /= 10;
    --scale;
  }
  std::string digits = ToString(unscaled < 0 ? -unscaled : unscaled);
  int exponent = static_cast<int>(digits.size()) - 1 - scale;
  std::string text;
  if (scale >= 0 && exponent >= -6) {
    return FormatDecimal(unscaled, scale);
  }
  text = digits.substr(0, 1);
  if (digits.size() > 1) text += "." + digits.substr(1);
  text += std::string("E") + (exponent >= 0 ? "+" : "") + std::to_string(exponent);
  return unscaled < 0 ? "-" + text : text;
}

}  // namespace penstock
