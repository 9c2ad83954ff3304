// Conditions move down: below projections, into both sides of joins and unions, and into ChangelogNormalize.
#include <algorithm>

#include "expr/evaluator.h"
#include "sql/logical/rules.h"

namespace penstock::sql {

namespace {

using Conditions = std::vector<ExprPtr>;

PlanPtr Push(const BindContext& context, const PlanPtr& plan, Conditions conditions);

bool IsTrue(const ExprPtr& expr) {
  return expr->is_literal() && !expr->literal().is_null() && expr->literal().as_bool();
}

// The parts of a condition, constants folded and what is always true left out.
Conditions Parts(const BindContext& context, const ExprPtr& condition) {
  Conditions parts;
  for (const ExprPtr& part : SplitConjunction(condition)) {
    ExprPtr folded = FoldConstants(part, *context.eval);
    if (!IsTrue(folded)) parts.push_back(std::move(folded));
  }
  return parts;
}

PlanPtr Above(PlanPtr plan, const Conditions& conditions) {
  return conditions.empty() ? plan : MakeFilter(std::move(plan), MakeConjunction(conditions));
}

PlanPtr Descend(const BindContext& context, const PlanPtr& plan) {
  std::vector<PlanPtr> inputs;
  bool changed = false;
  for (const PlanPtr& input : plan->inputs) {
    inputs.push_back(Push(context, input, {}));
    changed = changed || inputs.back() != input;
  }
  return changed ? WithInputs(*plan, std::move(inputs)) : plan;
}

// Whether a filter over the plan finds a better place below a projection.
bool GoesFurther(const PlanPtr& plan) {
  if (plan->As<NormalizeNode>() != nullptr || plan->As<JoinNode>() != nullptr ||
      plan->As<UnionNode>() != nullptr)
    return true;
  if (plan->As<ProjectNode>() != nullptr || plan->As<FilterNode>() != nullptr)
    return GoesFurther(plan->input());
  return false;
}

PlanPtr PushProject(const BindContext& context, const PlanPtr& plan, const ProjectNode& node,
                    const Conditions& conditions) {
  Conditions below, above;
  for (const ExprPtr& condition : conditions) {
    bool fits = condition->deterministic() && GoesFurther(plan->input());
    for (int column : InputsOf(condition))
      fits = fits && node.exprs[static_cast<size_t>(column)]->deterministic();
    if (!fits) {
      above.push_back(condition);
      continue;
    }
    below.push_back(TransformExpr(condition, [&](const ExprPtr& expr) -> ExprPtr {
      return expr->is_input() ? node.exprs[static_cast<size_t>(expr->index())] : nullptr;
    }));
  }
  PlanPtr input = Push(context, plan->input(), below);
  return Above(input == plan->input() ? plan : WithInputs(*plan, {input}), above);
}

PlanPtr PushNormalize(const PlanPtr& plan, const NormalizeNode& node, const Conditions& conditions) {
  Conditions below, inside, above;
  if (node.filter) inside.push_back(node.filter);
  for (const ExprPtr& condition : conditions) {
    bool keys_only = true;
    for (int column : InputsOf(condition))
      keys_only = keys_only && std::find(node.keys.begin(), node.keys.end(), column) != node.keys.end();
    if (!condition->deterministic()) {
      above.push_back(condition);
    } else {
      (keys_only ? below : inside).push_back(condition);
    }
  }
  NormalizeNode changed = node;
  changed.filter = inside.empty() ? nullptr : MakeConjunction(inside);
  PlanPtr input = Above(plan->input(), below);
  return Above(MakePlan(std::move(changed), plan->schema, {input}), above);
}

// Where a condition over a join may go: 0 the left side, 1 the right side, -1 neither.
int SideOf(const ExprPtr& condition, int width) {
  if (!condition->deterministic()) return -1;
  bool left = false, right = false;
  for (int column : InputsOf(condition)) (column < width ? left : right) = true;
  if (left == right) return -1;
  return left ? 0 : 1;
}

ExprPtr Shifted(const ExprPtr& expr, int by) {
  return TransformExpr(expr, [&](const ExprPtr& e) -> ExprPtr {
    return e->is_input() ? Expr::Input(e->index() - by, e->type()) : nullptr;
  });
}

PlanPtr PushJoin(const BindContext& context, const PlanPtr& plan, const JoinNode& node,
                 const Conditions& conditions) {
  int width = plan->input(0)->schema.size();
  bool semi = node.kind == JoinKind::kSemi || node.kind == JoinKind::kAnti;
  bool pads_left = node.kind == JoinKind::kRight || node.kind == JoinKind::kFull;
  bool pads_right = node.kind == JoinKind::kLeft || node.kind == JoinKind::kFull;
  Conditions sides[2], above, on;
  // WHERE: a side that may be padded sees its rows before they are.
  for (const ExprPtr& condition : conditions) {
    int side = SideOf(condition, width);
    bool fits = (side == 0 && !pads_left) || (side == 1 && !pads_right && !semi);
    if (fits) {
      sides[side].push_back(side == 0 ? condition : Shifted(condition, width));
    } else {
      above.push_back(condition);
    }
  }
  // ON: a side whose unmatched rows are kept must keep all of them.
  Conditions parts = node.condition ? Parts(context, node.condition) : Conditions();
  for (const ExprPtr& part : parts) {
    int side = SideOf(part, width);
    bool inner = node.kind == JoinKind::kInner || node.kind == JoinKind::kCross;
    bool fits = (side == 0 && (inner || node.kind == JoinKind::kRight || node.kind == JoinKind::kSemi)) ||
                (side == 1 && (inner || node.kind == JoinKind::kLeft || semi));
    if (fits) {
      sides[side].push_back(side == 0 ? part : Shifted(part, width));
    } else {
      on.push_back(part);
    }
  }
  std::vector<PlanPtr> inputs = {Push(context, plan->input(0), sides[0]),
                                 Push(context, plan->input(1), sides[1])};
  JoinNode changed = node;
  changed.condition = on.empty() ? nullptr : MakeConjunction(on);
  auto copy = std::make_shared<PlanNode>(*plan);
  copy->op = std::move(changed);
  copy->inputs = std::move(inputs);
  return Above(copy, above);
}

PlanPtr PushUnion(const BindContext& context, const PlanPtr& plan, const Conditions& conditions) {
  Conditions below, above;
  for (const ExprPtr& condition : conditions)
    (condition->deterministic() ? below : above).push_back(condition);
  std::vector<PlanPtr> inputs;
  for (const PlanPtr& input : plan->inputs) inputs.push_back(Push(context, input, below));
  return Above(WithInputs(*plan, std::move(inputs)), above);
}

PlanPtr Push(const BindContext& context, const PlanPtr& plan, Conditions conditions) {
  if (const auto* node = plan->As<FilterNode>()) {
    Conditions all = Parts(context, node->condition);
    all.insert(all.end(), conditions.begin(), conditions.end());
    return Push(context, plan->input(), std::move(all));
  }
  if (const auto* node = plan->As<ProjectNode>()) return PushProject(context, plan, *node, conditions);
  if (const auto* node = plan->As<NormalizeNode>()) return PushNormalize(plan, *node, conditions);
  if (const auto* node = plan->As<JoinNode>()) return PushJoin(context, plan, *node, conditions);
  if (plan->As<UnionNode>() != nullptr) return PushUnion(context, plan, conditions);
  return Above(Descend(context, plan), conditions);
}

}  // namespace

PlanPtr PushFilters(const BindContext& context, const PlanPtr& plan) { return Push(context, plan, {}); }

}  // namespace penstock::sql
