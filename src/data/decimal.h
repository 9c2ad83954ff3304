// DECIMAL arithmetic on unscaled 128-bit integers: the rules of Flink and java.math.BigDecimal (round half
// up, NULL on overflow is the caller's: every function here says whether the result fits).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/int128.h"

namespace penstock {

// 10^n for 0 <= n <= 38.
int128_t PowerOfTen(int n);

// True when the unscaled value has at most `precision` digits.
bool FitsPrecision(int128_t unscaled, int precision);

// Changes the scale, rounding half up, and checks the new precision.
std::optional<int128_t> RescaleDecimal(int128_t unscaled, int from_scale, int to_precision, int to_scale);

std::optional<int128_t> AddDecimals(int128_t a, int a_scale, int128_t b, int b_scale, int precision,
                                    int scale);
std::optional<int128_t> MultiplyDecimals(int128_t a, int a_scale, int128_t b, int b_scale, int precision,
                                         int scale);
// REQUIRES: b != 0.
std::optional<int128_t> DivideDecimals(int128_t a, int a_scale, int128_t b, int b_scale, int precision,
                                       int scale);
// Remainder with the dividend's sign. REQUIRES: b != 0.
std::optional<int128_t> ModDecimals(int128_t a, int a_scale, int128_t b, int b_scale, int precision,
                                    int scale);

// -1, 0, 1: compares values of different scales exactly.
int CompareDecimals(int128_t a, int a_scale, int128_t b, int b_scale);

// Text such as "-12.50", "1e3", " 7 " to an unscaled value; nullopt when it is no number or does not fit.
std::optional<int128_t> ParseDecimal(std::string_view text, int precision, int scale);
std::optional<int128_t> DecimalFromDouble(double value, int precision, int scale);
double DecimalToDouble(int128_t unscaled, int scale);

// Plain notation with exactly `scale` fraction digits: "4.00".
std::string FormatDecimal(int128_t unscaled, int scale);
// As BigDecimal.stripTrailingZeros().toString(): "1E+2", "2.7E-8": Flink's json format without
// as-plain-number.
std::string FormatDecimalStripped(int128_t unscaled, int scale);

}  // namespace penstock
