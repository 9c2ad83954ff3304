// Rows of the driver contract's `values` files: {"kind":"+I","row":[..]}, one object a line. Parsing is per
// row and strict about types; the data path's JSON format is json_decoder.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "data/batch.h"

namespace penstock {

struct ChangelogRow {
  RowKind kind = RowKind::kInsert;
  ValueRow values;
};

class ChangelogRowParser {
 public:
  explicit ChangelogRowParser(std::vector<DataType> types);
  ~ChangelogRowParser();
  Result<ChangelogRow> Parse(std::string_view line);

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

// The line of a row, without its newline.
std::string FormatChangelogRow(RowKind kind, const ValueRow& values, const std::vector<DataType>& types);

}  // namespace penstock
