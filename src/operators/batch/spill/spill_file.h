// SpillWriter and SpillReader: a temporary file of records (a key and a value, both bytes), written once from
// front to back and read so any number of times. A file belongs to one operator subtask and is removed with
// its SpillFile. Blocks on disk: size and XXH3 of the payload (u32 each), payload; a record in a payload:
// the sizes of key and value as varints, key, value. Used by the operator's thread; may block on the disk.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "env/files/file_system.h"

namespace penstock {

// A finished file.
class SpillFile {
 public:
  SpillFile(FileSystem* files, std::string path, uint64_t records)
      : files_(files), path_(std::move(path)), records_(records) {}
  ~SpillFile() { (void)files_->Remove(path_); }
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  FileSystem& files() const { return *files_; }
  const std::string& path() const { return path_; }
  uint64_t records() const { return records_; }

 private:
  FileSystem* files_;
  std::string path_;
  uint64_t records_;
};
using SpillFilePtr = std::shared_ptr<const SpillFile>;

class SpillWriter {
 public:
  // Creates the file; what is not written fails with the path and the cause (a full disk, say).
  static Result<std::unique_ptr<SpillWriter>> Create(FileSystem* files, std::string path, size_t block_bytes);
  ~SpillWriter();
  Status Add(std::string_view key, std::string_view value);
  Result<SpillFilePtr> Finish();
  uint64_t records() const { return records_; }
  // What has reached the disk so far, with its frames.
  uint64_t bytes() const { return bytes_; }

 private:
  SpillWriter(FileSystem* files, std::string path, size_t block_bytes)
      : files_(files), path_(std::move(path)), block_bytes_(block_bytes) {}
  Status WriteBlock();

  FileSystem* files_;
  std::string path_;
  size_t block_bytes_;
  std::unique_ptr<WritableFile> file_;
  std::string block_;
  uint64_t records_ = 0, bytes_ = 0;
  bool finished_ = false;
};

class SpillReader {
 public:
  static Result<std::unique_ptr<SpillReader>> Open(SpillFilePtr file);
  // False at the end. kCorruption where the file is not what was written.
  Result<bool> Next();
  // Of the record; valid until the next call of Next.
  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }

 private:
  explicit SpillReader(SpillFilePtr file) : file_(std::move(file)) {}
  Result<bool> ReadBlock();
  Status ReadFully(char* to, size_t size) const;
  Status Damaged() const;

  SpillFilePtr file_;
  std::unique_ptr<ReadableFile> in_;
  std::string block_;
  size_t at_ = 0;
  std::string_view key_, value_;
};

}  // namespace penstock
