// TerminationSignals: Ctrl-C (SIGINT) and SIGTERM as a call on a thread of its own, where locks may be taken.
// The first signal is passed on so that the program can end in order; the second ends it at once. One object
// at a time, made before other threads work.
#pragma once

#include <functional>

#include "env/thread.h"

namespace penstock {

class TerminationSignals {
 public:
  explicit TerminationSignals(std::function<void()> on_first);
  // Gives the signals back to the system's own handling.
  ~TerminationSignals();
  // The signal that came, 0 for none.
  static int received();

 private:
  void Watch();

  std::function<void()> on_first_;
  Thread watcher_;
};

}  // namespace penstock
