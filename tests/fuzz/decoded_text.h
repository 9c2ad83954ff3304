// What the fuzz targets of decoders share: a schema with every kind of type, and decoded rows as text, so
// that two ways of reading the same bytes can be compared.
#pragma once

#include <string>
#include <vector>

#include "data/value_text.h"
#include "formats/decoder.h"
#include "formats/format.h"

namespace penstock::fuzz {

inline std::vector<Field> Columns(bool nested) {
  DataType row = DataType::Row({{"x", DataType::Int()}, {"y", DataType::String()}});
  std::vector<Field> columns = {{"a", DataType::Int()},
                                {"b", DataType::String()},
                                {"c", DataType::Double()},
                                {"d", DataType::Boolean()},
                                {"e", DataType::Decimal(10, 2)},
                                {"f", DataType::Timestamp(3)},
                                {"g", DataType::Date()},
                                {"h", DataType::Time(3)},
                                {"i", DataType::Bytes()},
                                {"j", DataType::TimestampLtz(6)},
                                {"k", DataType::Array(DataType::BigInt())},
                                {"l", row}};
  if (nested) {
    columns.push_back({"m", DataType::Map(DataType::String(), DataType::Array(DataType::Int()))});
    columns.push_back({"n", DataType::Array(row)});
  }
  return columns;
}

// Rows one a line, then the number of bad records. The bytes behind `text` must be padding.
struct Reading {
  std::string rows;
  int64_t bad = 0;
  bool failed = false;
  bool operator==(const Reading&) const = default;
};

inline void Append(DecodedRows* decoded, const std::vector<Field>& columns, Reading* reading) {
  Batch batch = decoded->Take();
  for (int64_t row = 0; row < batch.rows; ++row) {
    ValueRow values = batch.RowAt(row);
    for (size_t i = 0; i < values.size(); ++i) reading->rows += ValueToJson(values[i], columns[i].type) + " ";
    reading->rows += "\n";
  }
}

// Hands the bytes over in pieces of `piece` bytes, as a file's reader does.
inline Reading ReadStream(Decoder& decoder, const std::string& padded, size_t size, size_t piece,
                          const std::vector<Field>& columns) {
  Reading reading;
  DecodedRows decoded(Schema(columns).types(), true);
  size_t begin = 0, end = 0;
  while (!reading.failed && (begin < size || end < size)) {
    bool last = end == size;
    std::string buffer = padded.substr(begin, end - begin) + std::string(kDecodePadding, '\0');
    Result<size_t> used =
        decoder.DecodeStream(std::string_view(buffer).substr(0, end - begin), last, 7, &decoded);
    if (!used) {
      reading.failed = true;
      break;
    }
    CHECK(*used <= end - begin);
    begin += *used;
    Append(&decoded, columns, &reading);
    if (*used == 0) {
      CHECK(!last || begin == size);
      if (last) break;
      end = std::min(size, end + piece);
    }
  }
  reading.bad = decoded.bad.count();
  return reading;
}

}  // namespace penstock::fuzz
