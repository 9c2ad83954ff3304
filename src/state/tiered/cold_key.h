// How ColdTable's keys begin; see there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

inline constexpr char kColdEntries = 'e';
inline constexpr char kColdChanges = 'c';
// Key group and lower half of the hash.
inline constexpr size_t kColdGroupBytes = sizeof(uint16_t) + sizeof(uint32_t);

template <typename T>
void AppendBigEndian(T value, std::string* out) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8)
    out->push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift & 0xff));
}

inline std::string ColdEpoch(char table, uint32_t prefix, uint32_t epoch) {
  std::string key(1, table);
  AppendBigEndian(prefix, &key);
  if (table == kColdChanges) AppendBigEndian(epoch, &key);
  return key;
}

inline std::string ColdSpace(char table, uint32_t prefix, uint32_t epoch, int64_t name_space) {
  std::string key = ColdEpoch(table, prefix, epoch);
  AppendBigEndian(static_cast<uint64_t>(name_space) ^ uint64_t{1} << 63, &key);
  return key;
}

inline void AppendColdGroup(int group, std::string* key) {
  AppendBigEndian(static_cast<uint16_t>(group), key);
}

// The namespace that a key goes on with behind its table and prefix.
inline int64_t ColdNamespace(std::string_view rest) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(value) && i < rest.size(); ++i)
    value = value << 8 | static_cast<uint8_t>(rest[i]);
  return static_cast<int64_t>(value ^ uint64_t{1} << 63);
}

// The lower half of the hash, where a key goes on behind its group.
inline uint32_t ColdLow(std::string_view rest) {
  uint32_t low = 0;
  for (size_t i = 0; i < sizeof(low) && i < rest.size(); ++i) low = low << 8 | static_cast<uint8_t>(rest[i]);
  return low;
}

// The first key that is behind all that start so. REQUIRES: not all bytes are the highest.
inline std::string AfterPrefix(std::string start) {
  while (static_cast<unsigned char>(start.back()) == 0xff) start.pop_back();
  ++start.back();
  return start;
}

}  // namespace penstock
