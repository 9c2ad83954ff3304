// Origins of columns.
#include "connectors/filesystem/file_columns.h"

#include <algorithm>

#include "connectors/filesystem/file_listing.h"
#include "data/datetime.h"
#include "formats/text_values.h"

namespace penstock {

namespace {

Result<Value> PartitionValue(const std::string& text, const DataType& type, const std::string& path) {
  ColumnBuilder builder(type);
  if (!AppendFromText(text, type, TimestampStandard::kSql, &builder)) {
    return Status::InvalidData("cannot read '" + text + "' in the path '" + path + "' as " + type.ToString());
  }
  return builder.Finish()->ValueAt(0);
}

Value MetadataValue(const FileInfo& file, const std::string& key, const DataType& type) {
  if (key == "file.path") return Value::String(file.path);
  if (key == "file.name") return Value::String(FileName(file.path));
  if (key == "file.size") return Value::Int(static_cast<int64_t>(file.size));
  int128_t stored = NanosToTimestamp(int128_t(file.modified_micros) * 1000, std::min(type.precision(), 3));
  if (type.precision() <= 6) return Value::Int(static_cast<int64_t>(stored));
  return Value::Int128(stored * 1000);
}

}  // namespace

Result<FileColumns> FileColumns::Make(const TableSpec& spec, FormatRequest request) {
  FileColumns made;
  made.default_partition_ = spec.option("partition.default-name", "__DEFAULT_PARTITION__");
  auto in_path = [&](const std::string& name) {
    return std::find(spec.partition_keys.begin(), spec.partition_keys.end(), name) !=
           spec.partition_keys.end();
  };
  for (const TableSpecColumn& column : spec.columns) {
    Origin origin{column.name, column.type, column.metadata_key, -1};
    if (column.metadata_key.empty() && !in_path(column.name)) {
      origin.record_column = static_cast<int>(request.columns.size());
      request.columns.push_back({column.name, column.type});
    }
    made.origins_.push_back(std::move(origin));
  }
  for (const TableSpecColumn& column : spec.stored) {
    if (column.metadata_key.empty() && !in_path(column.name))
      request.stored.push_back({column.name, column.type});
  }
  made.request_ = std::move(request);
  return made;
}

Result<std::vector<Value>> FileColumns::ValuesOf(const FileInfo& file) const {
  std::map<std::string, std::string> partitions = PartitionsOfPath(file.path);
  std::vector<Value> values(origins_.size());
  for (size_t i = 0; i < origins_.size(); ++i) {
    const Origin& origin = origins_[i];
    if (!origin.metadata_key.empty()) {
      values[i] = MetadataValue(file, origin.metadata_key, origin.type);
    } else if (origin.record_column < 0) {
      auto found = partitions.find(origin.name);
      if (found == partitions.end() || found->second == default_partition_) continue;
      ASSIGN_OR_RETURN(values[i], PartitionValue(found->second, origin.type, file.path));
    }
  }
  return values;
}

Batch FileColumns::Assemble(Batch records, const std::vector<Value>& values) const {
  std::vector<ColumnPtr> columns;
  for (size_t i = 0; i < origins_.size(); ++i) {
    const Origin& origin = origins_[i];
    columns.push_back(origin.record_column >= 0 ? records.columns[static_cast<size_t>(origin.record_column)]
                                                : Column::Constant(origin.type, values[i], records.rows));
  }
  records.columns = std::move(columns);
  return records;
}

}  // namespace penstock
