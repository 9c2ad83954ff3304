// AvroInput: a cursor over bytes in Avro's binary encoding. It never reads past the end: a call returns
// false, and problem() says why. What a record may make its reader do is bounded: arrays and maps have no
// more items than the record has bytes, plus some of those that take no bytes. Used by one thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace penstock {

class AvroInput {
 public:
  explicit AvroInput(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) { StartRecord(); }

  size_t left() const { return static_cast<size_t>(end_ - at_); }
  const char* at() const { return at_; }
  const std::string& problem() const { return problem_; }
  bool Fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  // Items may be read again up to the bound.
  void StartRecord() { items_ = static_cast<int64_t>(left()) + kItemsWithoutBytes; }

  // Zigzag varint of up to 10 bytes.
  bool Long(int64_t* value) {
    uint64_t bits = 0;
    int shift = 0;
    for (; shift < 64 && at_ < end_; shift += 7) {
      auto byte = static_cast<uint8_t>(*at_++);
      bits |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) != 0) continue;
      *value = static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1);
      return true;
    }
    return Fail(shift < 64 ? kShort : "a number of more than 64 bits");
  }
  bool Raw(size_t size, std::string_view* bytes) {
    if (size > left()) return Fail(kShort);
    *bytes = {at_, size};
    at_ += size;
    return true;
  }
  // A string or bytes.
  bool Bytes(std::string_view* bytes) {
    int64_t size = 0;
    if (!Long(&size)) return false;
    if (size < 0) return Fail("a length below zero");
    return Raw(static_cast<size_t>(size), bytes);
  }
  template <typename T>
  bool Fixed(T* value) {
    if (sizeof(T) > left()) return Fail(kShort);
    std::memcpy(value, at_, sizeof(T));
    at_ += sizeof(T);
    return true;
  }
  bool Boolean(bool* value) {
    if (at_ == end_) return Fail(kShort);
    auto byte = static_cast<uint8_t>(*at_++);
    *value = byte == 1;
    return byte <= 1 || Fail("a boolean that is neither 0 nor 1");
  }
  // Begins a block of an array or map: how many items, 0 at the end. `bytes`: of the block where it says so,
  // else -1.
  bool Block(int64_t* count, int64_t* bytes) {
    *bytes = -1;
    if (!Long(count)) return false;
    if (*count < 0) {
      if (*count == INT64_MIN) return Fail("a block of too many items");
      *count = -*count;
      if (!Long(bytes)) return false;
      if (*bytes < 0 || static_cast<uint64_t>(*bytes) > left()) return Fail(kShort);
    }
    items_ -= *count < items_ ? *count : items_ + 1;
    return items_ >= 0 || Fail("more items than the record has bytes");
  }

 private:
  static constexpr const char* kShort = "the record ends too early";
  static constexpr int64_t kItemsWithoutBytes = 65'536;

  const char* at_;
  const char* end_;
  int64_t items_ = 0;
  std::string problem_;
};

}  // namespace penstock
