// TopicPattern: the option 'topic-pattern', a regular expression that a whole topic name must match.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace penstock {

class TopicPattern {
 public:
  static Result<TopicPattern> Make(const std::string& text);
  bool Matches(const std::string& topic) const;

 private:
  std::shared_ptr<void> code_;
};

}  // namespace penstock
