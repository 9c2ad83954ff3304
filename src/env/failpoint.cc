// Lists of points and bugs, filled while the program starts.
#include "env/failpoint.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "env/thread.h"

namespace penstock {

namespace {

// Made by the first that registers, whatever the order of files.
template <typename T>
std::vector<const T*>& Registered() {
  static std::vector<const T*> all;
  return all;
}

template <typename T>
void Register(const T* made) {
  for (const T* other : Registered<T>()) CHECK(std::strcmp(other->name(), made->name()) != 0);
  Registered<T>().push_back(made);
}

template <typename T>
std::vector<const T*> Sorted() {
  std::vector<const T*> all = Registered<T>();
  std::sort(all.begin(), all.end(),
            [](const T* a, const T* b) { return std::strcmp(a->name(), b->name()) < 0; });
  return all;
}

}  // namespace

std::atomic<FailpointHook*> Failpoint::hook_{nullptr};
std::atomic<const SeededBug*> SeededBug::active_{nullptr};

Failpoint::Failpoint(const char* name, const char* what) : name_(name), what_(what) { Register(this); }
SeededBug::SeededBug(const char* name, const char* what) : name_(name), what_(what) { Register(this); }

std::vector<const Failpoint*> Failpoint::All() { return Sorted<Failpoint>(); }
std::vector<const SeededBug*> SeededBug::All() { return Sorted<SeededBug>(); }

Status FailpointActions::OnHit(const Failpoint& point) {
  for (size_t i = 0; i < actions_.size() && i < std::size(hits_); ++i) {
    const FailpointAction& action = actions_[i];
    if (action.point != point.name() || ++hits_[i] != action.nth) continue;
    switch (action.kind) {
      case FailpointAction::Kind::kCrash: ::_exit(kFailpointExitCode);
      case FailpointAction::Kind::kDelay: PauseMillis(action.delay_ms); return Status::Ok();
      case FailpointAction::Kind::kError: return action.error;
    }
  }
  return Status::Ok();
}

}  // namespace penstock
