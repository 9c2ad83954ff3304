// KeyCodec: rows of key columns as bytes whose order is SQL's order (memcomparable), and back. These bytes
// are the key of keyed state, of timers and of result order, and their XXH3 hash chooses the key group: all
// of it is part of the durable format (docs/formats/key.md). NULL sorts first; -0.0 equals 0.0; NaN has one
// form and sorts last.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/column.h"
#include "data/column_builder.h"

namespace penstock {

// The encoded keys of a batch: one string per row, in one block.
class KeyBlock {
 public:
  std::string_view operator[](int64_t row) const {
    auto r = static_cast<size_t>(row);
    return std::string_view(bytes_).substr(offsets_[r], offsets_[r + 1] - offsets_[r]);
  }
  int64_t rows() const { return static_cast<int64_t>(offsets_.size()) - 1; }

 private:
  friend class KeyCodec;
  std::string bytes_;
  std::vector<uint32_t> offsets_{0};
};

class KeyCodec {
 public:
  explicit KeyCodec(std::vector<DataType> types) : types_(std::move(types)) {}
  // `descending[i]` inverts column i; used by ordered state, not by keys.
  KeyCodec(std::vector<DataType> types, std::vector<bool> descending, std::vector<bool> nulls_last);

  const std::vector<DataType>& types() const { return types_; }

  // Encodes columns[0..n) for all rows. REQUIRES: columns match types().
  void Encode(std::span<const ColumnPtr> columns, int64_t rows, KeyBlock* out) const;
  void EncodeRow(std::span<const ColumnPtr> columns, int64_t row, std::string* out) const;
  // Appends one row to the builders. REQUIRES: made by Encode of a codec with the same types, ascending.
  void Decode(std::string_view key, std::span<ColumnBuilder> out) const;

 private:
  std::vector<DataType> types_;
  std::vector<bool> descending_;
  std::vector<bool> nulls_last_;
};

// XXH3, 64 bits, seed 0.
uint64_t HashKey(std::string_view key);

}  // namespace penstock
