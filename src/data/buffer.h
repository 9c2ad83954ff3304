// Buffer: a growable block of memory under columns. Builders write it; once a Column owns it, it never
// changes. Capacity is padded to 64 bytes so that vector code may read (never write) past the size.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/check.h"

namespace penstock {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t size) { Resize(size); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(data_); }

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

  // New bytes are not initialised.
  void Resize(size_t size) {
    if (size > capacity_) Grow(size);
    size_ = size;
  }
  void Append(const void* bytes, size_t count) {
    size_t at = size_;
    Resize(size_ + count);
    if (count > 0) std::memcpy(data_ + at, bytes, count);
  }
  template <typename T>
  void AppendFixed(T value) {
    size_t at = size_;
    Resize(size_ + sizeof(T));
    std::memcpy(data_ + at, &value, sizeof(T));
  }
  template <typename T>
  T* as() {
    return reinterpret_cast<T*>(data_);
  }
  template <typename T>
  const T* as() const {
    return reinterpret_cast<const T*>(data_);
  }

 private:
  void Grow(size_t size) {
    size_t capacity = (size + size / 2 + 128) & ~size_t{63};
    data_ = static_cast<uint8_t*>(std::realloc(data_, capacity));
    CHECK(data_ != nullptr);
    capacity_ = capacity;
  }
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

using BufferPtr = std::shared_ptr<const Buffer>;

}  // namespace penstock
