// DebeziumEncoder: rows with their kinds as Debezium's envelopes. An update is two records, as in Flink: -U
// is a deletion of the old row, +U the creation of the new one. Step 10 of a record's way.
#pragma once

#include <vector>

#include "formats/json/json_encoder.h"

namespace penstock {

class DebeziumEncoder : public Encoder {
 public:
  DebeziumEncoder(const std::vector<Field>& columns, JsonOptions options)
      : row_(columns, options), leave_out_nulls_(options.ignore_null_fields) {}
  Status EncodeRow(const Batch& batch, int64_t row, std::string* out) override;

 private:
  JsonEncoder row_;
  bool leave_out_nulls_;
};

}  // namespace penstock
