// The current date and time, and the times that operators hand to expressions. In streaming all of them are
// read anew for every batch of rows; none is folded.
#include "data/datetime.h"
#include "expr/functions/register.h"
#include "expr/functions/time/time_value.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

// The clock's time, to the millisecond, as the type of the call: local for all but TIMESTAMP_LTZ.
Kernel BindNow(const CallSite& site) {
  const EvalContext* context = site.context;
  DataType type = site.result;
  return [context, type](std::span<const ColumnPtr>, int64_t rows) -> Result<ColumnPtr> {
    if (!context->now_micros) return Status::Internal("no clock to evaluate the current time");
    int128_t nanos = int128_t(context->now_micros() / 1000) * 1'000'000;
    if (type.is(TypeKind::kTime)) nanos = nanos / kNanosPerSecond * kNanosPerSecond;
    Value now = FromLocalNanos(context->zone->ToLocalNanos(nanos), type, *context->zone);
    if (type.is(TypeKind::kTimestampLtz)) now = TimestampFromNanos(nanos, type);
    return Column::Constant(type, now, rows);
  };
}

Kernel BindUnixNow(const CallSite& site) {
  const EvalContext* context = site.context;
  return [context](std::span<const ColumnPtr>, int64_t rows) -> Result<ColumnPtr> {
    if (!context->now_micros) return Status::Internal("no clock to evaluate the current time");
    return Column::Constant(DataType::BigInt(), Value::Int(context->now_micros() / kMicrosPerSecond), rows);
  };
}

void AddNow(FunctionRegistry* registry, const char* name, DataType type) {
  registry->Add(name, Fixed(name, {}, std::move(type), Nullability::kNever), BindNow)
      .set_deterministic(false);
}

// Milliseconds since the epoch of the wall clock, as rowtimes without zone count them.
int64_t WatermarkToTimestamp(int64_t millis) { return millis * 1000; }

}  // namespace

void RegisterTime(FunctionRegistry* registry) {
  DataType instant = DataType::TimestampLtz(3);
  AddNow(registry, "PROCTIME", instant.WithTimeAttribute(TimeAttribute::kProctime));
  AddNow(registry, "CURRENT_TIMESTAMP", instant);
  for (const char* alias : {"NOW", "CURRENT_ROW_TIMESTAMP"}) registry->Alias(alias, "CURRENT_TIMESTAMP");
  AddNow(registry, "CURRENT_DATE", DataType::Date());
  AddNow(registry, "CURRENT_TIME", DataType::Time(0));
  AddNow(registry, "LOCALTIME", DataType::Time(0));
  AddNow(registry, "LOCALTIMESTAMP", DataType::Timestamp(3));
  // UNIX_TIMESTAMP without arguments, under a name of its own because it is not deterministic.
  registry
      ->Add("UNIX_TIMESTAMP()", Fixed("UNIX_TIMESTAMP", {}, DataType::BigInt(), Nullability::kNever),
            BindUnixNow)
      .set_deterministic(false);
  registry->Add("WATERMARK_TO_TIMESTAMP",
                Fixed("WATERMARK_TO_TIMESTAMP", {Family::kBigInt}, DataType::Timestamp(3)),
                RowFunction<int64_t(int64_t)>(WatermarkToTimestamp));
  RegisterTimeParse(registry);
  RegisterTimeFormat(registry);
  RegisterTimeExtract(registry);
  RegisterTimeRound(registry);
  RegisterTimeArithmetic(registry);
}

}  // namespace penstock
