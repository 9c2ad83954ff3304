// The Avro schema of a table's columns, by the mapping of Flink's AvroSchemaConverter: the schema that
// records are written with, and the reader's schema where a table names none of its own.
#pragma once

#include <string>
#include <vector>

#include "data/data_type.h"
#include "formats/avro/avro_schema.h"

namespace penstock {

// How TIMESTAMP and TIMESTAMP_LTZ are written.
enum class AvroTimestamps : uint8_t {
  kLegacy,   // TIMESTAMP(0..3) as timestamp-millis, TIMESTAMP_LTZ not at all
  kCorrect,  // TIMESTAMP as local-timestamp-*, TIMESTAMP_LTZ as timestamp-*, up to 6 digits
};

// A record with a field for each column. Nullable columns are unions with null, default null. An error names
// the column that Avro has no form for. `name`: the record's full name.
Result<AvroSchemaPtr> AvroSchemaOf(const std::vector<Field>& columns, AvroTimestamps timestamps,
                                   const std::string& name = "org.apache.flink.avro.generated.record");

}  // namespace penstock
