// Access: the border between the public interface (penstock::v1) and the engine (penstock): what stands
// behind RowBatch and RowWriter, and the conversion of statuses and values. Only the files of src/api include
// it.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "data/batch.h"
#include "data/column_builder.h"
#include "expr/function.h"
#include "penstock/query_result.h"
#include "penstock/rows.h"
#include "penstock/status.h"
#include "penstock/value.h"

namespace penstock::v1 {

Status FromEngine(const penstock::Status& status);
penstock::Status ToEngine(const Status& status);

Value FromEngine(const penstock::Value& value, const DataType& type);
// kInvalidArgument where the value is none of that type.
penstock::Result<penstock::Value> ToEngine(const Value& value, const DataType& type);

std::vector<Column> FromEngine(const Schema& schema);

struct RowBatch::Rep {
  penstock::Batch batch;
  std::vector<DataType> types;
};

struct RowWriter::Rep {
  explicit Rep(const Schema& schema);
  // The rows so far; the writer is empty afterwards. REQUIRES: status is ok and no row is open.
  penstock::Batch Finish();
  void Fail(std::string message);
  // Of the cell that Next has given out: its name for messages; a value or a text converted to its type.
  std::string Where() const;
  void AppendValue(ColumnBuilder& to, const Value& value);
  void AppendCast(ColumnBuilder& to, std::string_view text);
  // The builder of the next cell; null when there is none, or after a failure.
  ColumnBuilder* Next();

  Schema schema;
  std::vector<ColumnBuilder> builders;
  std::vector<Kernel> casts;  // from text, by column; empty until one is needed
  std::vector<penstock::RowKind> kinds;
  bool inserts = true;
  int at = 0;  // column of the next cell
  Status status;
};

struct Access {
  using WrittenRows = RowWriter::Rep;

  static RowBatch Wrap(penstock::Batch batch, std::vector<DataType> types);
  static RowWriter Writer(RowWriter::Rep* rep) { return RowWriter(rep); }
  static const penstock::Batch& BatchOf(const RowBatch& rows) { return rows.rep_->batch; }
  static Status Make(penstock::Status status);

  using QueryState = QueryResult::Rep;
  static QueryResult NewQuery(std::unique_ptr<QueryState> state);
};

}  // namespace penstock::v1
