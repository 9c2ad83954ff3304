// The object stores of a session: where its options s3.* and the environment say. Used by the session's
// thread; the stores it hands out by any.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "env/objects/s3_store.h"
#include "sql/config.h"

namespace penstock {

// Whether the value of an option is never shown.
bool IsSecretOption(const std::string& key);

class SessionObjectStores {
 public:
  // Those that the options name. Options that cannot be used are reported when a store is opened.
  ObjectStores* Of(const sql::Config& config);

 private:
  class Stores;
  std::vector<std::shared_ptr<Stores>> stores_;  // by the time at which their options were set
};

}  // namespace penstock
