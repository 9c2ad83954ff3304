// Writing Parquet: row groups of about 'parquet.block.size' bytes.
#pragma once

#include <memory>

#include "formats/format.h"

namespace penstock {

struct ParquetOptions {
  std::string compression = "SNAPPY";
  int64_t block_bytes = 128 << 20;

  static Result<ParquetOptions> Parse(const FormatRequest& request);
};

Result<std::unique_ptr<BulkWriter>> OpenParquetWriter(const FormatRequest& request,
                                                      const ParquetOptions& options, ByteSink* sink);

}  // namespace penstock
