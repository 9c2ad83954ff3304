// Filters and bounded tables put into a plan.
#include "sql/rerun/read_range.h"

namespace penstock::sql {

namespace {

class RangeReader {
 public:
  RangeReader(const BindContext& context, const ReadRange& range, const BoundTable& bound)
      : context_(context), range_(range), bound_(bound) {}

  Result<PlanPtr> Rewrite(const PlanPtr& plan) const {
    if (plan->As<WatermarkNode>() != nullptr) return Filtered(plan);
    if (const auto* scan = plan->As<ScanNode>()) {
      if (range_.all()) return Bounded(plan);
      return SqlError(
          ErrorNumber::kInvalidPlan, {},
          "table '" + scan->table->path.ToString() + "' has no event time, so no range of it can be read",
          "declare a WATERMARK, or read all of it: --from earliest --to latest");
    }
    std::vector<PlanPtr> inputs;
    const auto* temporal = plan->As<TemporalJoinNode>();
    for (const PlanPtr& input : plan->inputs) {
      PlanPtr rewritten = input;
      if (temporal == nullptr || inputs.empty()) {
        ASSIGN_OR_RETURN(rewritten, Rewrite(input));
      } else if (!temporal->time->type().is_proctime()) {
        rewritten = Bounded(input);
      }
      inputs.push_back(std::move(rewritten));
    }
    return inputs.empty() ? plan : WithInputs(*plan, std::move(inputs));
  }

 private:
  // The whole of it.
  PlanPtr Bounded(const PlanPtr& plan) const {
    if (const auto* scan = plan->As<ScanNode>()) {
      ScanNode node = *scan;
      node.table = bound_(node.table);
      return MakePlan(std::move(node), plan->schema, {});
    }
    std::vector<PlanPtr> inputs;
    for (const PlanPtr& input : plan->inputs) inputs.push_back(Bounded(input));
    if (const auto* watermark = plan->As<WatermarkNode>()) {
      WatermarkNode node = *watermark;
      node.table = bound_(node.table);
      return MakePlan(std::move(node), plan->schema, std::move(inputs));
    }
    return inputs.empty() ? plan : WithInputs(*plan, std::move(inputs));
  }
  Result<PlanPtr> Filtered(const PlanPtr& plan) const {
    int column = plan->As<WatermarkNode>()->column;
    ExprPtr time = Expr::Input(column, plan->schema[column].type);
    std::vector<ExprPtr> conditions;
    if (range_.from_ms) {
      ASSIGN_OR_RETURN(ExprPtr from, MakeCall(context_, ">=", {time, At(*range_.from_ms, time->type())}, {}));
      conditions.push_back(std::move(from));
    }
    if (range_.to_ms) {
      ASSIGN_OR_RETURN(ExprPtr to, MakeCall(context_, "<", {time, At(*range_.to_ms, time->type())}, {}));
      conditions.push_back(std::move(to));
    }
    PlanPtr bounded = Bounded(plan);
    return conditions.empty() ? bounded : MakeFilter(std::move(bounded), MakeConjunction(conditions));
  }
  ExprPtr At(int64_t wall_ms, const DataType& type) const {
    bool instant = type.is(TypeKind::kTimestampLtz);
    int64_t micros = instant ? context_.eval->zone->ToUtcMicros(wall_ms * 1000) : wall_ms * 1000;
    DataType literal = instant ? DataType::TimestampLtz(3) : DataType::Timestamp(3);
    return Expr::Literal(Value::Int(micros), literal.NotNull());
  }

  const BindContext& context_;
  const ReadRange& range_;
  const BoundTable& bound_;
};

}  // namespace

Result<PlanPtr> ReadWithin(const BindContext& context, const PlanPtr& plan, const ReadRange& range,
                           const BoundTable& bound) {
  return RangeReader(context, range, bound).Rewrite(plan);
}

}  // namespace penstock::sql
