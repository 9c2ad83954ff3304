// Legacy group windows: GROUP BY TUMBLE|HOP|SESSION(time, ..) becomes the window function of that name below
// the aggregation, and TUMBLE_START and the like become its columns.
#include "base/strings.h"
#include "expr/evaluator.h"
#include "sql/binder/query_binder.h"

namespace penstock::sql {

namespace {

std::optional<WindowKind> KindOf(const AstExpr& ast) {
  if (ast.kind != AstKind::kCall || ast.over) return std::nullopt;
  if (ast.name == "TUMBLE") return WindowKind::kTumble;
  if (ast.name == "HOP") return WindowKind::kHop;
  if (ast.name == "SESSION") return WindowKind::kSession;
  return std::nullopt;
}

}  // namespace

Result<int64_t> SelectBinder::GroupWindowInterval(const AstExprPtr& ast) {
  Scope none;
  ASSIGN_OR_RETURN(ExprPtr expr, BindExpression(context_, ast, none));
  expr = FoldConstants(expr, *context_.eval);
  bool interval = expr->is_literal() && expr->type().is(TypeKind::kIntervalDayTime);
  if (!interval || expr->literal().as_int() <= 0) {
    return SqlError(ErrorNumber::kBadWindow, ast->position,
                    "Only constant window intervals with millisecond resolution are supported.");
  }
  return expr->literal().as_int();
}

Result<WindowTvfNode> SelectBinder::GroupWindowNode(const AstExpr& call, WindowKind kind) {
  size_t expected = kind == WindowKind::kHop ? 3 : 2;
  if (call.args.size() != expected) {
    return SqlError(ErrorNumber::kBadWindow, call.position,
                    call.name + " of GROUP BY takes " + std::to_string(expected) + " arguments");
  }
  ExprBinder binder(context_, from_.scope);
  ASSIGN_OR_RETURN(ExprPtr time, binder.Bind(call.args[0]));
  if (!time->is_input() || time->type().time_attribute() == TimeAttribute::kNone) {
    return SqlError(ErrorNumber::kNoTimeAttribute, call.args[0]->position,
                    "Window aggregate can only be defined over a time attribute column, but " +
                        time->type().ToString() + " encountered.",
                    "declare a WATERMARK on the column, or use PROCTIME()");
  }
  WindowTvfNode node;
  node.time_column = time->index();
  node.window.kind = kind;
  node.window.by_groups = true;
  node.window.proctime = time->type().is_proctime();
  ASSIGN_OR_RETURN(node.window.size, GroupWindowInterval(call.args.back()));
  node.window.slide = node.window.size;
  if (kind == WindowKind::kHop) {
    ASSIGN_OR_RETURN(node.window.slide, GroupWindowInterval(call.args[1]));
  }
  if (node.window.size % node.window.slide != 0) {
    return SqlError(ErrorNumber::kUnsupported, call.position,
                    "HOP with a size that is no multiple of the slide is not supported");
  }
  return node;
}

Status SelectBinder::BindGroupWindow(const AstSelect& select) {
  std::vector<AstExprPtr> others;
  for (const AstGrouping& group : select.group_by) {
    if (group.kind != GroupingKind::kPlain) continue;
    for (const AstExprPtr& ast : group.exprs) {
      if (!KindOf(*ast)) {
        others.push_back(ast);
      } else if (group_window_) {
        return SqlError(ErrorNumber::kBadWindow, ast->position,
                        "Multiple window expressions in the GROUP BY are not supported");
      } else {
        group_window_ = GroupWindow{ast, -1, -1};
      }
    }
  }
  if (!group_window_) return Status::Ok();
  ASSIGN_OR_RETURN(WindowTvfNode node, GroupWindowNode(*group_window_->call, *KindOf(*group_window_->call)));
  // A session belongs to its group: the window function needs the other keys as columns.
  std::vector<ExprPtr> exprs = IdentityExprs(from_.plan->schema);
  std::vector<std::string> names;
  for (const Field& field : from_.plan->schema.fields()) names.push_back(field.name);
  size_t width = exprs.size();
  ExprBinder binder(context_, from_.scope);
  for (const AstExprPtr& ast : others) {
    if (node.window.kind != WindowKind::kSession || ast->kind == AstKind::kLiteral) continue;
    ASSIGN_OR_RETURN(ExprPtr key, binder.Bind(ast));
    if (!key->is_input()) {
      exprs.push_back(key);
      names.push_back("$k" + std::to_string(exprs.size()));
      from_.scope.columns.push_back({"", names.back(), key->type(), true});
      key = Expr::Input(static_cast<int>(exprs.size()) - 1, key->type());
    }
    node.window.partition_keys.push_back(key->index());
  }
  if (exprs.size() != width) from_.plan = MakeProject(from_.plan, std::move(exprs), std::move(names));
  Schema schema = from_.plan->schema;
  const DataType time = schema[node.time_column].type;
  DataType edge = DataType::Timestamp(3).NotNull();
  DataType window_time = DataType(time.kind(), 3).NotNull().WithTimeAttribute(time.time_attribute());
  group_window_->column = schema.size();
  for (const Field& field :
       {Field{"$window_start", edge}, Field{"$window_end", edge}, Field{"$window_time", window_time}}) {
    schema.Add(field);
    from_.scope.columns.push_back({"", field.name, field.type, true});
  }
  from_.plan = MakePlan(std::move(node), std::move(schema), {from_.plan});
  return Status::Ok();
}

// The window's columns become group keys where its call stands in GROUP BY.
int SelectBinder::AddGroupWindowKeys() {
  group_window_->group = static_cast<int>(group_exprs_.size());
  for (int i = 0; i < 3; ++i) {
    int column = group_window_->column + i;
    group_exprs_.push_back(Expr::Input(column, from_.plan->schema[column].type));
  }
  return group_window_->group;
}

// TUMBLE_START(..), HOP_END(..), SESSION_ROWTIME(..), ... of the window in GROUP BY; null for anything else.
Result<ExprPtr> SelectBinder::GroupWindowHook(const AstExpr& ast) {
  if (ast.kind != AstKind::kCall) return ExprPtr();
  size_t split = ast.name.rfind('_');
  if (split == std::string::npos) return ExprPtr();
  std::string window = ast.name.substr(0, split), what = ast.name.substr(split + 1);
  if (window != "TUMBLE" && window != "HOP" && window != "SESSION") return ExprPtr();
  int part = what == "START" ? 0 : what == "END" ? 1 : what == "ROWTIME" || what == "PROCTIME" ? 2 : -1;
  if (part < 0) return ExprPtr();
  bool fits = group_window_ && group_window_->group >= 0 && group_window_->call->name == window;
  if (!fits) {
    return SqlError(ErrorNumber::kBadWindow, ast.position,
                    "Call to auxiliary group function '" + ast.name +
                        "' must have matching call to group "
                        "function '" +
                        window + "' in GROUP BY clause");
  }
  int group = group_window_->group + part;
  const DataType& type = group_exprs_[static_cast<size_t>(group)]->type();
  bool rowtime = what == "ROWTIME", proctime = what == "PROCTIME";
  if ((rowtime && !type.is_rowtime()) || (proctime && !type.is_proctime())) {
    return SqlError(ErrorNumber::kBadWindow, ast.position,
                    ast.name + " needs a window over that kind of time attribute");
  }
  return Expr::Input(group, type);
}

}  // namespace penstock::sql
