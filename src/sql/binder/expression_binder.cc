// Binding of expressions: literals get their types, names their columns, calls their functions and implicit
// casts.
#include <algorithm>
#include <charconv>
#include <limits>

#include "base/strings.h"
#include "data/datetime.h"
#include "data/decimal.h"
#include "expr/evaluator.h"
#include "expr/type_rules.h"
#include "expr/user_functions.h"
#include "sql/binder/binder.h"
#include "sql/syntax/interval_literal.h"
#include "sql/binder/json_binder.h"

namespace penstock::sql {

namespace {

// 12 is INT, BIGINT or DECIMAL by size; 1.5 is DECIMAL(2, 1); 1e0 is DOUBLE.
Result<ExprPtr> NumberLiteral(const std::string& text, TextPosition at) {
  if (text.find_first_of("eE") != std::string::npos) {
    double value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size()) return SqlError(ErrorNumber::kBadLiteral, at, "bad number " + text);
    if (error == std::errc::result_out_of_range)
      return SqlError(ErrorNumber::kBadLiteral, at, "number out of range: " + text);
    return Expr::Literal(Value::Double(value), DataType::Double());
  }
  size_t point = text.find('.');
  if (point == std::string::npos) {
    int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc()) {
      bool small = value <= 2147483647;
      return Expr::Literal(Value::Int(value), small ? DataType::Int() : DataType::BigInt());
    }
  }
  int scale = point == std::string::npos ? 0 : static_cast<int>(text.size() - point - 1);
  std::string digits = text;
  if (point != std::string::npos) digits.erase(point, 1);
  size_t zeros = digits.find_first_not_of('0');
  int precision = zeros == std::string::npos ? 1 : static_cast<int>(digits.size() - zeros);
  precision = std::max(precision, scale);
  if (precision > DataType::kMaxDecimalPrecision) {
    return SqlError(ErrorNumber::kBadLiteral, at, "numeric literal " + text + " has more than 38 digits");
  }
  if (scale == precision && text.front() != '.')
    precision = std::min(precision + (precision == scale ? 1 : 0), 38);
  std::optional<int128_t> unscaled = ParseDecimal(text, 38, scale);
  if (!unscaled) return SqlError(ErrorNumber::kBadLiteral, at, "bad number " + text);
  return Expr::Literal(Value::Int128(*unscaled), DataType::Decimal(precision, scale));
}

int FractionDigits(const std::string& text) {
  size_t point = text.rfind('.');
  return point == std::string::npos ? 0 : static_cast<int>(text.size() - point - 1);
}

bool HasSeconds(std::string_view text) { return std::count(text.begin(), text.end(), ':') == 2; }

Result<ExprPtr> TimestampLiteral(const std::string& text, int128_t nanos) {
  int precision = FractionDigits(text);
  int128_t stored = NanosToTimestamp(nanos, precision);
  Value value = precision <= 6 ? Value::Int(static_cast<int64_t>(stored)) : Value::Int128(stored);
  return Expr::Literal(std::move(value), DataType::Timestamp(precision));
}

// DATE '..', TIME '..', TIMESTAMP '..'; the time of a timestamp may be missing, but not a part of it.
Result<ExprPtr> TypedLiteral(const std::string& kind, const std::string& text, TextPosition at) {
  bool three_parts = std::count(text.begin(), text.end(), '-') == 2 && text.find('T') == std::string::npos;
  if (kind == "DATE") {
    std::optional<int64_t> days = ParseDate(text);
    if (days && three_parts && text.find(' ') == std::string::npos)
      return Expr::Literal(Value::Int(*days), DataType::Date());
  } else if (kind == "TIME") {
    std::optional<int64_t> millis = ParseTime(text);
    if (millis && HasSeconds(text))
      return Expr::Literal(Value::Int(*millis), DataType::Time(std::min(FractionDigits(text), 3)));
  } else {
    std::optional<int128_t> nanos = ParseTimestamp(text);
    bool time = text.find(':') != std::string::npos;
    if (nanos && three_parts && FractionDigits(text) <= 9 && (!time || HasSeconds(text)))
      return TimestampLiteral(text, *nanos);
  }
  return SqlError(ErrorNumber::kBadLiteral, at, "illegal " + kind + " literal '" + text + "'");
}

}  // namespace

