// Bulk formats: whole files that are read at random and written in large groups (Parquet). The bytes come
// and go through the two small ports below, so that formats know nothing of file systems. One reader or
// writer is used by one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "data/batch.h"

namespace penstock {

// The bytes of one file, by offset.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;
  // Reads exactly `size` bytes, or fails.
  virtual Status ReadAt(uint64_t offset, size_t size, char* to) = 0;
};

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Status Append(std::string_view bytes) = 0;
};

class BulkReader {
 public:
  virtual ~BulkReader() = default;
  // Groups that can be read alone, in file order.
  virtual int groups() const = 0;
  // Continues with row `row` of group `group`.
  virtual Status Seek(int group, int64_t row) = 0;
  // Up to `max_rows` next rows of the current group; an empty batch at its end.
  virtual Result<Batch> Read(int64_t max_rows) = 0;
};

class BulkWriter {
 public:
  virtual ~BulkWriter() = default;
  virtual Status Write(const Batch& batch) = 0;
  // An estimate of the file's size so far, for rolling.
  virtual uint64_t bytes_written() const = 0;
  // Writes what is buffered and the footer; nothing may follow.
  virtual Status Finish() = 0;
};

}  // namespace penstock
