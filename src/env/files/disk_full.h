// The one failure of a device that passes by itself, or by someone who makes room: a job waits for that.
#pragma once

#include <string>

#include "base/status.h"

namespace penstock {

// kResourceExhausted, with a hint by which it is known again: memory may be exhausted, too. `path`: what
// there is no room for.
Status DiskFull(std::string message, const std::string& path);
bool IsDiskFull(const Status& status);
// Of such a status: the path.
std::string FullPath(const Status& status);

}  // namespace penstock
