// ResultStream: standard output as the printers see it: writes whole texts and remembers the first failure,
// so that a job whose reader has gone (`| head`) ends instead of producing for nobody. Used by one thread at
// a time.
#pragma once

#include <cstdio>
#include <string_view>

#include "base/status.h"

namespace penstock {

class ResultStream {
 public:
  explicit ResultStream(std::FILE* file) : file_(file) {}

  // Writes through the file's buffer; does nothing after a failure.
  void Write(std::string_view text);
  // Hands what was written to the outside.
  void Flush();
  // Ok; kCancelled once the reader has closed its end, also when nothing was written since; kIo for any other
  // failure, such as a full disk.
  const Status& status() const;
  std::FILE* file() const { return file_; }

 private:
  void NoteFailure(int error) const;

  std::FILE* file_;
  mutable Status status_;
};

}  // namespace penstock
