// MurmurHash2 with Kafka's seed, little-endian.
#include "connectors/kafka/murmur2.h"

#include <cstring>

namespace penstock {

int32_t KafkaMurmur2(std::string_view bytes) {
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  const size_t size = bytes.size();
  uint32_t hash = 0x9747b28cU ^ static_cast<uint32_t>(size);
  size_t at = 0;
  for (; at + 4 <= size; at += 4) {
    uint32_t word;
    std::memcpy(&word, bytes.data() + at, 4);
    word *= kMultiplier;
    word ^= word >> 24;
    word *= kMultiplier;
    hash *= kMultiplier;
    hash ^= word;
  }
  auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + i])); };
  switch (size - at) {
    case 3: hash ^= byte(2) << 16; [[fallthrough]];
    case 2: hash ^= byte(1) << 8; [[fallthrough]];
    case 1: hash = (hash ^ byte(0)) * kMultiplier; break;
    default: break;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return static_cast<int32_t>(hash);
}

}  // namespace penstock
