// KeyFilter: a Bloom filter by blocks of 32 bytes over the hashes of keys, which grows in layers: whether a
// key may be among those that were added. A key that was not is taken for one in about 200 cases. Source: the
// split block filter of the Parquet format (BloomFilter.md). Used by its state's thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace penstock {

class KeyFilter {
 public:
  void Add(uint64_t hash) {
    if (MayHold(hash)) return;
    if (layers_.empty() || layers_.back().room == 0) Grow();
    Layer& layer = layers_.back();
    --layer.room;
    Block& block = layer.blocks[BlockOf(layer, hash)];
    for (size_t i = 0; i < block.size(); ++i) block[i] |= BitOf(hash, i);
  }
  bool MayHold(uint64_t hash) const {
    for (const Layer& layer : layers_) {
      const Block& block = layer.blocks[BlockOf(layer, hash)];
      bool all = true;
      for (size_t i = 0; i < block.size(); ++i) all = all && (block[i] & BitOf(hash, i)) != 0;
      if (all) return true;
    }
    return false;
  }
  size_t MemoryBytes() const {
    size_t bytes = 0;
    for (const Layer& layer : layers_) bytes += layer.blocks.size() * sizeof(Block);
    return bytes;
  }

 private:
  using Block = std::array<uint32_t, 8>;
  struct Layer {
    std::vector<Block> blocks;
    uint64_t room = 0;  // for so many more keys
  };
  static constexpr uint64_t kFirstBlocks = 16;
  static constexpr uint64_t kKeysPerBlock = 20;               // 12.8 bits each
  static constexpr uint64_t kManyBlocks = uint64_t{1} << 16;  // above that layers only double
  static constexpr std::array<uint32_t, 8> kSalts = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                                     0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

  // Key groups take the upper half of a hash: it is mixed first.
  static uint64_t Mix(uint64_t hash) { return (hash ^ hash >> 29) * 0x9E3779B97F4A7C15ULL; }
  static size_t BlockOf(const Layer& layer, uint64_t hash) {
    return static_cast<size_t>((Mix(hash) >> 32) * layer.blocks.size() >> 32);
  }
  static uint32_t BitOf(uint64_t hash, size_t i) {
    return uint32_t{1} << (static_cast<uint32_t>(hash) * kSalts[i] >> 27);
  }
  void Grow() {
    uint64_t last = layers_.empty() ? kFirstBlocks / 4 : layers_.back().blocks.size();
    uint64_t blocks = last * (last < kManyBlocks ? 4 : 2);
    layers_.push_back({std::vector<Block>(blocks), blocks * kKeysPerBlock});
  }

  std::vector<Layer> layers_;
};

}  // namespace penstock
