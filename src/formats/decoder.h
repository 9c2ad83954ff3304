// Decoder: bytes of records to columns, step 2 of a record's way. A decoder is made by its Format for the
// columns that the plan needs and appends straight to their builders. A record that cannot be decoded is
// data: it goes to BadRows with its bytes, the error and its position; only where the job is to fail on bad
// records does a call return a Status. Owned by one reader and called on its thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "data/batch.h"
#include "data/column_builder.h"
#include "formats/bad_rows.h"

namespace penstock {

// Bytes that must be readable (not meaningful) behind whatever a decoder is given.
inline constexpr size_t kDecodePadding = 64;

enum class OnBadRecord : uint8_t {
  kFail,  // the call returns a Status of kBadRecord
  kSkip,  // BadRows gets the record and decoding goes on
};

// Where decoded rows go, and what the caller tells about where records come from.
struct DecodedRows {
  DecodedRows(const std::vector<DataType>& types, bool keep_bad_rows);

  // Closes a row: every builder has got one more value.
  void AddRow(RowKind kind = RowKind::kInsert) {
    if (kind != RowKind::kInsert && !kinds) {
      kinds = std::make_shared<std::vector<RowKind>>(static_cast<size_t>(rows), RowKind::kInsert);
    }
    ++rows;
    if (kinds) kinds->push_back(kind);
  }
  // Changes the kind of the last row. REQUIRES: there is one.
  void SetLastKind(RowKind kind) {
    if (kind != RowKind::kInsert && !kinds) {
      kinds = std::make_shared<std::vector<RowKind>>(static_cast<size_t>(rows), RowKind::kInsert);
    }
    if (kinds) kinds->back() = kind;
  }
  // Takes back what was appended since the last AddRow.
  void DropUnfinishedRow() {
    for (ColumnBuilder& builder : builders) builder.Truncate(rows);
  }
  // Takes back every row behind the first `count`, and what is unfinished.
  void TruncateRows(int64_t count) {
    rows = count;
    if (kinds) kinds->resize(static_cast<size_t>(count));
    DropUnfinishedRow();
  }
  // The rows so far as a batch; the builders start afresh.
  Batch Take();
  // Text of a position, such as "orders.json:1024" or "orders-0:17".
  std::string PositionOf(size_t offset) const { return source + ":" + std::to_string(base_offset + offset); }

  std::vector<ColumnBuilder> builders;  // one for each wanted column, in order
  std::shared_ptr<std::vector<RowKind>> kinds;
  int64_t rows = 0;
  BadRows bad;
  std::string source;        // file, or topic and partition
  uint64_t base_offset = 0;  // of the first byte that the next call gets
};

class Decoder {
 public:
  virtual ~Decoder() = default;

  // Decodes one record (a message) into any number of rows. `offset`: for its position in BadRows.
  // REQUIRES: kDecodePadding bytes behind it may be read.
  virtual Status DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) = 0;

  // Decodes whole records at the start of `bytes` until `out` has `max_rows` rows (a record of several rows
  // may exceed it) and returns how many bytes they took; 0 when there is no whole record. `last`: nothing
  // follows `bytes`, so its rest is a record too. Here: one record a line; blank lines are skipped.
  virtual Result<size_t> DecodeStream(std::string_view bytes, bool last, int64_t max_rows, DecodedRows* out);

 protected:
  // Whether an empty line of a stream is a record.
  virtual bool takes_empty_lines() const { return false; }
};

// What a decoder does with a record it cannot use: skips it into BadRows, or returns a Status that names the
// problem and the position.
Status ReportBadRecord(std::string_view record, std::string_view problem, size_t offset, OnBadRecord mode,
                       DecodedRows* out);

}  // namespace penstock
