// Threads of the machine.
#include "env/thread.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <chrono>

namespace penstock {

Thread::Thread(const std::string& name, std::function<void()> run)
    : thread_([name = name.substr(0, 15), run = std::move(run)] {
        pthread_setname_np(pthread_self(), name.c_str());
        run();
      }) {}

void PauseMillis(int64_t millis) { std::this_thread::sleep_for(std::chrono::milliseconds(millis)); }

int AvailableCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

}  // namespace penstock
