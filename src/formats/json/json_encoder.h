// JsonEncoder: rows as JSON objects without blanks, fields in the order of the schema.
#pragma once

#include <vector>

#include "formats/encoder.h"
#include "formats/json/json_format.h"

namespace penstock {

class JsonEncoder : public Encoder {
 public:
  JsonEncoder(const std::vector<Field>& columns, JsonOptions options);
  Status EncodeRow(const Batch& batch, int64_t row, std::string* out) override;

 private:
  Status EncodeValue(const Column& column, int64_t row, const DataType& type, std::string* out) const;
  Status EncodeMap(const Column& column, int64_t row, const DataType& type, std::string* out) const;
  Status EncodeFields(const Column& column, int64_t row, const DataType& type, std::string* out) const;

  std::vector<Field> columns_;
  std::vector<std::string> keys_;  // "name": of each column
  JsonOptions options_;
};

}  // namespace penstock
