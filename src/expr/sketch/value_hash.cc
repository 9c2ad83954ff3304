// Hashes of values for sketches.
#include "expr/sketch/value_hash.h"

#include <cmath>
#include <cstring>
#include <limits>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace penstock {

uint64_t HashBytes(std::string_view bytes) { return XXH64(bytes.data(), bytes.size(), 0); }

DataType SketchArgument(const DataType& type) {
  if (type.is_integer()) return DataType::BigInt().WithNullable(type.nullable());
  if (type.is(TypeKind::kFloat)) return DataType::Double().WithNullable(type.nullable());
  if (type.is(TypeKind::kNull)) return DataType::String();
  return type;
}

ValueHasher::ValueHasher(const DataType& type) : kind_(Kind::kKey), codec_({type}) {
  if (type.is(TypeKind::kBigInt)) kind_ = Kind::kInteger;
  if (type.is(TypeKind::kDouble)) kind_ = Kind::kDouble;
  if (type.is_character() || type.is_binary()) kind_ = Kind::kBytes;
}

uint64_t ValueHasher::Hash(const ColumnPtr& column, int64_t row) {
  if (kind_ == Kind::kBytes) return HashBytes(column->StringAt(row));
  if (kind_ == Kind::kKey) {
    scratch_.clear();
    codec_.EncodeRow(std::span(&column, 1), row, &scratch_);
    return HashBytes(scratch_);
  }
  char bytes[8];
  if (kind_ == Kind::kInteger) {
    int64_t value = column->At<int64_t>(row);
    std::memcpy(bytes, &value, sizeof(bytes));
  } else {
    double value = column->At<double>(row);
    if (value == 0) value = 0;
    if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
    std::memcpy(bytes, &value, sizeof(bytes));
  }
  return HashBytes({bytes, sizeof(bytes)});
}

}  // namespace penstock
