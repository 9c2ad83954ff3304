// ByteWriter and ByteReader: how every durable or shipped value is laid out. Little-endian fixed-width
// integers, varint lengths, length-prefixed strings. A reader never reads past its end: it turns "corrupt"
// and yields zeros, and the caller checks ok() once at the end. Not thread-safe; a reader does not own its
// bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace penstock {

class ByteWriter {
 public:
  template <typename T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T> ||
      (sizeof(T) == 16 && std::is_trivially_copyable_v<T>)void Fixed(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void Varint(uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<char>(value));
  }
  void Bool(bool value) { bytes_.push_back(value ? 1 : 0); }
  void String(std::string_view value) {
    Varint(value.size());
    bytes_.append(value);
  }
  void Raw(std::string_view value) { bytes_.append(value); }

  const std::string& bytes() const { return bytes_; }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T Fixed() {
    T value{};
    if (!Need(sizeof(T))) return value;
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (!Need(1)) return 0;
      auto byte = static_cast<uint8_t>(rest_[0]);
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    ok_ = false;
    return 0;
  }
  bool Bool() { return Fixed<uint8_t>() != 0; }
  std::string_view String() {
    uint64_t size = Varint();
    if (!Need(size)) return {};
    std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }
  // A count of things that each take at least one byte: corrupt input cannot make the caller allocate more.
  uint64_t Count() {
    uint64_t count = Varint();
    if (count > rest_.size()) ok_ = false;
    return ok_ ? count : 0;
  }

  // True as long as nothing was read past the end.
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  bool Need(uint64_t size) {
    if (ok_ && size <= rest_.size()) return true;
    ok_ = false;
    rest_ = {};
    return false;
  }
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace penstock
