// Checks of invariants. A broken invariant is a defect of Penstock, never of its input: the process prints
// the place and aborts, because a restart from a checkpoint is cheaper than wrong results. Input errors are
// Status. CHECK is always on; DCHECK, for hot loops, only in builds without NDEBUG.
#pragma once

namespace penstock {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace penstock

#define CHECK(condition)                                       \
  do {                                                         \
    if (!(condition)) [[unlikely]]                             \
      ::penstock::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)

#ifdef NDEBUG
#define DCHECK(condition) static_cast<void>(sizeof(condition))
#else
#define DCHECK(condition) CHECK(condition)
#endif
