// BadRows: records that could not be decoded, as data: raw bytes, error text and where each came from. They
// are always counted; kept only when the bad-rows lane asks for them. Not thread-safe: owned by one reader.
#pragma once

#include <string>
#include <string_view>

#include "data/batch.h"
#include "data/column_builder.h"
#include "data/data_type.h"

namespace penstock {

class BadRows {
 public:
  // raw BYTES, error STRING, position STRING: the columns of the bad-rows lane.
  static Schema schema() {
    return Schema{
        {"raw", DataType::Bytes()}, {"error", DataType::String()}, {"position", DataType::String()}};
  }

  explicit BadRows(bool keep) : keep_(keep) {}

  void Add(std::string_view raw, std::string_view error, std::string_view position) {
    ++count_;
    if (!keep_) return;
    raw_.AppendString(raw);
    error_.AppendString(error);
    position_.AppendString(position);
  }
  // Values that were read as NULL because the format's option ignore-parse-errors says so.
  void AddFields(int64_t fields) { fields_ += fields; }
  // All records that were bad so far, also those that were not kept.
  int64_t count() const { return count_; }
  int64_t fields() const { return fields_; }
  // What was kept since the last call.
  Batch Take() {
    if (raw_.length() == 0) return {};
    int64_t rows = raw_.length();
    return Batch(rows, {raw_.Finish(), error_.Finish(), position_.Finish()});
  }

 private:
  bool keep_;
  int64_t count_ = 0;
  int64_t fields_ = 0;
  ColumnBuilder raw_{DataType::Bytes()};
  ColumnBuilder error_{DataType::String()};
  ColumnBuilder position_{DataType::String()};
};

}  // namespace penstock
