// LookupReader: reads rows of an outside table by key, for joins FOR SYSTEM_TIME AS OF a processing time.
// Made per subtask by the registry from the table's connector and used by that subtask's thread only.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "data/column_builder.h"
#include "env/clock.h"
#include "env/files/file_system.h"
#include "expr/function.h"
#include "stream/table_spec.h"

namespace penstock {

// What a reader may use; outlives it.
struct LookupContext {
  const Clock* clock = nullptr;
  FileSystem* files = nullptr;
  const EvalContext* eval = nullptr;
};

// What is read: the spec's columns, by equality on some of them.
struct LookupSpec {
  TableSpec table;
  std::vector<int> keys;  // indices of table.columns
};

class LookupReader {
 public:
  virtual ~LookupReader() = default;
  // Appends to `out` (one builder per column of the table) the rows whose keys equal row i of `keys`, for i
  // in ascending order, and i to `key_rows` for each of them. NULL equals nothing.
  virtual Status Lookup(const std::vector<ColumnPtr>& keys, int64_t rows, std::span<ColumnBuilder> out,
                        std::vector<int32_t>* key_rows) = 0;
};

}  // namespace penstock
