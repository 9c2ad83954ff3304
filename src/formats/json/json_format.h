// The json format: one object a record, fields by name (docs/reference/formats/json.md). Lenient on input and
// laid out on output as Flink's.
#pragma once

#include "formats/format.h"
#include "formats/text_values.h"

namespace penstock {

// The options of the json format, parsed.
struct JsonOptions {
  enum class NullKeys : uint8_t { kFail, kDrop, kLiteral };
  bool fail_on_missing_field = false;
  bool ignore_parse_errors = false;  // a bad field is NULL, a bad record is skipped
  TimestampStandard timestamps = TimestampStandard::kSql;
  NullKeys null_keys = NullKeys::kFail;
  std::string null_key_literal = "null";
  bool decimal_as_plain_number = false;
  bool ignore_null_fields = false;

  static Result<JsonOptions> Parse(const FormatRequest& request);
};

class JsonFormat : public Format {
 public:
  std::string name() const override { return "json"; }
  std::vector<std::string> options() const override;
  Status Check(const FormatRequest& request) const override;
  // Not where a missing field is to fail the record.
  bool nested_projection(const FormatRequest& request) const override {
    return request.option("fail-on-missing-field") != "true";
  }
  Result<std::unique_ptr<Decoder>> NewDecoder(const FormatRequest& request) const override;
  Result<std::unique_ptr<Encoder>> NewEncoder(const FormatRequest& request) const override;
};

}  // namespace penstock
