// ChangeEncoder: rows with their kinds as records of Canal, Maxwell or GoldenGate. An update is two records,
// as in Flink: -U is a deletion of the old row, +U the creation of the new one. Step 10 of a record's way.
#pragma once

#include <string>
#include <vector>

#include "formats/json/changes/change_format.h"
#include "formats/json/json_encoder.h"

namespace penstock {

class ChangeEncoder : public Encoder {
 public:
  ChangeEncoder(const std::vector<Field>& columns, const ChangeDialect& dialect, JsonOptions options);
  Status EncodeRow(const Batch& batch, int64_t row, std::string* out) override;

 private:
  JsonEncoder row_;
  std::string before_add_, behind_add_, before_delete_, behind_delete_;  // the text around a row
};

}  // namespace penstock
