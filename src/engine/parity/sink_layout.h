// SinkLayout: how the rows of one sink are compared: what identifies a row, which columns count, where a row
// stands in event time, and which late lanes can explain it. Made from the plans of the INSERT statements.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/column.h"
#include "data/datetime.h"
#include "engine/rerun/rerun.h"
#include "sql/rerun/row_place.h"

namespace penstock {

// A late lane of a table that the sink's rows come from.
struct LateLane {
  TablePtr table;
  std::vector<std::string> columns;  // those that are read: the keys, then the others below
  std::vector<int> keys;             // columns of the sink that the first columns must equal
  int time = -1, window_end = -1;    // positions in `columns`
};

// A window, or a moment, of event time: milliseconds on the wall clock.
struct TimeSpan {
  int64_t start = 0, end = 0;  // end is not part of it
};

struct SinkLayout {
  TablePtr table;
  std::vector<std::string> names;
  std::vector<DataType> types;
  std::vector<int> keys;      // identify a row; without a key all columns that compare exactly
  std::vector<int> compared;  // the other columns that count
  std::vector<int> left_out;  // columns that are not the same when a row is computed again
  bool keyed = false;         // rows with equal keys are the same row
  bool folds = false;         // the sink keeps the last row of each key
  std::vector<std::string> nondeterministic;  // the columns left out, with their functions
  std::string conditions;                     // functions that decide which rows there are
  std::string unseen;                         // why its rows cannot be read; "": they can
  sql::RowPlace place;
  int64_t reach_ms = 0;
  const TimeZone* zone = &TimeZone::Utc();
  std::vector<LateLane> lanes;

  // Whether rows are kept as those of the other.
  bool SameForm(const SinkLayout& other) const {
    return keys == other.keys && compared == other.compared && left_out == other.left_out &&
           keyed == other.keyed && folds == other.folds;
  }
  // Where a row stands; `columns` are the sink's. nullopt: nowhere, or at NULL.
  std::optional<TimeSpan> SpanOf(const std::vector<ColumnPtr>& columns, int64_t row) const;
  // Whether a row counts.
  bool IsInside(const sql::ReadRange& range, const std::vector<ColumnPtr>& columns, int64_t row) const;
};

// Of one INSERT of the job.
Result<SinkLayout> LayoutOf(const Rerun::Job& job, size_t insert, int64_t reach_ms);
// Another INSERT into the same sink: what counts for both.
void MergeLayouts(SinkLayout* layout, const SinkLayout& other);

// FLOAT and DOUBLE, alone or inside of others.
bool HasApproximate(const DataType& type);

}  // namespace penstock
