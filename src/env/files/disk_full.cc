// Full devices.
#include "env/files/disk_full.h"

namespace penstock {

namespace {
constexpr const char* kHint = "free space on the device";
}

Status DiskFull(std::string message) {
  return Status(StatusCode::kResourceExhausted, std::move(message)).WithHint(kHint);
}

bool IsDiskFull(const Status& status) {
  return status.code() == StatusCode::kResourceExhausted && status.hint() == kHint;
}

}  // namespace penstock
