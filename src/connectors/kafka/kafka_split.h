// KafkaSplit: a partition of a table and how far it was read: what a savepoint stores of it
// (docs/formats/kafka_split.md has the bytes).
#pragma once

#include <string>

#include "base/status.h"
#include "connectors/kafka/kafka_client.h"
#include "stream/source.h"

namespace penstock {

struct KafkaSplit {
  KafkaPartition partition;
  int64_t next_offset = kKafkaEarliest;  // the next one to read
  int64_t stop_offset = kNoKafkaOffset;  // the first one not to read; kNoKafkaOffset: none
  std::string topic_id;                  // "" where it is not known
  int32_t leader_epoch = -1;             // of the last record that was read

  // Nothing is left before the stop offset.
  bool finished() const {
    return stop_offset != kNoKafkaOffset && next_offset >= stop_offset && next_offset >= 0;
  }

  SourceSplit ToSplit() const;
  static Result<KafkaSplit> Parse(const SourceSplit& split);
};

}  // namespace penstock
