// FileCursor: reads one file from a position on, batch by batch. Two kinds: record formats through a Decoder
// over a padded buffer, bulk formats through their BulkReader. Used by one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "connectors/filesystem/file_columns.h"
#include "data/batch.h"
#include "env/files/file_store.h"

namespace penstock {

struct FilePosition {
  bool done = false;
  uint64_t offset = 0;  // of record formats: bytes of the decompressed file
  int group = 0;        // of bulk formats
  int64_t row = 0;      // within the group

  std::string Serialize() const;
  static Result<FilePosition> Parse(const std::string& bytes);
};

// What a cursor does with records that cannot be used.
struct RecordLimits {
  bool keep_bad_rows = false;
  OnBadRecord on_long = OnBadRecord::kFail;  // for a record that is longer than max_bytes
  int64_t max_bytes = 64 << 20;              // that a record may take in memory; at least 1 MiB
};

class FileCursor {
 public:
  virtual ~FileCursor() = default;
  // kNotFound when the file is not there.
  static Result<std::unique_ptr<FileCursor>> Open(FileStore& files, const std::string& path,
                                                  const FilePosition& position, const FileColumns& columns,
                                                  const Format& format, const RecordLimits& limits);

  // At most `max_rows` next rows in the order of the table's columns; may be empty. After the last of them
  // position().done is true.
  virtual Result<Batch> Read(int64_t max_rows) = 0;
  virtual int64_t bad_records() const { return 0; }
  virtual int64_t bad_fields() const { return 0; }
  virtual Batch TakeBadRows() { return {}; }
  const FilePosition& position() const { return position_; }

 protected:
  FilePosition position_;
};

}  // namespace penstock
