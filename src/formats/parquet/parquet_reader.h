// Reading Parquet: the wanted columns of one row group after the other.
#pragma once

#include <memory>

#include "formats/format.h"

namespace penstock {

// Columns of the request that the file lacks read as NULL; a column of another type is an error.
Result<std::unique_ptr<BulkReader>> OpenParquetReader(const FormatRequest& request, ByteSource* source);

}  // namespace penstock
