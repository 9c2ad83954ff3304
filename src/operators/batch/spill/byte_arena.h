// ByteArena: bytes that stay where they are until all are given up together; blocks grow with what was taken.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace penstock {

class ByteArena {
 public:
  // `size` bytes at an address divisible by 8.
  char* Take(size_t size) {
    size = Aligned(size);
    if (size > left_) NewBlock(size);
    char* at = at_;
    at_ += size;
    left_ -= size;
    return at;
  }
  // What Take(size) would add to bytes().
  size_t Growth(size_t size) const { return Aligned(size) > left_ ? BlockFor(Aligned(size)) : 0; }
  size_t bytes() const { return bytes_; }
  void Clear() {
    blocks_.clear();
    at_ = nullptr;
    left_ = bytes_ = 0;
  }

 private:
  static constexpr size_t kFirstBlock = 4096;
  static constexpr size_t kLargestBlock = 1 << 20;
  static size_t Aligned(size_t size) { return (size + 7) / 8 * 8; }
  size_t BlockFor(size_t size) const {
    return std::max(size, std::clamp(bytes_ / 4, kFirstBlock, kLargestBlock));
  }
  void NewBlock(size_t size) {
    left_ = BlockFor(size);
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(left_));
    at_ = blocks_.back().get();
    bytes_ += left_;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* at_ = nullptr;
  size_t left_ = 0, bytes_ = 0;
};

}  // namespace penstock
