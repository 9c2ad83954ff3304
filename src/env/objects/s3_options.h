// S3Options: where the object store is and who asks, from Flink's options and the environment that AWS's own
// tools read. The secrets in it go nowhere but into signatures.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"

namespace penstock {

struct S3Options {
  std::string endpoint;  // "https://host[:port]", without '/' at the end
  std::string region;
  std::string access_key, secret_key, session_token;  // without an access key nothing is signed
  // http://host/bucket/key rather than http://bucket.host/key.
  bool path_style = false;

  // `option` gives the value of a session's option, "" where it is not set; `environment` that of a variable.
  using Lookup = std::function<std::string(const std::string& name)>;
  static Result<S3Options> Read(const Lookup& option, const Lookup& environment);
  bool operator==(const S3Options&) const = default;
};

// A variable of the process's environment, "" where it is not set.
std::string EnvironmentVariable(const std::string& name);

}  // namespace penstock
