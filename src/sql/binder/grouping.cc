// GROUPING(a, ..), GROUPING_ID(a, ..) and GROUP_ID(): which keys a row of GROUPING SETS is aggregated over.
#include <algorithm>

#include "sql/binder/query_binder.h"

namespace penstock::sql {

// A CASE over the id of the row's set; without grouping sets every key is grouped by.
Result<ExprPtr> SelectBinder::BindGrouping(const AstExpr& call) {
  ExprBinder binder(context_, from_.scope);
  std::vector<size_t> keys;
  for (const AstExprPtr& arg : call.args) {
    ASSIGN_OR_RETURN(ExprPtr expr, binder.Bind(arg));
    auto same = std::find_if(group_exprs_.begin(), group_exprs_.end(),
                             [&](const ExprPtr& group) { return group->Equals(*expr); });
    if (same == group_exprs_.end()) {
      return SqlError(ErrorNumber::kBadAggregate, arg->position,
                      "Argument to " + call.name + " operator must be a grouped expression");
    }
    keys.push_back(static_cast<size_t>(same - group_exprs_.begin()));
  }
  if (keys.empty() && call.name != "GROUP_ID") {
    return SqlError(ErrorNumber::kBadArguments, call.position, call.name + " takes at least one argument");
  }
  DataType type = DataType::BigInt().NotNull();
  if (grouping_sets_.empty()) return Expr::Literal(Value::Int(0), type);
  ExpandNode all;
  for (size_t k = 0; k < group_exprs_.size(); ++k) all.keys.push_back(static_cast<int>(k));
  all.sets = grouping_sets_;
  std::vector<int64_t> ids = ExpandIds(all);
  auto column = static_cast<int>(group_exprs_.size() + calls_.size());
  std::vector<ExprPtr> cases;
  for (size_t s = 0; s < ids.size(); ++s) {
    int64_t value = 0;
    for (size_t key : keys) value = value << 1 | (grouping_sets_[s][key] ? 0 : 1);
    if (call.name == "GROUP_ID") value = ids[s] >> group_exprs_.size();
    ASSIGN_OR_RETURN(
        ExprPtr same,
        MakeCall(context_, "=", {Expr::Input(column, type), Expr::Literal(Value::Int(ids[s]), type)},
                 call.position));
    cases.push_back(std::move(same));
    cases.push_back(Expr::Literal(Value::Int(value), type));
  }
  cases.push_back(Expr::Literal(Value::Int(0), type));
  return Expr::Special(ExprKind::kCase, std::move(cases), type);
}

}  // namespace penstock::sql
