// Rows in columns: RowBatch reads them, RowWriter makes them. Sources, sinks, functions and results use the
// same two. Reading or adding a cell allocates nothing for numbers and text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "penstock/status.h"
#include "penstock/value.h"

PENSTOCK_API_BEGIN

// A column of a table or a result; the type as SQL writes it: "BIGINT NOT NULL", "ROW<`a` INT>".
struct Column {
  std::string name;
  std::string type;
};

// Immutable; copies share the rows. May be read from any thread.
class RowBatch {
 public:
  RowBatch();

  int64_t rows() const;
  int columns() const;
  RowKind kind(int64_t row) const;
  // REQUIRES for all below: 0 <= row < rows(), 0 <= column < columns().
  bool IsNull(int64_t row, int column) const;
  // The cell of a column whose values appear as that kind (value.h). REQUIRES: not NULL.
  bool Bool(int64_t row, int column) const;
  int64_t Int(int64_t row, int column) const;
  double Double(int64_t row, int column) const;
  // CHAR, VARCHAR, BINARY and VARBINARY only; valid as long as the batch.
  std::string_view Text(int64_t row, int column) const;
  // Any cell.
  Value Get(int64_t row, int column) const;
  // The text of CAST(cell AS STRING); "NULL" for NULL. Instants appear in UTC.
  std::string ToText(int64_t row, int column) const;

 private:
  friend struct Access;
  struct Rep;
  std::shared_ptr<const Rep> rep_;
};

// One row of a batch: op + values, as a changelog lists them.
class Row {
 public:
  Row(const RowBatch& batch, int64_t row) : batch_(batch), row_(row) {}
  RowKind kind() const { return batch_.kind(row_); }
  int size() const { return batch_.columns(); }
  bool IsNull(int column) const { return batch_.IsNull(row_, column); }
  bool Bool(int column) const { return batch_.Bool(row_, column); }
  int64_t Int(int column) const { return batch_.Int(row_, column); }
  double Double(int column) const { return batch_.Double(row_, column); }
  std::string_view Text(int column) const { return batch_.Text(row_, column); }
  Value Get(int column) const { return batch_.Get(row_, column); }
  // "+I[1, Anna, NULL]".
  std::string ToString() const;

 private:
  RowBatch batch_;
  int64_t row_;
};

// Takes rows cell by cell, from left to right: writer.Int(1).Text("Anna").EndRow(). The first wrong cell
// (another type, too many or too few cells, NULL where the column is NOT NULL) is remembered: what follows is
// ignored and the call the writer was handed to fails with it. Handed out by the library for the length of
// one call.
class RowWriter {
 public:
  RowWriter& Null();
  RowWriter& Bool(bool value);
  // Integers, DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ and INTERVAL as value.h says; also DOUBLE and DECIMAL.
  RowWriter& Int(int64_t value);
  RowWriter& Double(double value);
  // Text and bytes; for numbers, dates and times what CAST makes of the text.
  RowWriter& Text(std::string_view value);
  RowWriter& Add(const Value& value);
  void EndRow(RowKind kind = RowKind::kInsert);

  // Complete rows so far.
  int64_t rows() const;
  const Status& status() const;

 private:
  friend struct Access;
  struct Rep;
  explicit RowWriter(Rep* rep) : rep_(rep) {}
  Rep* rep_;
};

PENSTOCK_API_END
