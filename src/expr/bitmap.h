// BITMAP: a set of unsigned 32-bit integers, stored as the sorted members, little-endian, 4 bytes each. Set
// operations over that form, and the portable serialisation of RoaringBitmap for exchange with other systems.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

using BitmapMembers = std::vector<uint32_t>;  // ascending, without doubles

BitmapMembers DecodeBitmap(std::string_view stored);
std::string EncodeBitmap(const BitmapMembers& members);
inline int64_t BitmapSize(std::string_view stored) {
  return static_cast<int64_t>(stored.size() / sizeof(uint32_t));
}

enum class BitmapOp : uint8_t { kAnd, kOr, kXor, kAndNot };
std::string CombineBitmaps(BitmapOp op, std::string_view a, std::string_view b);

// "{1,2,4294967295}"
std::string BitmapToText(std::string_view stored);

// RoaringBitmap's portable format. Source: github.com/RoaringBitmap/RoaringFormatSpec. nullopt: malformed
// bytes.
std::string BitmapToRoaring(std::string_view stored);
std::optional<std::string> BitmapFromRoaring(std::string_view bytes);

}  // namespace penstock