Result<ExprPtr> MakeCall(const BindContext& context, const std::string& name, std::vector<ExprPtr> args,
                         TextPosition at) {
  const Function* function = FindFunction(name);
  if (function == nullptr) {
    std::vector<std::string> names = FunctionRegistry::BuiltIn().Names();
    for (std::string& added : UserFunctionNames()) names.push_back(std::move(added));
    std::string near = NearestName(ToUpperAscii(name), names);
    return SqlError(ErrorNumber::kUnknownFunction, at, "No match found for function signature " + name,
                    near.empty() ? "" : "did you mean " + near + "?");
  }
  // A pattern that is computed, even of constants, is judged when the job runs.
  bool late_pattern = function->name().starts_with("REGEXP");
  std::vector<ArgInfo> infos;
  for (ExprPtr& arg : args) {
    bool written = arg->is_literal() || (arg->is_call("NEGATE") && arg->arg(0)->is_literal());
    arg = FoldConstants(arg, *context.eval);
    bool literal = arg->is_literal() && (written || !late_pattern);
    infos.push_back({arg->type(), literal ? &arg->literal() : nullptr});
  }
  Result<Signature> signature = function->ResolveCall(infos);
  if (!signature) return Status(signature.error()).At(at);
  for (size_t i = 0; i < args.size(); ++i) {
    const DataType& wanted = signature->args[i];
    if (!args[i]->type().SameAs(wanted)) args[i] = FoldConstants(Expr::Cast(args[i], wanted), *context.eval);
  }
  return Expr::Call(function, std::move(args), signature->result);
}

Result<ExprPtr> MakeFieldAccess(const BindContext& context, ExprPtr row, const std::string& field,
                                TextPosition at) {
  if (row->type().is(TypeKind::kRow)) {
    const auto& fields = row->type().fields();
    for (size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].name != field) continue;
      ExprPtr index = Expr::Literal(Value::Int(static_cast<int64_t>(i)), DataType::Int());
      return MakeCall(context, "FIELD", {std::move(row), std::move(index)}, at);
    }
    std::vector<std::string> names;
    for (const Field& f : fields) names.push_back(f.name);
    std::string near = NearestName(field, names);
    return SqlError(ErrorNumber::kUnknownColumn, at, "field '" + field + "' not found",
                    near.empty() ? "" : "did you mean '" + near + "'?");
  }
  return SqlError(ErrorNumber::kTypeMismatch, at,
                  "type " + row->type().ToString() + " has no field '" + field + "'");
}

Result<ExprPtr> ImplicitCast(ExprPtr expr, const DataType& to, TextPosition at, const std::string& what) {
  if (expr->type().SameAs(to)) return expr;
  if (!CanCastImplicitly(expr->type(), to)) {
    return SqlError(ErrorNumber::kTypeMismatch, at,
                    what + ": cannot convert " + expr->type().ToString() + " to " + to.ToString(),
                    "use CAST");
  }
  return Expr::Cast(std::move(expr), to);
}

std::string ImpliedName(const AstExprPtr& ast) {
  if (ast->kind == AstKind::kColumn || (ast->kind == AstKind::kField && ast->path[0] != "*"))
    return ast->path.back();
  return "";
}

Result<ExprPtr> BindExpression(const BindContext& context, const AstExprPtr& ast, const Scope& scope) {
  ExprBinder binder(context, scope);
  return binder.Bind(ast);
}

Result<ExprPtr> ExprBinder::Bind(const AstExprPtr& ast) {
  if (hook_) {
    ASSIGN_OR_RETURN(ExprPtr answer, hook_(ast));
    if (answer) return answer;
  }
  Result<ExprPtr> bound = BindNode(ast);
  if (!bound) return Status(bound.error()).At(ast->position);
  return bound;
}

