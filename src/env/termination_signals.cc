// A signal handler may do little more than write to a pipe; a thread reads it.
#include "env/termination_signals.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace penstock {

namespace {

std::atomic<int> received_signal{0};
int pipe_ends[2] = {-1, -1};
constexpr int kSignals[] = {SIGINT, SIGTERM};

void HandleSignal(int signal) {
  int error = errno;  // of the interrupted code
  if (received_signal.exchange(signal) != 0) {
    std::signal(signal, SIG_DFL);
    raise(signal);
  }
  char byte = 's';
  [[maybe_unused]] ssize_t written = ::write(pipe_ends[1], &byte, 1);
  errno = error;
}

}  // namespace

TerminationSignals::TerminationSignals(std::function<void()> on_first) : on_first_(std::move(on_first)) {
  if (::pipe(pipe_ends) < 0) return;  // without it the system ends the process at the first signal
  watcher_ = Thread("signals", [this] { Watch(); });
  struct sigaction action = {};
  action.sa_handler = HandleSignal;
  action.sa_flags = SA_RESTART;
  for (int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

TerminationSignals::~TerminationSignals() {
  for (int signal : kSignals) std::signal(signal, SIG_DFL);
  if (pipe_ends[1] < 0) return;
  char byte = 'e';
  if (::write(pipe_ends[1], &byte, 1) == 1) watcher_.Join();
  for (int& end : pipe_ends) {
    ::close(end);
    end = -1;
  }
}

int TerminationSignals::received() { return received_signal; }

void TerminationSignals::Watch() {
  char byte = 0;
  while (true) {
    ssize_t count = ::read(pipe_ends[0], &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count != 1 || byte == 'e') return;
    on_first_();
  }
}

}  // namespace penstock
