// Projections next to each other become one.
#include <algorithm>

#include "sql/logical/rules.h"

namespace penstock::sql {

namespace {

ExprPtr Substitute(const ExprPtr& expr, const std::vector<ExprPtr>& inner) {
  return TransformExpr(expr, [&](const ExprPtr& e) -> ExprPtr {
    return e->is_input() ? inner[static_cast<size_t>(e->index())] : nullptr;
  });
}

// Whether no expression of the inner projection would be evaluated more often, or elsewhere, than before.
bool CanMerge(const std::vector<ExprPtr>& outer, const PlanPtr& inner) {
  const auto* node = inner->As<ProjectNode>();
  if (node == nullptr || !inner->hints.empty() || inner->input()->As<OverNode>() != nullptr) return false;
  std::vector<int> uses(node->exprs.size(), 0);
  for (const ExprPtr& expr : outer) {
    VisitExpr(expr, [&](const Expr& e) {
      if (e.is_input()) ++uses[static_cast<size_t>(e.index())];
    });
  }
  for (size_t i = 0; i < uses.size(); ++i) {
    const ExprPtr& expr = node->exprs[i];
    if (expr->is_input() || expr->is_literal()) continue;
    if (!expr->deterministic() || uses[i] > 1) return false;
  }
  return true;
}

}  // namespace

PlanPtr MergeProjections(const PlanPtr& plan) {
  std::vector<PlanPtr> inputs;
  bool changed = false;
  for (const PlanPtr& input : plan->inputs) {
    inputs.push_back(MergeProjections(input));
    changed = changed || inputs.back() != input;
  }
  PlanPtr merged = changed ? WithInputs(*plan, std::move(inputs)) : plan;
  const auto* outer = merged->As<ProjectNode>();
  if (outer == nullptr || !CanMerge(outer->exprs, merged->input())) return merged;
  const PlanPtr& inner = merged->input();
  ProjectNode both;
  for (const ExprPtr& expr : outer->exprs)
    both.exprs.push_back(Substitute(expr, inner->As<ProjectNode>()->exprs));
  auto copy = std::make_shared<PlanNode>(*merged);
  copy->op = std::move(both);
  copy->inputs = {inner->input()};
  return copy;
}

}  // namespace penstock::sql
