// KafkaRowLayout: which column of a kafka table is in the key, in the value or metadata of a record. The same
// for reading and writing; what Flink calls key and value projection.
#pragma once

#include <string>
#include <vector>

#include "connectors/kafka/kafka_options.h"
#include "formats/format.h"
#include "stream/table_spec.h"

namespace penstock {

// In the order of KafkaMetadataColumns().
enum class KafkaMetadata : uint8_t {
  kTopic,
  kPartition,
  kOffset,
  kLeaderEpoch,
  kTimestamp,
  kTimestampType,
  kHeaders
};

// Where the value of one column of the table is found.
struct KafkaColumn {
  enum class Place : uint8_t { kKey, kValue, kMetadata };
  Place place = Place::kValue;
  int index = 0;                                   // among the columns of that place
  KafkaMetadata metadata = KafkaMetadata::kTopic;  // of kMetadata
  DataType type;
};

struct KafkaRowLayout {
  std::vector<KafkaColumn> columns;  // of TableSpec::columns, in order
  std::vector<int> key_columns;      // indices of TableSpec::columns, by index of kKey
  std::vector<int> value_columns;    // the same of kValue
  const Format* value_format = nullptr;
  const Format* key_format = nullptr;  // null without a key
  FormatRequest value, key;

  // `writing`: key columns are also written into the value unless the table says EXCEPT_KEY.
  static Result<KafkaRowLayout> Make(const TableSpec& spec, const KafkaOptions& options, bool writing);
  // Gives the formats what they need from outside; before they check anything or make decoders and encoders.
  Status AttachResources();
};

// The metadata columns that Flink's connector has, and the one of that name, if any.
const std::vector<MetadataColumn>& KafkaMetadataColumns();
Result<KafkaMetadata> FindKafkaMetadata(const std::string& key, const DataType& type);

}  // namespace penstock
