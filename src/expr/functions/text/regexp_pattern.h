// Regular expressions with the syntax and meaning of java.util.regex, compiled by PCRE2 with its just-in-time
// compiler. Matching stops at a limit instead of running for ever; such a match counts as failed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"

namespace penstock {

// Java's regular expression in PCRE2's syntax: \uXXXX, [a[bc]], [a-z&&[^b]], \p{Alpha} and so on.
Result<std::string> TranslateJavaRegex(std::string_view regex);

// A compiled pattern. Not for use by two threads at a time: it owns the memory that a match is written to.
class Regex {
 public:
  struct Span {
    size_t begin = std::string_view::npos;
    size_t end = std::string_view::npos;
    bool found() const { return begin != std::string_view::npos; }
    std::string_view In(std::string_view text) const { return text.substr(begin, end - begin); }
  };

  static Result<std::unique_ptr<Regex>> CompileJava(std::string_view regex);
  static Result<std::unique_ptr<Regex>> CompilePcre(const std::string& regex);
  ~Regex();
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

  int groups() const { return groups_; }
  // The first match that begins at byte `from` or later; then group(i) tells its parts, 0 being all of it.
  bool Find(std::string_view text, size_t from) const;
  Span group(int i) const;
  // Where the search for the next match begins after the last one (Java's Matcher.find).
  size_t NextStart(std::string_view text) const;

 private:
  struct Compiled;
  explicit Regex(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
  int groups_ = 0;
};

// Compiled patterns by their text, for one kernel. A wrong pattern is remembered too.
class RegexCache {
 public:
  // Null for a pattern that is wrong. Valid until the next call.
  const Regex* Get(std::string_view regex);

 private:
  static constexpr size_t kCapacity = 64;
  std::unordered_map<std::string, std::unique_ptr<Regex>> patterns_;
  std::string last_text_;
  const Regex* last_ = nullptr;
  bool has_last_ = false;
};

// Java's String.split(regex, limit): limit 0 drops trailing empty pieces, a negative one keeps them.
std::vector<std::string_view> SplitByRegex(const Regex& regex, std::string_view text, int limit);

}  // namespace penstock