Result<ExprPtr> ExprBinder::BindCondition(const AstExprPtr& ast, const char* clause) {
  ASSIGN_OR_RETURN(ExprPtr condition, Bind(ast));
  if (condition->type().is(TypeKind::kNull)) return Expr::NullOf(DataType::Boolean());
  if (!condition->type().is(TypeKind::kBoolean)) {
    return SqlError(ErrorNumber::kTypeMismatch, ast->position,
                    std::string(clause) + " must be a BOOLEAN, not " + condition->type().ToString());
  }
  return condition;
}

Result<ExprPtr> ExprBinder::BindNode(const AstExprPtr& ast) {
  switch (ast->kind) {
    case AstKind::kLiteral: return BindLiteral(*ast);
    case AstKind::kColumn: return BindColumn(*ast);
    case AstKind::kCall: return BindCall(*ast);
    case AstKind::kCase: return BindCase(*ast);
    case AstKind::kCast: return BindCast(*ast);
    case AstKind::kIn: return BindIn(*ast);
    case AstKind::kRow: return BindRow(*ast);
    case AstKind::kArray: return BindArray(*ast);
    case AstKind::kMap: return BindMap(*ast);
    case AstKind::kInterval: return BindInterval(*ast);
    case AstKind::kItem: {
      ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindAll(ast->args));
      return MakeCall(context_, "ITEM", std::move(args), ast->position);
    }
    case AstKind::kField: {
      ASSIGN_OR_RETURN(ExprPtr row, Bind(ast->args[0]));
      return MakeFieldAccess(context_, std::move(row), ast->path[0], ast->position);
    }
    case AstKind::kSymbol: return Expr::Literal(Value::String(ast->name), DataType::Symbol());
    case AstKind::kStar: return SqlError(ErrorNumber::kSyntax, ast->position, "* is not an expression here");
    case AstKind::kExists:
    case AstKind::kScalarQuery:
    case AstKind::kQuantified:
      return SqlError(ErrorNumber::kUnsupported, ast->position, "this form of subquery is not supported here",
                      "EXISTS and IN are terms of WHERE; one value also stands in the list of a query "
                      "without aggregates");
    case AstKind::kDescriptor:
    case AstKind::kTableArg:
    case AstKind::kDefault: break;
  }
  return SqlError(ErrorNumber::kUnsupported, ast->position, "this argument is not supported here");
}

Result<ExprPtr> ExprBinder::BindLiteral(const AstExpr& ast) {
  if (!ast.name.empty()) return NumberLiteral(ast.name, ast.position);
  if (ast.type.is(TypeKind::kNull)) return Expr::NullOf(DataType::Null());
  if (ast.value.is_null()) return Expr::NullOf(ast.type);
  return Expr::Literal(ast.value, ast.type);
}

Result<ExprPtr> ExprBinder::BindColumn(const AstExpr& ast) {
  const auto& path = ast.path;
  int outer_base = 0;
  for (const Scope* scope = &scope_; scope != nullptr; scope = scope->outer, outer_base = kOuterBase) {
    // table.column, then column; what follows are fields.
    for (size_t name_at : {size_t{1}, size_t{0}}) {
      if (name_at >= path.size()) continue;
      int found = -1;
      for (size_t i = 0; i < scope->columns.size(); ++i) {
        const ScopeColumn& column = scope->columns[i];
        bool match =
            column.name == path[name_at] && (name_at == 1 ? column.table == path[0] : !column.hidden);
        if (!match) continue;
        if (found >= 0) {
          return SqlError(ErrorNumber::kAmbiguousColumn, ast.position,
                          "column '" + path[name_at] + "' is ambiguous", "qualify it with the table's alias");
        }
        found = static_cast<int>(i);
      }
      if (found < 0) continue;
      ExprPtr expr = Expr::Input(outer_base + found, scope->columns[static_cast<size_t>(found)].type);
      for (size_t f = name_at + 1; f < path.size(); ++f) {
        ASSIGN_OR_RETURN(expr, MakeFieldAccess(context_, std::move(expr), path[f], ast.position));
      }
      return expr;
    }
  }
  std::vector<std::string> names;
  for (const ScopeColumn& column : scope_.columns) names.push_back(column.name);
  std::string near = NearestName(path.back(), names);
  return SqlError(ErrorNumber::kUnknownColumn, ast.position,
                  "Column '" + Join(path, ".") + "' not found in any table",
                  near.empty() ? "" : "did you mean '" + near + "'?");
}

