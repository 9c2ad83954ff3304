// AvroEncoder: rows as records in Avro's binary encoding, step 10 of a record's way. How a column is written
// is worked out once from the schema; the schema may be the columns' own (avro_types.h) or one that the user
// gave, whose other fields then get their defaults.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/avro/avro_schema.h"
#include "formats/encoder.h"

namespace penstock {

struct AvroWriteStep;

class AvroEncoder : public Encoder {
 public:
  // `prefix` stands before every record. An error names the column that does not fit the schema.
  static Result<std::unique_ptr<AvroEncoder>> Make(AvroSchemaPtr schema, const std::vector<Field>& columns,
                                                   std::string prefix = "");
  ~AvroEncoder() override;

  Status EncodeRow(const Batch& batch, int64_t row, std::string* out) override;

 private:
  AvroEncoder(AvroSchemaPtr schema, std::unique_ptr<AvroWriteStep> root, std::string prefix);

  AvroSchemaPtr schema_;
  std::unique_ptr<AvroWriteStep> root_;
  std::string prefix_;
};

}  // namespace penstock
