// RangeReader: reads in a range of a file of a checkpoint, mostly from its start to its end: the file is
// opened with the first call and stays open. Does not look at checksums. One thread at a time.
#pragma once

#include <memory>
#include <string>

#include "checkpoint/manifest.h"
#include "env/files/file_store.h"

namespace penstock {

class RangeReader {
 public:
  RangeReader(std::shared_ptr<FileStore> files, std::string path, const FileRange& range)
      : files_(std::move(files)), path_(std::move(path)), offset_(range.offset), size_(range.size) {}

  // Exactly `size` bytes; kCorruption, with the name of the file, where there are not so many.
  Result<std::string> Read(uint64_t offset, uint64_t size);

 private:
  Status Open();
  Status CutShort() const { return Status::Corruption("'" + path_ + "' is cut short"); }

  std::shared_ptr<FileStore> files_;
  const std::string path_;
  const uint64_t offset_, size_;
  std::unique_ptr<ReadableFile> file_;
  uint64_t at_ = 0;  // where the file stands
};

}  // namespace penstock
