// Kafka's key hash, as org.apache.kafka.common.utils.Utils.murmur2, and the partition that Java's default
// partitioner gives a key: rows of a key must meet those that other producers wrote.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock {

int32_t KafkaMurmur2(std::string_view bytes);

inline int32_t KafkaPartitionOf(std::string_view key, int32_t partitions) {
  return (KafkaMurmur2(key) & 0x7fffffff) % partitions;
}

}  // namespace penstock