Result<std::vector<ExprPtr>> ExprBinder::BindAll(const std::vector<AstExprPtr>& asts) {
  std::vector<ExprPtr> exprs;
  for (const AstExprPtr& ast : asts) {
    ASSIGN_OR_RETURN(ExprPtr expr, Bind(ast));
    exprs.push_back(std::move(expr));
  }
  return exprs;
}

Result<std::vector<ExprPtr>> ExprBinder::Unify(std::vector<ExprPtr> exprs, TextPosition at,
                                               const char* what) {
  std::vector<DataType> types;
  for (const ExprPtr& expr : exprs) types.push_back(expr->type());
  std::optional<DataType> common = CommonType(types);
  if (!common) {
    return SqlError(ErrorNumber::kTypeMismatch, at,
                    std::string("the values of ") + what + " have no common type");
  }
  for (ExprPtr& expr : exprs) {
    expr = FoldConstants(Expr::Cast(expr, common->WithNullable(expr->type().nullable())), *context_.eval);
  }
  return exprs;
}

Result<ExprPtr> ExprBinder::BindJunction(const AstExpr& ast) {
  ASSIGN_OR_RETURN(ExprPtr left, BindCondition(ast.args[0], ast.name.c_str()));
  ASSIGN_OR_RETURN(ExprPtr right, BindCondition(ast.args[1], ast.name.c_str()));
  ExprKind kind = ast.name == "AND" ? ExprKind::kAnd : ExprKind::kOr;
  bool nullable = left->type().nullable() || right->type().nullable();
  std::vector<ExprPtr> args;
  for (const ExprPtr& side : {left, right}) {
    if (side->kind() == kind) {
      args.insert(args.end(), side->args().begin(), side->args().end());
    } else {
      args.push_back(side);
    }
  }
  return Expr::Special(kind, std::move(args), DataType::Boolean().WithNullable(nullable));
}

Result<ExprPtr> ExprBinder::BindCall(const AstExpr& ast) {
  const std::string& name = ast.name;
  if ((name == "AND" || name == "OR") && ast.args.size() == 2) return BindJunction(ast);
  if (name.starts_with("LITERAL "))
    return TypedLiteral(name.substr(8), ast.args[0]->value.as_string(), ast.position);
  if (ast.over) return SqlError(ErrorNumber::kBadAggregate, ast.position, "OVER is not allowed here");
  // A negative number is a literal of its own: -9223372036854775808 has no positive twin.
  if (name == "NEGATE" && ast.args[0]->kind == AstKind::kLiteral &&
      ast.args[0]->name == "9223372036854775808") {
    return Expr::Literal(Value::Int(std::numeric_limits<int64_t>::min()), DataType::BigInt());
  }
  if (name == "NEGATE" && ast.args[0]->kind == AstKind::kLiteral && ast.args[0]->name == "2147483648") {
    return Expr::Literal(Value::Int(std::numeric_limits<int32_t>::min()), DataType::Int());
  }
  if (name == "CURRENT_WATERMARK") {
    if (ast.args.size() != 1)
      return SqlError(ErrorNumber::kBadArguments, ast.position, "CURRENT_WATERMARK takes a rowtime");
    ASSIGN_OR_RETURN(ExprPtr rowtime, Bind(ast.args[0]));
    if (!rowtime->type().is_rowtime()) {
      return SqlError(ErrorNumber::kBadArguments, ast.position,
                      "CURRENT_WATERMARK() must be called with a single rowtime attribute argument");
    }
    ExprPtr millis = Expr::Special(ExprKind::kWatermark, {}, DataType::BigInt());
    ASSIGN_OR_RETURN(ExprPtr instant,
                     MakeCall(context_, "TO_TIMESTAMP_LTZ",
                              {millis, Expr::Literal(Value::Int(3), DataType::Int())}, ast.position));
    if (rowtime->type().is(TypeKind::kTimestampLtz)) return Expr::Cast(instant, DataType::TimestampLtz(3));
    return MakeCall(context_, "WATERMARK_TO_TIMESTAMP", {millis}, ast.position);
  }
  if (name == "OVERLAPS" && ast.args.size() == 2) return BindOverlaps(ast);
  if (name == "JSON") {
    return SqlError(ErrorNumber::kBadArguments, ast.position,
                    "JSON() is supported only as an argument of JSON_OBJECT and JSON_ARRAY");
  }
  ASSIGN_OR_RETURN(std::vector<ExprPtr> args,
                   name.starts_with("JSON_") ? BindJsonArguments(this, ast) : BindAll(ast.args));
  ASSIGN_OR_RETURN(ExprPtr special, BindSpecialForm(ast, &args));
  if (special) return special;
  ASSIGN_OR_RETURN(ExprPtr call, MakeCall(context_, name, std::move(args), ast.position));
  // A constant zero divisor is refused before the job runs, as Flink's planner does.
  if ((name == "/" || name == "MOD") && call->type().is_numeric() && !call->type().is_approximate()) {
    const ExprPtr& divisor = call->arg(1);
    if (divisor->is_literal() && !divisor->literal().is_null() &&
        (divisor->literal().is_int()
             ? divisor->literal().as_int() == 0
             : divisor->type().is(TypeKind::kDecimal) && divisor->literal().as_int128() == 0)) {
      return SqlError(ErrorNumber::kBadArguments, ast.position, "Division by zero");
    }
  }
  return call;
}

