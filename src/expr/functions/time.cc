// Functions of dates and times.
#include "data/datetime.h"
#include "expr/functions/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

std::optional<int64_t> TextToTimestamp(std::string_view text) {
  std::optional<int128_t> nanos = ParseTimestamp(text);
  if (!nanos) return std::nullopt;
  return static_cast<int64_t>(NanosToTimestamp(*nanos, 3));
}

Kernel BindNow(const CallSite& site) {
  const EvalContext* context = site.context;
  DataType type = site.result;
  return [context, type](std::span<const ColumnPtr>, int64_t rows) -> Result<ColumnPtr> {
    if (!context->now_micros) return Status::Internal("no clock to evaluate the current time");
    return Column::Constant(type, Value::Int(context->now_micros() / 1000 * 1000), rows);
  };
}

}  // namespace

void RegisterTime(FunctionRegistry* registry) {
  registry->Add("TO_TIMESTAMP",
                Fixed("TO_TIMESTAMP", {Family::kCharacter}, DataType::Timestamp(3), Nullability::kAlways),
                RowFunction<std::optional<int64_t>(std::string_view)>(TextToTimestamp));
  DataType instant = DataType::TimestampLtz(3);
  registry
      ->Add("PROCTIME",
            Fixed("PROCTIME", {}, instant.WithTimeAttribute(TimeAttribute::kProctime), Nullability::kNever),
            BindNow)
      .set_deterministic(false);
  registry->Add("CURRENT_TIMESTAMP", Fixed("CURRENT_TIMESTAMP", {}, instant, Nullability::kNever), BindNow)
      .set_deterministic(false);
  for (const char* alias : {"NOW", "CURRENT_ROW_TIMESTAMP"}) registry->Alias(alias, "CURRENT_TIMESTAMP");
}

}  // namespace penstock
