// The one place where a failed CHECK ends the process.
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace penstock {

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "penstock: internal error: CHECK(%s) failed at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace penstock
