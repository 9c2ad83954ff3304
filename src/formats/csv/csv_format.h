// The csv format: RFC 4180 with Flink's options (docs/reference/formats/csv.md). Columns are found by
// position; there is no header line.
#pragma once

#include <optional>

#include "formats/format.h"

namespace penstock {

// The options of the csv format, parsed.
struct CsvOptions {
  char delimiter = ',';
  std::optional<char> quote = '"';
  std::optional<char> escape;
  std::string array_delimiter = ";";
  std::optional<std::string> null_literal;
  bool allow_comments = false;       // lines that start with # are none
  bool ignore_parse_errors = false;  // a bad field is NULL, a bad record is skipped
  bool scientific_decimals = true;

  static Result<CsvOptions> Parse(const FormatRequest& request);
};

class CsvFormat : public Format {
 public:
  std::string name() const override { return "csv"; }
  std::vector<std::string> options() const override;
  Status Check(const FormatRequest& request) const override;
  Result<std::unique_ptr<Decoder>> NewDecoder(const FormatRequest& request) const override;
  Result<std::unique_ptr<Encoder>> NewEncoder(const FormatRequest& request) const override;
};

}  // namespace penstock
