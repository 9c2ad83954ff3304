// From a column down to the functions that it is computed with.
#include "sql/guarantees/nondeterminism.h"

#include "expr/function.h"

namespace penstock::sql {

namespace {

using Names = std::set<std::string>;

void AddCalls(const ExprPtr& expr, Names* names) {
  if (!expr) return;
  VisitExpr(expr, [names](const Expr& part) {
    if (part.kind() == ExprKind::kWatermark) names->insert("CURRENT_WATERMARK");
    if (part.kind() == ExprKind::kCall && !part.function().deterministic())
      names->insert(part.function().name());
  });
}

class Lineage {
 public:
  explicit Lineage(Names* names) : names_(names) {}

  void Column(const PlanPtr& plan, int column) {
    if (column < 0 || plan->inputs.empty()) return Leaf(*plan, column);
    if (const auto* project = plan->As<ProjectNode>())
      return Expression(plan, project->exprs[static_cast<size_t>(column)]);
    if (const auto* aggregate = plan->As<AggregateNode>()) return Aggregate(plan, *aggregate, column);
    if (plan->As<UnionNode>() != nullptr || plan->As<SetOpNode>() != nullptr) {
      for (const PlanPtr& input : plan->inputs) Column(input, column);
      return;
    }
    // All others hand on the columns of their inputs, one after the other, and append their own.
    int width = 0;
    for (const PlanPtr& input : plan->inputs) {
      int inner = column - width;
      if (inner < input->schema.size()) return Column(input, inner);
      width += input->schema.size();
    }
    if (const auto* over = plan->As<OverNode>()) return Over(plan, *over, column - width);
    if (const auto* unnest = plan->As<UnnestNode>()) Expression(plan, unnest->collection);
  }

 private:
  void Leaf(const PlanNode& plan, int column) {
    const auto* values = plan.As<ValuesNode>();
    if (values == nullptr || column < 0) return;
    for (const std::vector<ExprPtr>& row : values->rows) AddCalls(row[static_cast<size_t>(column)], names_);
  }
  // Over the columns of the plan's only input.
  void Expression(const PlanPtr& plan, const ExprPtr& expr) {
    AddCalls(expr, names_);
    for (int input : InputsOf(expr)) Column(plan->input(), input);
  }
  void Aggregate(const PlanPtr& plan, const AggregateNode& node, int column) {
    size_t index = static_cast<size_t>(column);
    if (index < node.groups.size()) return Column(plan->input(), node.groups[index]);
    index -= node.groups.size();
    if (index >= node.calls.size()) return;
    const AggregateCall& call = node.calls[index];
    for (int arg : call.args) Column(plan->input(), arg);
    Column(plan->input(), call.filter);
  }
  void Over(const PlanPtr& plan, const OverNode& node, int call) {
    if (call < 0 || static_cast<size_t>(call) >= node.calls.size()) return;
    for (int arg : node.calls[static_cast<size_t>(call)].args) Column(plan->input(), arg);
    for (const SortKey& key : node.order_by) Column(plan->input(), key.column);
  }

  Names* names_;
};

}  // namespace

std::set<std::string> NondeterministicCalls(const PlanPtr& plan, int column) {
  Names names;
  Lineage(&names).Column(plan, column);
  return names;
}

std::set<std::string> NondeterministicConditions(const PlanPtr& plan) {
  Names names;
  if (const auto* filter = plan->As<FilterNode>()) AddCalls(filter->condition, &names);
  if (const auto* join = plan->As<JoinNode>()) AddCalls(join->condition, &names);
  if (const auto* join = plan->As<TemporalJoinNode>()) AddCalls(join->condition, &names);
  for (const PlanPtr& input : plan->inputs) names.merge(NondeterministicConditions(input));
  return names;
}

}  // namespace penstock::sql
