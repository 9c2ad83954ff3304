// KafkaOptions: the options of a kafka or upsert-kafka table, parsed and checked once: topics, where reading
// begins and ends, keys and values, how rows are written. Used when a statement is validated and again when
// source and sink are made.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "connectors/kafka/kafka_client.h"
#include "stream/table_spec.h"

namespace penstock {

// A place in every partition, resolved to offsets by kafka_enumerator.h.
struct KafkaPlace {
  enum class Mode : uint8_t { kUnbounded, kGroupOffsets, kEarliest, kLatest, kTimestamp, kSpecificOffsets };
  Mode mode = Mode::kUnbounded;
  int64_t timestamp_ms = 0;            // of kTimestamp
  std::map<int32_t, int64_t> offsets;  // of kSpecificOffsets, by partition
};

// What a table is used as: only the options of that use are checked.
enum class KafkaUse : uint8_t { kSource, kSink };

// The other connector; its name is also that of its factories.
inline constexpr const char* kUpsertKafka = "upsert-kafka";

// Read again where the sinks of a job are looked at together.
inline constexpr const char* kDeliveryGuaranteeOption = "sink.delivery-guarantee";
inline constexpr const char* kTransactionalIdPrefixOption = "sink.transactional-id-prefix";

enum class KafkaGuarantee : uint8_t { kNone, kAtLeastOnce, kExactlyOnce };

enum class KafkaPartitioner : uint8_t { kDefault, kFixed, kRoundRobin };

struct KafkaOptions {
  std::vector<std::string> topics;  // or a pattern
  std::string topic_pattern;
  KafkaPlace start{KafkaPlace::Mode::kGroupOffsets, 0, {}};
  KafkaPlace end;                 // kUnbounded: none
  std::string auto_offset_reset;  // "" where the user did not say
  std::string group_id;
  int64_t discovery_interval_ms = 300'000;  // 0: never

  std::string value_format_key = "format";  // or "value.format"
  std::string value_format;
  std::string key_format;  // "" without a key
  std::vector<std::string> key_fields;
  bool upsert = false;  // connector upsert-kafka: the primary key is the record's, no value deletes it
  std::string key_prefix;
  bool value_includes_key = true;

  KafkaPartitioner partitioner = KafkaPartitioner::kDefault;
  KafkaGuarantee guarantee = KafkaGuarantee::kAtLeastOnce;

  bool bounded() const { return end.mode != KafkaPlace::Mode::kUnbounded; }

  // Errors name the option; `table` is its full name.
  static Result<KafkaOptions> Parse(const std::string& table,
                                    const std::map<std::string, std::string>& options, KafkaUse use);
  // Of the connector upsert-kafka; `key`: the columns of the table's primary key.
  static Result<KafkaOptions> ParseUpsert(const std::string& table,
                                          std::map<std::string, std::string> options,
                                          const std::vector<std::string>& key, KafkaUse use);
  // Of either, as the option 'connector' says.
  static Result<KafkaOptions> ParseSpec(const TableSpec& spec, KafkaUse use);
};

// "partition:0,offset:42;partition:1,offset:300"
Result<std::map<int32_t, int64_t>> ParseSpecificOffsets(const std::string& key, const std::string& text);

}  // namespace penstock
