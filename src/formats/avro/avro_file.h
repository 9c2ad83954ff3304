// Avro's object container files as a bulk format: a header with the schema, then blocks of records that can
// be read alone, each compressed and followed by the file's sync marker. Source: Apache Avro 1.12
// specification, "Object Container Files".
#pragma once

#include <memory>

#include "formats/avro/avro_codec.h"
#include "formats/avro/avro_schema.h"
#include "formats/format.h"

namespace penstock {

// Groups are blocks. `reader`: null to read the file's own schema's fields. The source outlives the reader.
Result<std::unique_ptr<BulkReader>> OpenAvroFile(ByteSource* source, AvroSchemaPtr reader,
                                                 const std::vector<Field>& columns);

// The same writer is given rows of `columns`; fields and values go by `schema`. The sink outlives the writer.
Result<std::unique_ptr<BulkWriter>> NewAvroFile(ByteSink* sink, AvroSchemaPtr schema,
                                                const std::vector<Field>& columns, AvroCodec codec);

}  // namespace penstock
