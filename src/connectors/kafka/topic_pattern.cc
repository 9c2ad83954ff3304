// Topic patterns on PCRE2.
#include "connectors/kafka/topic_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace penstock {

Result<TopicPattern> TopicPattern::Make(const std::string& text) {
  int error = 0;
  PCRE2_SIZE at = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                   PCRE2_ANCHORED | PCRE2_ENDANCHORED, &error, &at, nullptr);
  if (code == nullptr) {
    PCRE2_UCHAR message[256];
    pcre2_get_error_message(error, message, sizeof message);
    return SqlError(ErrorNumber::kBadOption, {},
                    "option 'topic-pattern' is no regular expression: " +
                        std::string(reinterpret_cast<const char*>(message)) + " at character " +
                        std::to_string(at + 1));
  }
  TopicPattern pattern;
  pattern.code_ = std::shared_ptr<void>(code, [](void* p) { pcre2_code_free(static_cast<pcre2_code*>(p)); });
  return pattern;
}

bool TopicPattern::Matches(const std::string& topic) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  pcre2_match_data* data = pcre2_match_data_create_from_pattern(code, nullptr);
  int count =
      pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(topic.data()), topic.size(), 0, 0, data, nullptr);
  pcre2_match_data_free(data);
  return count >= 0;
}

}  // namespace penstock
