// CsvEncoder: rows as CSV records, quoted where Flink's writer quotes.
#pragma once

#include <vector>

#include "formats/csv/csv_format.h"

namespace penstock {

class CsvEncoder : public Encoder {
 public:
  CsvEncoder(const std::vector<Field>& columns, CsvOptions options);
  Status EncodeRow(const Batch& batch, int64_t row, std::string* out) override;

 private:
  Status AppendText(const Column& column, int64_t row, const DataType& type, std::string* out) const;
  void AppendQuoted(std::string_view text, std::string* out) const;
  bool NeedsQuotes(std::string_view text) const;

  std::vector<Field> columns_;
  CsvOptions options_;
  unsigned char min_safe_ = 0;  // characters below it are quoted
  std::string cell_;
};

}  // namespace penstock
