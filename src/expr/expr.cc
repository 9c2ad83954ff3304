// Expr: construction, traversal, text and serialised form.
#include "expr/expr.h"

#include <algorithm>

#include "base/strings.h"
#include "data/value_text.h"
#include "expr/user_functions.h"

namespace penstock {

ExprPtr Expr::Input(int index, DataType type) {
  auto expr = std::make_shared<Expr>();
  expr->kind_ = ExprKind::kInput;
  expr->index_ = index;
  expr->type_ = std::move(type);
  return expr;
}

ExprPtr Expr::Literal(Value value, DataType type) {
  auto expr = std::make_shared<Expr>();
  expr->type_ = type.WithNullable(value.is_null());
  expr->literal_ = std::move(value);
  return expr;
}

ExprPtr Expr::Call(const Function* function, std::vector<ExprPtr> args, DataType type) {
  CHECK(function != nullptr);
  auto expr = std::make_shared<Expr>();
  expr->kind_ = ExprKind::kCall;
  expr->function_ = function;
  expr->args_ = std::move(args);
  expr->type_ = std::move(type);
  return expr;
}

ExprPtr Expr::Special(ExprKind kind, std::vector<ExprPtr> args, DataType type) {
  auto expr = std::make_shared<Expr>();
  expr->kind_ = kind;
  expr->args_ = std::move(args);
  expr->type_ = std::move(type);
  return expr;
}

ExprPtr Expr::Cast(ExprPtr operand, DataType type) {
  if (operand->type().SameAs(type)) return operand;
  if (operand->is_literal() && operand->literal().is_null()) return NullOf(type);
  DataType result = type.WithNullable(type.nullable() && operand->type().nullable());
  return Special(ExprKind::kCast, {std::move(operand)}, std::move(result));
}

bool Expr::is_call(std::string_view name) const {
  return kind_ == ExprKind::kCall && function_->name() == name;
}

bool Expr::deterministic() const {
  if (kind_ == ExprKind::kWatermark) return false;
  if (kind_ == ExprKind::kCall && !function_->deterministic()) return false;
  return std::all_of(args_.begin(), args_.end(), [](const ExprPtr& arg) { return arg->deterministic(); });
}

std::string Expr::ToString() const {
  std::vector<std::string> parts;
  for (const ExprPtr& arg : args_) parts.push_back(arg->ToString());
  switch (kind_) {
    case ExprKind::kInput: return "$" + std::to_string(index_);
    case ExprKind::kLiteral: {
      std::string text = ValueToText(literal_, type_, TimeZone::Utc());
      return type_.is_character() && !literal_.is_null() ? QuoteLiteral(text) : text;
    }
    case ExprKind::kCall: return function_->name() + "(" + Join(parts, ", ") + ")";
    case ExprKind::kAnd: return "AND(" + Join(parts, ", ") + ")";
    case ExprKind::kOr: return "OR(" + Join(parts, ", ") + ")";
    case ExprKind::kCase: return "CASE(" + Join(parts, ", ") + ")";
    case ExprKind::kCoalesce: return "COALESCE(" + Join(parts, ", ") + ")";
    case ExprKind::kCast: return "CAST(" + parts[0] + " AS " + type_.ToString() + ")";
    case ExprKind::kTryCast: return "TRY_CAST(" + parts[0] + " AS " + type_.ToString() + ")";
    case ExprKind::kWatermark: return "CURRENT_WATERMARK()";
  }
  return "?";
}

bool Expr::Equals(const Expr& other) const {
  if (kind_ != other.kind_ || index_ != other.index_ || function_ != other.function_ ||
      !(type_ == other.type_) || args_.size() != other.args_.size() ||
      (is_literal() && !(literal_ == other.literal_))) {
    return false;
  }
  for (size_t i = 0; i < args_.size(); ++i) {
    if (!args_[i]->Equals(*other.args_[i])) return false;
  }
  return true;
}

void Expr::Write(ByteWriter& out) const {
  out.Fixed(kind_);
  type_.Write(out);
  out.Varint(static_cast<uint64_t>(index_ + 1));
  out.String(function_ != nullptr ? function_->name() : "");
  literal_.Write(out);
  WriteExprs(args_, out);
}

Result<ExprPtr> Expr::Read(ByteReader& in) {
  auto expr = std::make_shared<Expr>();
  expr->kind_ = in.Fixed<ExprKind>();
  ASSIGN_OR_RETURN(expr->type_, DataType::Read(in));
  expr->index_ = static_cast<int>(in.Varint()) - 1;
  std::string name(in.String());
  expr->literal_ = Value::Read(in);
  ASSIGN_OR_RETURN(expr->args_, ReadExprs(in));
  if (!in.ok() || expr->kind_ > ExprKind::kWatermark)
    return Status::Corruption("serialised expression is damaged");
  if (expr->kind_ == ExprKind::kCall) {
    expr->function_ = FindFunction(name);
    if (expr->function_ == nullptr)
      return Status::NotFound("plan uses function " + name + ", which does not exist");
  }
  return ExprPtr(expr);
}

ExprPtr TransformExpr(const ExprPtr& expr, const std::function<ExprPtr(const ExprPtr&)>& replace) {
  ExprPtr current = expr;
  if (!expr->args().empty()) {
    std::vector<ExprPtr> args;
    bool changed = false;
    for (const ExprPtr& arg : expr->args()) {
      args.push_back(TransformExpr(arg, replace));
      changed = changed || args.back() != arg;
    }
    if (changed) {
      current = expr->kind() == ExprKind::kCall ? Expr::Call(&expr->function(), std::move(args), expr->type())
                                                : Expr::Special(expr->kind(), std::move(args), expr->type());
    }
  }
  ExprPtr replaced = replace(current);
  return replaced ? replaced : current;
}

void VisitExpr(const ExprPtr& expr, const std::function<void(const Expr&)>& visit) {
  visit(*expr);
  for (const ExprPtr& arg : expr->args()) VisitExpr(arg, visit);
}

std::vector<int> InputsOf(const ExprPtr& expr) {
  std::vector<int> inputs;
  VisitExpr(expr, [&](const Expr& node) {
    if (node.is_input()) inputs.push_back(node.index());
  });
  std::sort(inputs.begin(), inputs.end());
  inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
  return inputs;
}

ExprPtr RemapInputs(const ExprPtr& expr, const std::vector<int>& mapping) {
  return TransformExpr(expr, [&](const ExprPtr& node) -> ExprPtr {
    if (!node->is_input()) return nullptr;
    int to = mapping[static_cast<size_t>(node->index())];
    CHECK(to >= 0);
    return Expr::Input(to, node->type());
  });
}

std::vector<ExprPtr> SplitConjunction(const ExprPtr& expr) {
  if (expr == nullptr) return {};
  if (expr->kind() != ExprKind::kAnd) return {expr};
  std::vector<ExprPtr> parts;
  for (const ExprPtr& arg : expr->args()) {
    for (ExprPtr& part : SplitConjunction(arg)) parts.push_back(std::move(part));
  }
  return parts;
}

ExprPtr MakeConjunction(const std::vector<ExprPtr>& parts) {
  if (parts.empty()) return nullptr;
  if (parts.size() == 1) return parts[0];
  bool nullable =
      std::any_of(parts.begin(), parts.end(), [](const ExprPtr& p) { return p->type().nullable(); });
  return Expr::Special(ExprKind::kAnd, parts, DataType::Boolean().WithNullable(nullable));
}

void WriteExprs(const std::vector<ExprPtr>& exprs, ByteWriter& out) {
  out.Varint(exprs.size());
  for (const ExprPtr& expr : exprs) expr->Write(out);
}

Result<std::vector<ExprPtr>> ReadExprs(ByteReader& in) {
  std::vector<ExprPtr> exprs;
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    ASSIGN_OR_RETURN(ExprPtr expr, Expr::Read(in));
    exprs.push_back(std::move(expr));
  }
  return exprs;
}

}  // namespace penstock