Result<ExprPtr> ExprBinder::BindCase(const AstExpr& ast) {
  size_t at = ast.has_operand ? 1 : 0;
  ExprPtr operand;
  if (ast.has_operand) {
    ASSIGN_OR_RETURN(operand, Bind(ast.args[0]));
  }
  std::vector<ExprPtr> conditions, values;
  for (; at + 1 < ast.args.size(); at += 2) {
    const AstExprPtr& when = ast.args[at];
    if (!operand) {
      ASSIGN_OR_RETURN(ExprPtr condition, BindCondition(when, "WHEN"));
      conditions.push_back(std::move(condition));
    } else {
      // CASE x WHEN a, b THEN: x = a OR x = b
      std::vector<AstExprPtr> options = {when};
      if (when->kind == AstKind::kIn && when->args[0] == nullptr)
        options.assign(when->args.begin() + 1, when->args.end());
      std::vector<ExprPtr> tests;
      for (const AstExprPtr& option : options) {
        ASSIGN_OR_RETURN(ExprPtr value, Bind(option));
        ASSIGN_OR_RETURN(ExprPtr test, MakeCall(context_, "=", {operand, value}, option->position));
        tests.push_back(std::move(test));
      }
      conditions.push_back(tests.size() == 1 ? tests[0]
                                             : Expr::Special(ExprKind::kOr, tests, DataType::Boolean()));
    }
    ASSIGN_OR_RETURN(ExprPtr value, Bind(ast.args[at + 1]));
    values.push_back(std::move(value));
  }
  if (ast.has_else) {
    ASSIGN_OR_RETURN(ExprPtr value, Bind(ast.args.back()));
    values.push_back(std::move(value));
  } else {
    values.push_back(Expr::NullOf(DataType::Null()));
  }
  ASSIGN_OR_RETURN(values, Unify(std::move(values), ast.position, "CASE"));
  bool nullable =
      std::any_of(values.begin(), values.end(), [](const ExprPtr& v) { return v->type().nullable(); });
  DataType type = values[0]->type().WithNullable(nullable);
  std::vector<ExprPtr> args;
  for (size_t i = 0; i < conditions.size(); ++i) {
    args.push_back(conditions[i]);
    args.push_back(values[i]);
  }
  args.push_back(values.back());
  return Expr::Special(ExprKind::kCase, std::move(args), type);
}

