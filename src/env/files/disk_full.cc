// Full devices.
#include "env/files/disk_full.h"

namespace penstock {

namespace {
constexpr std::string_view kHint = "free space on the device of '";
}  // namespace

Status DiskFull(std::string message, const std::string& path) {
  return Status(StatusCode::kResourceExhausted, std::move(message)).WithHint(std::string(kHint) + path + "'");
}

bool IsDiskFull(const Status& status) {
  return status.code() == StatusCode::kResourceExhausted && status.hint().starts_with(kHint);
}

std::string FullPath(const Status& status) {
  const std::string& hint = status.hint();
  return IsDiskFull(status) ? hint.substr(kHint.size(), hint.size() - kHint.size() - 1) : "";
}

}  // namespace penstock
