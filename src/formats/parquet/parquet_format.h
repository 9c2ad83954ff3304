// The parquet format: whole files over Arrow (docs/reference/formats/parquet.md). Columns are found by name.
// This folder is the only place that includes headers of Arrow and Parquet.
#pragma once

#include "formats/format.h"

namespace penstock {

class ParquetFormat : public Format {
 public:
  std::string name() const override { return "parquet"; }
  std::vector<std::string> options() const override;
  Status Check(const FormatRequest& request) const override;
  bool bulk() const override { return true; }
  Result<std::unique_ptr<Decoder>> NewDecoder(const FormatRequest& request) const override;
  Result<std::unique_ptr<Encoder>> NewEncoder(const FormatRequest& request) const override;
  Result<std::unique_ptr<BulkReader>> NewBulkReader(const FormatRequest& request,
                                                    ByteSource* source) const override;
  Result<std::unique_ptr<BulkWriter>> NewBulkWriter(const FormatRequest& request,
                                                    ByteSink* sink) const override;
};

}  // namespace penstock
