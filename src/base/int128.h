// The 128-bit integer under DECIMAL and TIMESTAMP(7..9). A compiler extension, named once here so that
// -Wpedantic users of our headers and other compilers have one line to change.
#pragma once

#include <string>

namespace penstock {

__extension__ typedef __int128 int128_t;
__extension__ typedef unsigned __int128 uint128_t;

inline std::string ToString(int128_t value) {
  if (value == 0) return "0";
  bool negative = value < 0;
  uint128_t rest = negative ? uint128_t(0) - uint128_t(value) : uint128_t(value);
  std::string digits;
  for (; rest != 0; rest /= 10) digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
  if (negative) digits.push_back('-');
  return {digits.rbegin(), digits.rend()};
}

}  // namespace penstock
