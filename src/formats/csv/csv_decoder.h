// CsvDecoder: RFC 4180 records to columns. Quoted fields may hold line ends, so that it finds the ends of
// records itself. A record with too few or too many fields is bad.
#pragma once

#include <vector>

#include "formats/csv/csv_format.h"

namespace penstock {

class CsvDecoder : public Decoder {
 public:
  CsvDecoder(const FormatRequest& request, CsvOptions options);
  Status DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) override;
  Result<size_t> DecodeStream(std::string_view bytes, bool last, int64_t max_rows, DecodedRows* out) override;

 private:
  enum class Scan : uint8_t { kRecord, kIncomplete, kMalformed };
  struct Cell {
    size_t begin = 0, end = 0;
    bool in_scratch = false;  // unescaped: positions are those of scratch_
    bool quoted = false;
  };
  // Cuts the record at `at` into cells_; `next` is where the following one starts.
  Scan ScanRecord(std::string_view bytes, size_t at, bool last, size_t* next);
  Scan ScanQuoted(std::string_view bytes, size_t* at);
  void ScanPlain(std::string_view bytes, size_t* at);
  std::string_view TextOf(const Cell& cell, std::string_view bytes) const;
  // Appends the cells as a row; false when they are none (problem_ says why).
  bool AppendRow(std::string_view bytes, DecodedRows* out);
  bool AppendCell(std::string_view text, const DataType& type, ColumnBuilder* to);
  bool AppendParts(std::string_view text, const DataType& type, ColumnBuilder* to);

  CsvOptions options_;
  OnBadRecord mode_;
  std::vector<Field> stored_;
  std::vector<int> targets_;  // builder of each stored column, -1: not wanted
  std::vector<Cell> cells_;
  std::string scratch_;
  std::string problem_;
  int64_t bad_fields_ = 0;  // of the record, read as NULL
};

}  // namespace penstock
