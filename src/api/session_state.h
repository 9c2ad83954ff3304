// What stands behind Session: the engine's session with the clock and files it uses.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "api/connector_adapter.h"
#include "engine/session.h"
#include "penstock/session.h"

namespace penstock::v1 {

// Takes what statements of Session::Execute tell: rows are dropped, the first error is kept. Lives as long as
// the session, because a driven job may go on after its statement.
class ScriptOutcome : public ResultHandler {
 public:
  void OnColumns(int, const Schema&) override {}
  void OnRows(int, const penstock::Batch&) override {}
  void OnOk(int) override {}
  void OnError(int, StatementPhase, const penstock::Status& status) override {
    if (first_.ok()) first_ = status;
  }
  // The first error since the last call.
  penstock::Status Take() { return std::exchange(first_, {}); }

 private:
  penstock::Status first_;
};

struct SessionState {
  SystemClock machine_clock;
  std::unique_ptr<ManualClock> manual_clock;  // null: the machine's
  LocalFileSystem files;
  ScriptOutcome outcome;
  std::map<std::string, std::shared_ptr<Registration>> registrations;
  std::unique_ptr<penstock::Session> engine;  // the last: its jobs use all of the above

  const Clock* clock() const {
    return manual_clock ? static_cast<const Clock*>(manual_clock.get()) : &machine_clock;
  }
};

}  // namespace penstock::v1
