// Failpoint: a named step of a protocol (checkpoints, sinks, recovery) at which the simulation, tests and
// `penstock verify` can have the process die, a call fail, or others go first. A point is an object of its
// .cc file, so the list of all points is the list of what is linked, and tests can go through every one:
//
//   Failpoint sealed("checkpoint.sealed", "the manifest has its name, nothing is decided");
//   ...
//   RETURN_IF_ERROR(sealed.Hit());
//
// While nobody listens, a hit is one load and one branch. There is no way to arm a point from outside of the
// program: only code can set a hook. Included by .cc files alone. Any thread.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/status.h"

namespace penstock {

class Failpoint;

// Told of every hit; what it returns is what the call site gets.
class FailpointHook {
 public:
  virtual ~FailpointHook() = default;
  virtual Status OnHit(const Failpoint& point) = 0;
};

class Failpoint {
 public:
  // Literals. REQUIRES: static storage duration; no other point has the name.
  Failpoint(const char* name, const char* what);
  Failpoint(const Failpoint&) = delete;
  Failpoint& operator=(const Failpoint&) = delete;

  Status Hit() const {
    FailpointHook* hook = hook_.load(std::memory_order_acquire);
    return hook == nullptr ? Status() : hook->OnHit(*this);
  }
  const char* name() const { return name_; }
  const char* what() const { return what_; }

  // Of this program, by name.
  static std::vector<const Failpoint*> All();
  // Returns the one before; null: nobody listens. The hook outlives every hit that is under way.
  static FailpointHook* SetHook(FailpointHook* hook) { return hook_.exchange(hook); }

 private:
  const char* const name_;
  const char* const what_;
  static std::atomic<FailpointHook*> hook_;
};

// While it lives, hits go to `hook`.
class ScopedFailpointHook {
 public:
  explicit ScopedFailpointHook(FailpointHook* hook) : before_(Failpoint::SetHook(hook)) {}
  ~ScopedFailpointHook() { Failpoint::SetHook(before_); }
  ScopedFailpointHook(const ScopedFailpointHook&) = delete;
  ScopedFailpointHook& operator=(const ScopedFailpointHook&) = delete;

 private:
  FailpointHook* before_;
};

// What happens at the n-th hit of a point, for tests of single points.
struct FailpointAction {
  enum class Kind : uint8_t {
    kError,  // the call fails with `error`
    kDelay,  // the thread waits
    kCrash,  // the process ends at once, as if it was killed
  };
  std::string point;
  int64_t nth = 1;
  Kind kind = Kind::kError;
  Status error = Status(StatusCode::kIo, "injected failure");
  int64_t delay_ms = 0;
};

// The exit code of kCrash: as after SIGKILL.
inline constexpr int kFailpointExitCode = 137;

class FailpointActions : public FailpointHook {
 public:
  explicit FailpointActions(std::vector<FailpointAction> actions) : actions_(std::move(actions)) {}
  Status OnHit(const Failpoint& point) override;

 private:
  std::atomic<int64_t> hits_[8] = {};
  std::vector<FailpointAction> actions_;  // at most 8
};

// A defect put in on purpose, by which the tests themselves are tested (docs/reliability.md lists them). One
// at a time can be switched on, by tests alone: in a build without tests On() is false and the compiler drops
// what depends on it.
class SeededBug {
 public:
  SeededBug(const char* name, const char* what);
  SeededBug(const SeededBug&) = delete;
  SeededBug& operator=(const SeededBug&) = delete;
#ifdef PENSTOCK_NO_SEEDED_BUGS
  static constexpr bool On() { return false; }
#else
  bool On() const { return active_.load(std::memory_order_relaxed) == this; }
#endif
  const char* name() const { return name_; }
  const char* what() const { return what_; }

  static std::vector<const SeededBug*> All();
  // Null: none.
  static void Activate(const SeededBug* bug) { active_ = bug; }

 private:
  const char* const name_;
  const char* const what_;
  static std::atomic<const SeededBug*> active_;
};

}  // namespace penstock
