// The primitives of Avro's binary encoding, for writing. Source: Apache Avro 1.12 specification, "Binary
// Encoding".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

// int, long, enum, branch, count: zigzag varint.
inline void AppendAvroLong(int64_t value, std::string* out) {
  auto bits = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  while (bits >= 0x80) {
    out->push_back(static_cast<char>(bits | 0x80));
    bits >>= 7;
  }
  out->push_back(static_cast<char>(bits));
}

inline void AppendAvroBytes(std::string_view bytes, std::string* out) {
  AppendAvroLong(static_cast<int64_t>(bytes.size()), out);
  out->append(bytes);
}

// float and double, little-endian.
template <typename T>
void AppendAvroFixed(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace penstock
