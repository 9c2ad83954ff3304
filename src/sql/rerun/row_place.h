// RowPlace: where the rows of a plan stand in event time: which of its columns are the bounds of the window
// that a row belongs to, or the time attribute of the row it comes from; and where columns come from. What a
// range of event time means for the rows of a sink.
#pragma once

#include <string>
#include <vector>

#include "sql/logical/logical_plan.h"

namespace penstock::sql {

struct RowPlace {
  enum class Kind : uint8_t { kNone, kTime, kWindow };
  Kind kind = Kind::kNone;
  int time = -1;  // of kTime: the column
  // Of kWindow; -1 where the plan has dropped the column. A session has both start and end.
  int start = -1, end = -1, window_time = -1;
  WindowSpec window;
};
// A column counts that hands the value on or only converts it to another type of timestamp.
RowPlace PlaceOf(const PlanPtr& plan);

// A column of a table with a watermark whose values a column of the plan hands on.
struct ColumnOrigin {
  TablePtr table;
  std::string column;
};
// Of several tables behind UNION ALL; empty where the column is computed.
std::vector<ColumnOrigin> OriginsOf(const PlanPtr& plan, int column);

}  // namespace penstock::sql
