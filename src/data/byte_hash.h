// ByteHash: the hash of bytes that come in pieces: what HashKey (key_codec.h) says of all of them together.
// Checksums of files that are written and read as streams. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace penstock {

class ByteHash {
 public:
  ByteHash();
  ~ByteHash();
  ByteHash(const ByteHash&) = delete;
  ByteHash& operator=(const ByteHash&) = delete;

  void Add(std::string_view bytes);
  uint64_t value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace penstock
