// Writing with the first failure kept. The process ignores SIGPIPE: a closed pipe is an error like others
// here.
#include "engine/output/result_stream.h"

#include <poll.h>

#include <cerrno>
#include <cstring>

namespace penstock {

void ResultStream::NoteFailure(int error) const {
  if (!status_.ok()) return;
  if (error == EPIPE) {
    status_ = Status(StatusCode::kCancelled, "nobody reads the results any more");
  } else {
    status_ = Status::Io(std::string("cannot write the results: ") + std::strerror(error));
  }
}

// A pipe without a reader reports an error before anything is written to it.
const Status& ResultStream::status() const {
  pollfd pipe{fileno(file_), 0, 0};
  if (status_.ok() && poll(&pipe, 1, 0) > 0 && (pipe.revents & POLLERR) != 0) NoteFailure(EPIPE);
  return status_;
}

void ResultStream::Write(std::string_view text) {
  if (status_.ok() && std::fwrite(text.data(), 1, text.size(), file_) != text.size()) NoteFailure(errno);
}

void ResultStream::Flush() {
  if (status_.ok() && std::fflush(file_) != 0) NoteFailure(errno);
}

}  // namespace penstock
