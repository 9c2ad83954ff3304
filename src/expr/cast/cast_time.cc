// Casts among DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ: all but TIMESTAMP_LTZ are wall clocks of the session's
// zone.
#include "expr/cast/cast_kernels.h"
#include "expr/functions/time/time_value.h"

namespace penstock {

int64_t TruncateTime(int64_t millis, int precision) {
  int64_t unit = precision >= 3 ? 1 : precision == 2 ? 10 : precision == 1 ? 100 : 1000;
  return millis / unit * unit;
}

Kernel CastTime(const DataType& from, const DataType& to, const EvalContext& context) {
  // An instant stays the same instant.
  bool instants = from.is(TypeKind::kTimestampLtz) && to.is(TypeKind::kTimestampLtz);
  const TimeZone* zone = instants ? &TimeZone::Utc() : context.zone;
  return CastKernel(from, to, false,
                    [from, to, zone](const Column& column, int64_t row) -> std::optional<Value> {
                      Value value = FromLocalNanos(LocalNanosAt(column, row, from, *zone), to, *zone);
                      if (!to.is(TypeKind::kTime)) return value;
                      return Value::Int(TruncateTime(value.as_int(), to.precision()));
                    });
}

}  // namespace penstock
