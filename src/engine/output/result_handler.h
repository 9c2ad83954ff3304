// ResultHandler: what a session tells about the statements it executes: columns, rows and how each statement
// ended. Implemented by the printers of the command line and by the public API. Rows of a SELECT may arrive
// on another thread than the session's, but never two calls at once.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"
#include "data/batch.h"
#include "data/data_type.h"

namespace penstock {

// Where a statement failed: before it ran, or while it did.
enum class StatementPhase : uint8_t { kParse, kValidation, kRuntime, kUnsupported };
const char* PhaseName(StatementPhase phase);

class ResultHandler {
 public:
  virtual ~ResultHandler() = default;
  // A statement with rows begins; numbers start at 1 in the order of the script.
  virtual void OnColumns(int statement, const Schema& schema) = 0;
  virtual void OnRows(int statement, const Batch& batch) = 0;
  // Exactly one of these ends every statement.
  virtual void OnOk(int statement) = 0;
  virtual void OnError(int statement, StatementPhase phase, const Status& status) = 0;
  // Something worth knowing that is no error, such as rows that a job has left out. Before OnOk of a
  // statement that waits for its job, or at its end.
  virtual void OnNotice(int, const std::string&) {}
  // Asked after every OnRows. kCancelled: nobody wants rows any more, the statement and the script end, and
  // that is no error; any other failure ends the job with it.
  virtual Status status() const { return Status::Ok(); }
  // How often it is asked while no rows come; INT64_MAX: never.
  virtual int64_t status_interval_ms() const { return INT64_MAX; }
  // True while it takes no more rows: the job waits until the function given to set_wake_up is called, from
  // any thread.
  virtual bool full() const { return false; }
  virtual void set_wake_up(std::function<void()>) {}
};

}  // namespace penstock
