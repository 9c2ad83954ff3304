// Matching of Top-N patterns and of inputs whose rows only move up.
#include <algorithm>

#include "sql/physical/plan_rank.h"
#include "sql/logical/window_property.h"

namespace penstock::sql {

namespace {

ExprPtr StripCast(ExprPtr expr) {
  while (expr->kind() == ExprKind::kCast && expr->type().is_integer()) expr = expr->arg(0);
  return expr;
}

// Replaces the columns of a projection by what they are.
ExprPtr Inline(const ExprPtr& expr, const std::vector<ExprPtr>& columns) {
  return TransformExpr(expr, [&](const ExprPtr& node) -> ExprPtr {
    return node->is_input() ? columns[static_cast<size_t>(node->index())] : nullptr;
  });
}

// `number OP value`, turned round where the number stands on the right.
struct Comparison {
  std::string op;
  ExprPtr value;
};

std::optional<Comparison> MatchComparison(const ExprPtr& condition, int number) {
  static const std::pair<const char*, const char*> kOps[] = {
      {"=", "="}, {"<", ">"}, {"<=", ">="}, {">", "<"}, {">=", "<="}};
  for (const auto& [op, turned] : kOps) {
    if (!condition->is_call(op) || condition->args().size() != 2) continue;
    ExprPtr left = StripCast(condition->arg(0)), right = StripCast(condition->arg(1));
    if (left->is_input() && left->index() == number) return Comparison{op, right};
    if (right->is_input() && right->index() == number) return Comparison{turned, left};
  }
  return std::nullopt;
}

// Narrows the range by one comparison; false when it says nothing about the range.
bool Narrow(const Comparison& comparison, RankPattern* pattern, bool* bounded) {
  const ExprPtr& value = comparison.value;
  if (value->is_input()) {
    if (comparison.op != "<=" || *bounded || !value->type().is_integer()) return false;
    pattern->last_column = value->index();
    return *bounded = true;
  }
  if (!value->is_literal() || !value->type().is_integer() || value->literal().is_null()) return false;
  int64_t limit = value->literal().as_int();
  if (pattern->last_column >= 0 && comparison.op[0] != '>') return false;
  if (comparison.op == "=" || comparison.op == ">=") pattern->first = std::max(pattern->first, limit);
  if (comparison.op == ">") pattern->first = std::max(pattern->first, limit + 1);
  if (comparison.op[0] == '>') return true;
  int64_t last = comparison.op == "<" ? limit - 1 : limit;
  pattern->last = *bounded ? std::min(pattern->last, last) : last;
  return *bounded = true;
}

}  // namespace

std::vector<SortColumn> SortColumnsOf(const std::vector<SortKey>& keys) {
  std::vector<SortColumn> columns;
  for (const SortKey& key : keys) columns.push_back({key.column, key.descending, key.nulls_last});
  return columns;
}

Result<std::optional<RankPattern>> MatchRank(const PlanPtr& plan) {
  std::vector<ExprPtr> exprs = IdentityExprs(plan->schema);
  std::vector<ExprPtr> conditions;
  PlanPtr node = plan;
  while (true) {
    if (const auto* filter = node->As<FilterNode>()) {
      for (const ExprPtr& part : SplitConjunction(filter->condition)) conditions.push_back(part);
    } else if (const auto* project = node->As<ProjectNode>()) {
      for (ExprPtr& expr : exprs) expr = Inline(expr, project->exprs);
      for (ExprPtr& condition : conditions) condition = Inline(condition, project->exprs);
    } else {
      break;
    }
    node = node->input();
  }
  const auto* over = node->As<OverNode>();
  bool ranks = over != nullptr && over->calls.size() == 1 && over->calls[0].function == "ROW_NUMBER";
  if (!ranks || conditions.empty()) return std::optional<RankPattern>();
  RankPattern pattern{node, std::move(exprs), {}};
  bool bounded = false;
  for (const ExprPtr& condition : conditions) {
    std::vector<ExprPtr> parts = SplitConjunction(condition);
    for (const ExprPtr& part : parts) {
      std::optional<Comparison> comparison = MatchComparison(part, pattern.number_column());
      if (!comparison || !Narrow(*comparison, &pattern, &bounded)) pattern.rest.push_back(part);
    }
  }
  if (!bounded) return std::optional<RankPattern>();
  if (pattern.last_column < 0 && pattern.last < 1) {
    return SqlError(ErrorNumber::kInvalidPlan, {},
                    "Rank end should not less than zero, but now is " + std::to_string(pattern.last));
  }
  return std::optional(std::move(pattern));
}

namespace {

enum class Motion : uint8_t { kUnknown, kConstant, kIncreasing, kDecreasing };

struct UpdatingRows {
  std::vector<Motion> motions;  // per column, while a row is updated
  std::vector<int> key;         // empty: not known
};

UpdatingRows DeriveUpdates(const PlanPtr& plan, const InsertOnlyTest& insert_only) {
  if (plan->As<FilterNode>() != nullptr) return DeriveUpdates(plan->input(), insert_only);
  if (const auto* project = plan->As<ProjectNode>()) {
    UpdatingRows in = DeriveUpdates(plan->input(), insert_only), out;
    for (const ExprPtr& expr : project->exprs) {
      ExprPtr column = StripCast(expr);
      bool known = column->is_input() && !in.motions.empty();
      out.motions.push_back(known ? in.motions[static_cast<size_t>(column->index())] : Motion::kUnknown);
    }
    for (int key : in.key) {
      auto at = std::find_if(project->exprs.begin(), project->exprs.end(),
                             [&](const ExprPtr& e) { return e->is_input() && e->index() == key; });
      if (at == project->exprs.end()) return {std::move(out.motions), {}};
      out.key.push_back(static_cast<int>(at - project->exprs.begin()));
    }
    return out;
  }
  const auto* aggregate = plan->As<AggregateNode>();
  if (aggregate == nullptr || MatchWindowGroups(plan) || !insert_only(plan->input())) return {};
  UpdatingRows out;
  for (size_t i = 0; i < aggregate->groups.size(); ++i) {
    out.motions.push_back(Motion::kConstant);
    out.key.push_back(static_cast<int>(i));
  }
  for (const AggregateCall& call : aggregate->calls) {
    bool up = call.function == "COUNT" || call.function == "MAX";
    out.motions.push_back(up                       ? Motion::kIncreasing
                          : call.function == "MIN" ? Motion::kDecreasing
                                                   : Motion::kUnknown);
  }
  return out;
}

}  // namespace

std::optional<std::vector<int>> MatchUpdateFast(const PlanPtr& input, const std::vector<int>& partition,
                                                const std::vector<SortKey>& order,
                                                const InsertOnlyTest& insert_only) {
  UpdatingRows rows = DeriveUpdates(input, insert_only);
  if (rows.key.empty()) return std::nullopt;
  auto in_key = [&](int column) {
    return std::find(rows.key.begin(), rows.key.end(), column) != rows.key.end();
  };
  auto moves_up = [&](const SortKey& key) {
    Motion motion = rows.motions[static_cast<size_t>(key.column)];
    return motion == Motion::kConstant ||
           motion == (key.descending ? Motion::kIncreasing : Motion::kDecreasing);
  };
  bool fits = std::all_of(partition.begin(), partition.end(), in_key) &&
              std::all_of(order.begin(), order.end(), moves_up);
  return fits ? std::optional(rows.key) : std::nullopt;
}

}  // namespace penstock::sql
