// Thread: the only door to threads. A thin owner of a std::thread that names it (for top and gdb) and joins
// when it is destroyed. The simulation starts none.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace penstock {

class Thread {
 public:
  Thread() = default;
  Thread(const std::string& name, std::function<void()> run);
  Thread(Thread&&) = default;
  Thread& operator=(Thread&&) = default;
  ~Thread() { Join(); }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

// Suspends the calling thread: for threads that watch or serve, never for tasks.
void PauseMillis(int64_t millis);

// Cores this process may use, at least 1.
int AvailableCores();

}  // namespace penstock
