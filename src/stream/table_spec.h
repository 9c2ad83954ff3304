// TableSpec: the spec of source and sink vertices: what a connector needs of a table once planning is over.
// `columns` are those that are read or written, in the order of the rows.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "data/data_type.h"

namespace penstock {

struct TableSpecColumn {
  std::string name;
  DataType type;
  std::string metadata_key;  // empty for a physical column
};

// Option of a spec that comes from SET 'penstock.max-record-size.<table>': bytes of the longest record.
inline constexpr const char* kMaxRecordSizeOption = "penstock.max-record-size";

struct TableSpec {
  std::string table;  // full name, for messages
  std::map<std::string, std::string> options;
  std::vector<TableSpecColumn> columns;
  std::vector<TableSpecColumn> stored;  // all stored columns of the table in declared order
  std::vector<int> primary_key;         // indices of `columns`
  std::vector<std::string> partition_keys;
  unsigned changelog = 1;      // kinds that flow, as ChangelogMode::bits
  bool bad_rows_lane = false;  // bad rows are routed instead of failing the job
  int64_t limit = -1;          // at most so many rows are needed; -1: all

  std::string option(const std::string& key, const std::string& fallback = "") const {
    auto it = options.find(key);
    return it == options.end() ? fallback : it->second;
  }
  Schema schema() const {
    Schema schema;
    for (const TableSpecColumn& column : columns) schema.Add({column.name, column.type});
    return schema;
  }
  std::string Serialize() const;
  static Result<TableSpec> Parse(std::string_view bytes);
};

}  // namespace penstock
