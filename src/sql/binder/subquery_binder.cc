// WHERE: plain conditions filter; EXISTS and IN (query) become semi joins, their negations anti joins. What a
// subquery says about the query around it is pulled out of it and becomes the join's condition.
#include "expr/evaluator.h"
#include "sql/binder/query_binder.h"

namespace penstock::sql {

Status SelectBinder::BindWhere(const AstExprPtr& where) {
  std::vector<AstExprPtr> terms = {where};
  for (size_t i = 0; i < terms.size();) {
    if (terms[i]->kind == AstKind::kCall && terms[i]->name == "AND" && terms[i]->args.size() == 2) {
      AstExprPtr both = terms[i];
      terms[i] = both->args[0];
      terms.insert(terms.begin() + static_cast<std::ptrdiff_t>(i) + 1, both->args[1]);
    } else {
      ++i;
    }
  }
  ExprBinder binder(context_, from_.scope);
  std::vector<ExprPtr> conditions;
  std::vector<std::pair<AstExprPtr, bool>> subqueries;
  for (const AstExprPtr& term : terms) {
    bool negated = term->kind == AstKind::kCall && term->name == "NOT";
    const AstExprPtr& inner = negated ? term->args[0] : term;
    if (inner->kind == AstKind::kExists || (inner->kind == AstKind::kIn && inner->subquery)) {
      subqueries.emplace_back(inner, negated);
      continue;
    }
    ASSIGN_OR_RETURN(ExprPtr condition, binder.BindCondition(term, "WHERE"));
    conditions.push_back(FoldConstants(condition, *context_.eval));
  }
  if (!conditions.empty()) from_.plan = MakeFilter(from_.plan, MakeConjunction(conditions));
  for (const auto& [term, negated] : subqueries) RETURN_IF_ERROR(BindSubqueryTerm(term, negated));
  return Status::Ok();
}

PlanPtr PullCorrelated(const PlanPtr& plan, std::vector<ExprPtr>* correlated) {
  auto is_outer = [](const ExprPtr& expr) {
    bool outer = false;
    VisitExpr(expr,
              [&](const Expr& node) { outer = outer || (node.is_input() && node.index() >= kOuterBase); });
    return outer;
  };
  if (const auto* filter = plan->As<FilterNode>()) {
    PlanPtr input = PullCorrelated(plan->input(), correlated);
    std::vector<ExprPtr> local;
    for (const ExprPtr& part : SplitConjunction(filter->condition))
      (is_outer(part) ? *correlated : local).push_back(part);
    return local.empty() ? input : MakeFilter(input, MakeConjunction(local));
  }
  if (const auto* project = plan->As<ProjectNode>()) {
    size_t before = correlated->size();
    PlanPtr input = PullCorrelated(plan->input(), correlated);
    if (correlated->size() == before) return input == plan->input() ? plan : WithInputs(*plan, {input});
    // Append the columns the pulled conditions need and point them there.
    std::vector<ExprPtr> exprs = project->exprs;
    std::vector<std::string> names;
    for (const Field& field : plan->schema.fields()) names.push_back(field.name);
    for (size_t i = before; i < correlated->size(); ++i) {
      (*correlated)[i] = TransformExpr((*correlated)[i], [&](const ExprPtr& node) -> ExprPtr {
        if (!node->is_input() || node->index() >= kOuterBase) return nullptr;
        for (size_t known = 0; known < exprs.size(); ++known) {
          if (exprs[known]->is_input() && exprs[known]->index() == node->index())
            return Expr::Input(static_cast<int>(known), node->type());
        }
        exprs.push_back(node);
        names.push_back("$corr" + std::to_string(exprs.size()));
        return Expr::Input(static_cast<int>(exprs.size()) - 1, node->type());
      });
    }
    return MakeProject(input, std::move(exprs), std::move(names));
  }
  return plan;
}

Status SelectBinder::BindSubqueryTerm(const AstExprPtr& term, bool negated) {
  bool anti = negated != term->negated;
  QueryBinder inner(context_);
  inner.common_tables_ = queries_.common_tables_;
  ASSIGN_OR_RETURN(PlanPtr right, inner.Bind(term->subquery, &from_.scope));
  std::vector<ExprPtr> correlated;
  int outputs = right->schema.size();
  right = PullCorrelated(right, &correlated);
  int left_size = from_.plan->schema.size();
  std::vector<ExprPtr> conditions;
  for (const ExprPtr& condition : correlated) {
    conditions.push_back(TransformExpr(condition, [&](const ExprPtr& node) -> ExprPtr {
      if (!node->is_input()) return nullptr;
      int index = node->index() >= kOuterBase ? node->index() - kOuterBase : node->index() + left_size;
      return Expr::Input(index, node->type());
    }));
  }
  if (term->kind == AstKind::kIn) {
    ExprBinder binder(context_, from_.scope);
    std::vector<ExprPtr> operands;
    if (term->args[0]->kind == AstKind::kRow) {
      for (const AstExprPtr& part : term->args[0]->args) {
        ASSIGN_OR_RETURN(ExprPtr operand, binder.Bind(part));
        operands.push_back(std::move(operand));
      }
    } else {
      ASSIGN_OR_RETURN(ExprPtr operand, binder.Bind(term->args[0]));
      operands.push_back(std::move(operand));
    }
    if (static_cast<int>(operands.size()) != outputs) {
      return SqlError(ErrorNumber::kColumnCount, term->position,
                      "IN (query) compares different numbers of columns");
    }
    for (size_t i = 0; i < operands.size(); ++i) {
      ExprPtr value = Expr::Input(left_size + static_cast<int>(i), right->schema[static_cast<int>(i)].type);
      ASSIGN_OR_RETURN(ExprPtr equal, MakeCall(context_, "=", {operands[i], value}, term->position));
      // NOT IN is true only where the comparison is certainly false: an unknown counts as a match.
      if (anti && equal->type().nullable()) {
        ASSIGN_OR_RETURN(ExprPtr unknown, MakeCall(context_, "IS NULL", {equal}, term->position));
        equal = Expr::Special(ExprKind::kOr, {equal, unknown}, DataType::Boolean());
      }
      conditions.push_back(std::move(equal));
    }
  }
  JoinNode join{anti ? JoinKind::kAnti : JoinKind::kSemi, MakeConjunction(conditions)};
  Schema schema = from_.plan->schema;
  from_.plan = MakePlan(std::move(join), std::move(schema), {from_.plan, right});
  return Status::Ok();
}

}  // namespace penstock::sql
