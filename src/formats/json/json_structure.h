// JsonStructure: where the tokens of JSON text are, found for many lines at once with vector instructions
// (the first stage of simdjson). A token is one of {}[]:, or the first byte of a string, number or literal;
// bytes inside strings are none, so a value ends before the next token. Used by one decoder on its thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace penstock {

class JsonStructure {
 public:
  JsonStructure();
  ~JsonStructure();

  // Looks through whole lines. False: they are not valid UTF-8, a string in them does not end or holds a
  // control character (a line end too: no string spans lines after a true), or there is no token at all.
  // REQUIRES: 64 bytes behind the text may be read.
  bool Scan(std::string_view text);

  // Offsets of the tokens in the text of the last successful Scan, ascending; behind them stands the text's
  // size.
  const uint32_t* tokens() const { return tokens_; }
  size_t count() const { return count_; }

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
  const uint32_t* tokens_ = nullptr;
  size_t count_ = 0;
};

}  // namespace penstock
