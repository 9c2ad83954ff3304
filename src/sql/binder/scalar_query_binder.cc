// Subqueries that stand for a value, in WHERE and in the list of a query without aggregates: each becomes a
// column of a left join with the subquery, NULL where it has no row. It must be seen to have at most one row:
// an aggregate without GROUP BY, or LIMIT 1. One that compares its columns with those of the query around it
// by = is grouped by them and joined over them.
#include <algorithm>

#include "expr/evaluator.h"
#include "sql/binder/query_binder.h"

namespace penstock::sql {

namespace {

constexpr const char* kScalarTable = "$scalar";

// Which columns an expression reads: of the subquery, of the query around it.
struct Reads {
  bool inner = false, outer = false;
};

Reads ReadsOf(const ExprPtr& expr) {
  Reads reads;
  VisitExpr(expr, [&](const Expr& node) {
    if (node.is_input()) (node.index() >= kOuterBase ? reads.outer : reads.inner) = true;
  });
  return reads;
}

bool HasScalarQuery(const AstExprPtr& ast) {
  if (!ast) return false;
  if (ast->kind == AstKind::kScalarQuery) return true;
  return std::any_of(ast->args.begin(), ast->args.end(), HasScalarQuery);
}

bool HasAtMostOneRow(const PlanPtr& plan) {
  if (const auto* aggregate = plan->As<AggregateNode>()) return aggregate->groups.empty();
  if (const auto* sort = plan->As<SortNode>()) return sort->limit >= 0 && sort->limit <= 1;
  if (const auto* values = plan->As<ValuesNode>()) return values->rows.size() <= 1;
  bool keeps = plan->As<ProjectNode>() != nullptr || plan->As<FilterNode>() != nullptr;
  return keeps && HasAtMostOneRow(plan->input());
}

// The call that a column of projections over an aggregate stands for; null where it is computed of it.
const AggregateCall* CallOf(const PlanPtr& plan, int column) {
  if (const auto* project = plan->As<ProjectNode>()) {
    const ExprPtr& expr = project->exprs[static_cast<size_t>(column)];
    return expr->is_input() ? CallOf(plan->input(), expr->index()) : nullptr;
  }
  if (plan->As<FilterNode>() != nullptr) return CallOf(plan->input(), column);
  const auto* aggregate = plan->As<AggregateNode>();
  int call = aggregate == nullptr ? -1 : column - static_cast<int>(aggregate->groups.size());
  return call < 0 ? nullptr : &aggregate->calls[static_cast<size_t>(call)];
}

bool CountsSomething(const PlanPtr& plan) {
  if (const auto* aggregate = plan->As<AggregateNode>()) {
    return std::any_of(aggregate->calls.begin(), aggregate->calls.end(),
                       [](const AggregateCall& call) { return call.function == "COUNT"; });
  }
  return !plan->inputs.empty() && CountsSomething(plan->input());
}

}  // namespace

// Groups the aggregate of a subquery by the columns that its conditions compare with the query around it. The
// plan keeps its columns and gets those of the groups behind them; `equalities` are over these, in order.
struct SelectBinder::Decorrelation {
  const BindContext& context;
  TextPosition position;
  std::vector<ExprPtr> outer_sides = {};

  Status Unsupported() const {
    return SqlError(
        ErrorNumber::kUnsupported, position,
        "this subquery depends on the query around it in another way than by =", "write it as a join");
  }

  Result<PlanPtr> GroupAggregate(const PlanPtr& plan) {
    const auto& aggregate = *plan->As<AggregateNode>();
    std::vector<ExprPtr> conditions;
    PlanPtr input = PullCorrelated(plan->input(), &conditions);
    if (conditions.empty()) return plan;
    std::vector<ExprPtr> exprs = IdentityExprs(input->schema);
    std::vector<std::string> names;
    for (const Field& field : input->schema.fields()) names.push_back(field.name);
    AggregateNode grouped;
    std::vector<Field> fields;
    for (const ExprPtr& condition : conditions) {
      if (!condition->is_call("=")) return Unsupported();
      bool first = ReadsOf(condition->arg(0)).outer;
      const ExprPtr &outer = condition->arg(first ? 0 : 1), &inner = condition->arg(first ? 1 : 0);
      if (ReadsOf(outer).inner || ReadsOf(inner).outer) return Unsupported();
      outer_sides.push_back(outer);
      grouped.groups.push_back(static_cast<int>(exprs.size()));
      names.push_back("$key" + std::to_string(names.size()));
      fields.push_back({names.back(), inner->type()});
      exprs.push_back(inner);
    }
    grouped.calls = aggregate.calls;
    for (const Field& field : plan->schema.fields()) fields.push_back(field);
    PlanPtr made = MakePlan(std::move(grouped), Schema(std::move(fields)),
                            {MakeProject(input, std::move(exprs), std::move(names))});
    return KeysLast(made, static_cast<int>(outer_sides.size()));
  }

