// PartFileWriter: the writer of a filesystem sink's subtask: one open part file for each partition that gets
// rows, rolled by size and age; all of them are ended before every barrier.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "connectors/filesystem/file_sink.h"

namespace penstock {

class PartFileWriter : public SinkWriter {
 public:
  PartFileWriter(const TableSpec& spec, const SinkContext& context, const Format* format,
                 FileSinkOptions options, PartFilePlace place);
  ~PartFileWriter() override;
  Status Open();
  Status Write(const Batch& batch) override;
  Result<bool> Flush() override;
  Result<std::vector<std::string>> Prepare(uint64_t epoch) override;
  Status Close(bool success) override;

 private:
  struct PartFile;
  std::string PartitionOf(const Batch& batch, int64_t row) const;
  Result<PartFile*> FileOf(const std::string& partition);
  Status WriteRows(const Batch& batch, const std::vector<int32_t>* rows, PartFile* file);
  Status EndFile(PartFile* file);

  TableSpec spec_;
  SinkContext context_;
  const Format* format_;
  FileSinkOptions options_;
  std::string path_;
  std::unique_ptr<PartStore> parts_;
  PartOwner owner_;
  FormatRequest request_;
  std::vector<int> data_columns_;                               // of the batch, without partition columns
  std::vector<std::pair<std::string, int>> partition_columns_;  // in the order of PARTITIONED BY
  std::unique_ptr<Encoder> encoder_;
  int64_t files_made_ = 0;
  std::map<std::string, std::unique_ptr<PartFile>> open_;
  std::vector<std::string> complete_;  // committables
  std::set<std::string> begun_;        // committables to be taken back when the job fails
  std::set<std::string> written_directories_;
  std::set<std::string> unsynced_directories_;  // that have new complete files
};

}  // namespace penstock
