// ValueHasher: the 64-bit hash of a value that every sketch stands on. XXH64 with seed 0 over bytes that do
// not depend on the width of numbers: a BIGINT's or DOUBLE's eight bytes (little-endian; -0.0 as 0.0, one
// form of NaN), a text's or binary's own bytes, the key encoding (docs/formats/key.md) of anything else. Part
// of the durable format of sketches (docs/formats/sketch.md). Used by one thread at a time.
#pragma once

#include <string>

#include "data/key_codec.h"

namespace penstock {

uint64_t HashBytes(std::string_view bytes);
// A second hash out of a first (the finaliser of SplitMix64, Steele et al. 2014): sketches with several rows
// take row `i` of Remix(hash + i * an odd constant).
inline uint64_t Remix(uint64_t hash) {
  hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ hash >> 27) * 0x94d049bb133111ebULL;
  return hash ^ hash >> 31;
}

// What an argument of a sketch is cast to, so that 5 is the same value in every integer type: integers are
// BIGINT, FLOAT is DOUBLE, all else stays.
DataType SketchArgument(const DataType& type);

class ValueHasher {
 public:
  // `type` is a result of SketchArgument.
  explicit ValueHasher(const DataType& type);
  // REQUIRES: the row is not NULL.
  uint64_t Hash(const ColumnPtr& column, int64_t row);

 private:
  enum class Kind : uint8_t { kInteger, kDouble, kBytes, kKey };
  Kind kind_;
  KeyCodec codec_;
  std::string scratch_;
};

}  // namespace penstock