  // The same columns with the leading `keys` at the end.
  static PlanPtr KeysLast(const PlanPtr& plan, int keys) {
    std::vector<ExprPtr> exprs;
    std::vector<std::string> names;
    for (int i = 0; i < plan->schema.size(); ++i) {
      int from = (i + keys) % plan->schema.size();
      exprs.push_back(Expr::Input(from, plan->schema[from].type));
      names.push_back(plan->schema[from].name);
    }
    return MakeProject(plan, std::move(exprs), std::move(names));
  }

  Result<PlanPtr> Run(const PlanPtr& plan) {
    if (plan->As<AggregateNode>() != nullptr) return GroupAggregate(plan);
    const auto* project = plan->As<ProjectNode>();
    const auto* filter = plan->As<FilterNode>();
    if (project == nullptr && filter == nullptr) return plan;
    ASSIGN_OR_RETURN(PlanPtr input, Run(plan->input()));
    if (input == plan->input()) return plan;
    if (filter != nullptr) return MakeFilter(input, filter->condition);
    std::vector<ExprPtr> exprs = project->exprs;
    std::vector<std::string> names;
    for (const Field& field : plan->schema.fields()) names.push_back(field.name);
    int first_key = input->schema.size() - static_cast<int>(outer_sides.size());
    for (int i = first_key; i < input->schema.size(); ++i) {
      exprs.push_back(Expr::Input(i, input->schema[i].type));
      names.push_back(input->schema[i].name);
    }
    return MakeProject(input, std::move(exprs), std::move(names));
  }
};

Result<AstExprPtr> SelectBinder::JoinScalarQueries(const AstExprPtr& ast) {
  if (!HasScalarQuery(ast)) return ast;
  if (ast->kind == AstKind::kScalarQuery) return JoinScalarQuery(*ast);
  auto copy = std::make_shared<AstExpr>(*ast);
  for (AstExprPtr& arg : copy->args) {
    ASSIGN_OR_RETURN(arg, JoinScalarQueries(arg));
  }
  return AstExprPtr(std::move(copy));
}

Result<AstExprPtr> SelectBinder::JoinScalarQuery(const AstExpr& ast) {
  QueryBinder inner(context_);
  inner.common_tables_ = queries_.common_tables_;
  ASSIGN_OR_RETURN(PlanPtr right, inner.Bind(ast.subquery, &from_.scope));
  if (right->schema.size() != 1) {
    return SqlError(ErrorNumber::kColumnCount, ast.position,
                    "a subquery that stands for a value must have one column");
  }
  if (!HasAtMostOneRow(right)) {
    return SqlError(
        ErrorNumber::kUnsupported, ast.position, "this subquery may have more than one row",
        "a subquery that stands for a value is an aggregate without GROUP BY, as (SELECT MAX(x) FROM t)");
  }
  Decorrelation decorrelation{context_, ast.position};
  ASSIGN_OR_RETURN(right, decorrelation.Run(right));
  const AggregateCall* call = CallOf(right, 0);
  bool counts = !decorrelation.outer_sides.empty() && CountsSomething(right);
  if (counts && call == nullptr) return decorrelation.Unsupported();
  int left_size = from_.plan->schema.size();
  std::vector<ExprPtr> conditions;
  for (size_t i = 0; i < decorrelation.outer_sides.size(); ++i) {
    ExprPtr outer = TransformExpr(decorrelation.outer_sides[i], [](const ExprPtr& node) -> ExprPtr {
      return node->is_input() ? Expr::Input(node->index() - kOuterBase, node->type()) : nullptr;
    });
    int key = static_cast<int>(i) + 1;
    ExprPtr column = Expr::Input(left_size + key, right->schema[key].type);
    ASSIGN_OR_RETURN(ExprPtr equal, MakeCall(context_, "=", {outer, column}, ast.position));
    conditions.push_back(std::move(equal));
  }
  std::vector<Field> fields = from_.plan->schema.fields();
  for (const Field& field : right->schema.fields())
    fields.push_back({field.name, field.type.WithNullable(true)});
  JoinNode join{JoinKind::kLeft, conditions.empty() ? nullptr : MakeConjunction(conditions)};
  from_.plan = MakePlan(std::move(join), Schema(std::move(fields)), {from_.plan, right});
  for (int i = left_size; i < from_.plan->schema.size(); ++i) {
    from_.scope.columns.push_back({kScalarTable, std::to_string(i), from_.plan->schema[i].type, true});
  }
  auto column = std::make_shared<AstExpr>();
  column->kind = AstKind::kColumn;
  column->position = ast.position;
  column->path = {kScalarTable, std::to_string(left_size)};
  if (!counts || call->function != "COUNT") return AstExprPtr(std::move(column));
  auto zero = std::make_shared<AstExpr>();
  zero->kind = AstKind::kLiteral;
  zero->position = ast.position;
  zero->name = "0";
  auto or_zero = std::make_shared<AstExpr>();
  or_zero->kind = AstKind::kCall;
  or_zero->position = ast.position;
  or_zero->name = "COALESCE";
  or_zero->args = {std::move(column), std::move(zero)};
  return AstExprPtr(std::move(or_zero));
}

}  // namespace penstock::sql