Result<ExprPtr> ExprBinder::BindCast(const AstExpr& ast) {
  ASSIGN_OR_RETURN(ExprPtr operand, Bind(ast.args[0]));
  if (!CanCastExplicitly(operand->type(), ast.type)) {
    return SqlError(ErrorNumber::kBadCast, ast.position,
                    "Cast function cannot convert value of type " +
                        operand->type().WithNullable(true).ToString() + " to type " +
                        ast.type.WithNullable(true).ToString());
  }
  bool nullable = ast.try_cast || operand->type().nullable();
  DataType type = ast.type.WithNullable(nullable);
  if (operand->is_literal() && operand->literal().is_null()) return Expr::NullOf(type);
  return FoldConstants(Expr::Special(ast.try_cast ? ExprKind::kTryCast : ExprKind::kCast, {operand}, type),
                       *context_.eval);
}

Result<ExprPtr> ExprBinder::BindIn(const AstExpr& ast) {
  if (ast.subquery) {
    return SqlError(ErrorNumber::kUnsupported, ast.position,
                    "IN (query) is supported only as a term of WHERE");
  }
  ASSIGN_OR_RETURN(ExprPtr operand, Bind(ast.args[0]));
  std::vector<ExprPtr> tests;
  for (size_t i = 1; i < ast.args.size(); ++i) {
    ASSIGN_OR_RETURN(ExprPtr value, Bind(ast.args[i]));
    ASSIGN_OR_RETURN(ExprPtr test, MakeCall(context_, "=", {operand, value}, ast.args[i]->position));
    tests.push_back(std::move(test));
  }
  bool nullable =
      std::any_of(tests.begin(), tests.end(), [](const ExprPtr& t) { return t->type().nullable(); });
  ExprPtr any = tests.size() == 1
                    ? tests[0]
                    : Expr::Special(ExprKind::kOr, tests, DataType::Boolean().WithNullable(nullable));
  return ast.negated ? MakeCall(context_, "NOT", {any}, ast.position) : any;
}

Result<ExprPtr> ExprBinder::BindRow(const AstExpr& ast) {
  ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindAll(ast.args));
  return MakeCall(context_, "ROW", std::move(args), ast.position);
}

Result<ExprPtr> ExprBinder::BindArray(const AstExpr& ast) {
  ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindAll(ast.args));
  if (!args.empty()) {
    ASSIGN_OR_RETURN(args, Unify(std::move(args), ast.position, "ARRAY"));
  }
  return MakeCall(context_, "ARRAY", std::move(args), ast.position);
}

Result<ExprPtr> ExprBinder::BindMap(const AstExpr& ast) {
  ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindAll(ast.args));
  if (args.size() % 2 != 0)
    return SqlError(ErrorNumber::kBadArguments, ast.position, "MAP needs a value for each key");
  std::vector<ExprPtr> keys, values;
  for (size_t i = 0; i < args.size(); ++i) (i % 2 == 0 ? keys : values).push_back(args[i]);
  if (!keys.empty()) {
    ASSIGN_OR_RETURN(keys, Unify(std::move(keys), ast.position, "MAP"));
    ASSIGN_OR_RETURN(values, Unify(std::move(values), ast.position, "MAP"));
  }
  for (size_t i = 0; i < args.size(); ++i) args[i] = i % 2 == 0 ? keys[i / 2] : values[i / 2];
  return MakeCall(context_, "MAP", std::move(args), ast.position);
}

Result<ExprPtr> ExprBinder::BindInterval(const AstExpr& ast) {
  if (!ast.args.empty()) {  // INTERVAL 3 DAY, INTERVAL x DAY
    ASSIGN_OR_RETURN(ExprPtr amount, Bind(ast.args[0]));
    ASSIGN_OR_RETURN(IntervalLiteral one, ParseIntervalLiteral("1", ast.name, ast.position));
    return MakeCall(context_, "*", {Expr::Literal(one.value, one.type), amount}, ast.position);
  }
  ASSIGN_OR_RETURN(IntervalLiteral literal,
                   ParseIntervalLiteral(ast.value.as_string(), ast.name, ast.position));
  int64_t sign = ast.negated ? -1 : 1;
  return Expr::Literal(Value::Int(sign * literal.value.as_int()), literal.type);
}

}  // namespace penstock::sql
