// FileColumns: where each column of a filesystem table comes from: the records of the file, the directories
// of its path (partition columns), or what is known of the file (metadata columns).
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "data/batch.h"
#include "env/files/file_system.h"
#include "formats/format.h"
#include "stream/table_spec.h"

namespace penstock {

class FileColumns {
 public:
  // `request` comes with options; its columns are filled in here.
  static Result<FileColumns> Make(const TableSpec& spec, FormatRequest request);

  const FormatRequest& request() const { return request_; }
  std::vector<DataType> record_types() const { return Schema(request_.columns).types(); }
  // The values of partition and metadata columns of a file, NULL elsewhere.
  Result<std::vector<Value>> ValuesOf(const FileInfo& file) const;
  // Puts the columns of the records and the file's values in the order of the table.
  Batch Assemble(Batch records, const std::vector<Value>& values) const;

 private:
  struct Origin {
    std::string name;
    DataType type;
    std::string metadata_key;  // of a metadata column
    int record_column = -1;    // of a column of the records
  };
  std::vector<Origin> origins_;
  FormatRequest request_;
  std::string default_partition_;
};

}  // namespace penstock
