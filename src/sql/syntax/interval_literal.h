// INTERVAL literals: '1-2' YEAR TO MONTH, '1 12:30:00.5' DAY TO SECOND and all single units.
#pragma once

#include <string>

#include "base/status.h"
#include "data/data_type.h"
#include "data/value.h"

namespace penstock::sql {

struct IntervalLiteral {
  Value value;  // months or milliseconds
  DataType type;
};

// `units` is "DAY" or "DAY TO SECOND", upper case.
Result<IntervalLiteral> ParseIntervalLiteral(const std::string& text, const std::string& units,
                                             TextPosition at);

}  // namespace penstock::sql
