// QueryBinder: one query with its common table expressions; shared by the files that bind FROM, SELECT and
// windows.
#pragma once

#include <map>

#include "sql/binder/binder.h"

namespace penstock::sql {

// A bound FROM item: its plan and the names its columns go by.
struct Relation {
  PlanPtr plan;
  Scope scope;
};

class QueryBinder {
 public:
  explicit QueryBinder(const BindContext& context) : context_(context) {}

  // `outer` is the scope around a subquery.
  Result<PlanPtr> Bind(const AstQueryPtr& query, const Scope* outer);

 private:
  friend class SelectBinder;

  Result<PlanPtr> BindBody(const AstQueryPtr& query, const Scope* outer);
  Result<PlanPtr> BindValues(const AstQuery& query);
  Result<PlanPtr> BindSetOp(const AstQuery& query, const Scope* outer);
  Result<PlanPtr> ApplyLimit(PlanPtr plan, const AstQuery& query, std::vector<SortKey> keys);

  Result<Relation> BindFrom(const AstTableRefPtr& ref, const Scope* outer);
  Result<Relation> BindTable(const AstTableRef& ref);
  Result<Relation> BindJoin(const AstTableRef& ref, const Scope* outer);
  Result<Relation> BindTemporalJoin(const AstTableRef& ref, Relation left, Relation right);
  Result<Relation> BindUnnest(const AstTableRef& ref, Relation left, JoinKind kind,
                              const AstExprPtr& condition);
  Result<Relation> BindTableFunction(const AstTableRef& ref, const Scope* outer);
  Result<PlanPtr> BindTableArgument(const AstExpr& arg, const Scope* outer, Scope* scope);
  Result<PlanPtr> ScanTable(const TablePtr& table);
  Result<PlanPtr> BindNamed(const AstPath& path, TextPosition at, std::string* name);
  Status ApplyAlias(const AstTableRef& ref, Relation* relation);

  BindContext context_;
  std::map<std::string, PlanPtr> common_tables_;
  int depth_ = 0;  // of views within views
};

// Binds one SELECT: FROM, WHERE, GROUP BY, HAVING, window functions, QUALIFY, the list and DISTINCT. ORDER BY
// is bound here too because it may name columns that are not in the list.
class SelectBinder {
 public:
  SelectBinder(QueryBinder& queries, const Scope* outer)
      : queries_(queries), context_(queries.context_), outer_(outer) {}
  // On return `keys` sort the result; hidden sort columns stand behind `visible` ones.
  Result<PlanPtr> Bind(const AstSelect& select, const std::vector<AstOrderItem>& order_by,
                       std::vector<SortKey>* keys, int* visible);

 private:
  Status BindWhere(const AstExprPtr& where);
  Status BindSubqueryTerm(const AstExprPtr& term, bool negated);
  // Subqueries that stand for a value become columns of joins; returns the expression over these
  // (scalar_query_binder.cc).
  Result<AstExprPtr> JoinScalarQueries(const AstExprPtr& ast);
  Result<AstExprPtr> JoinScalarQuery(const AstExpr& ast);
  struct Decorrelation;
  Status BindAggregation(const AstSelect& select, const std::vector<AstOrderItem>& order_by);
  Status BindGroups(const AstSelect& select);
  Status BindOverCalls(const AstSelect& select, const std::vector<AstOrderItem>& order_by);
  Result<ExprPtr> AggregateHook(const AstExprPtr& ast);
  // GROUPING, GROUPING_ID and GROUP_ID of an aggregated query.
  Result<ExprPtr> BindGrouping(const AstExpr& call);
  Result<ExprPtr> OverHook(const AstExprPtr& ast);
  Result<int> AddAggregate(const AstExpr& call);
  Status AddOver(const AstSelect& select, const AstExprPtr& call);
  // Group windows (group_window_binder.cc).
  Status BindGroupWindow(const AstSelect& select);
  Result<WindowTvfNode> GroupWindowNode(const AstExpr& call, WindowKind kind);
  Result<int64_t> GroupWindowInterval(const AstExprPtr& ast);
  int AddGroupWindowKeys();
  Result<ExprPtr> GroupWindowHook(const AstExpr& ast);
  // Index of the expression among the pre-projected columns, added when it is new.
  int Project(const ExprPtr& expr);
  Result<ExprPtr> BindOutput(const AstExprPtr& ast);
  Status ExpandStar(const AstExpr& star, std::vector<ExprPtr>* exprs, std::vector<std::string>* names);

  QueryBinder& queries_;
  BindContext context_;
  const Scope* outer_;
  Relation from_;
  bool aggregated_ = false;
  std::vector<AstExprPtr> group_asts_;
  std::vector<ExprPtr> group_exprs_;
  std::vector<std::vector<bool>> grouping_sets_;  // empty: one set with all keys
  std::vector<ExprPtr> projected_;                // input columns of the aggregation
  std::vector<AggregateCall> calls_;
  // TUMBLE, HOP or SESSION of GROUP BY: the first of its window columns and of the keys made of them.
  struct GroupWindow {
    AstExprPtr call;
    int column = -1;
    int group = -1;
  };
  std::optional<GroupWindow> group_window_;
  std::vector<std::pair<AstExprPtr, int>> over_columns_;  // bound window functions and their columns
};

// Pulls filters that mention the outer scope out of the top of a subquery's plan: through projections (which
// then keep the columns they need) down to the first filter. Returns the plan without them.
PlanPtr PullCorrelated(const PlanPtr& plan, std::vector<ExprPtr>* correlated);

// Window functions and helpers shared with the SELECT binder.
bool IsAggregateName(const std::string& name);
bool ContainsAggregate(const AstExprPtr& ast);
bool ContainsOver(const AstExprPtr& ast);

// Column names of a query: as given, implied by the expression, or EXPR$i; made unique by a number.
std::vector<std::string> OutputNames(const std::vector<AstSelectItem>& items);

}  // namespace penstock::sql
