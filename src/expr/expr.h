// Expr: a typed scalar expression over the columns of one input. The binder builds it, rules rewrite it, a
// JobGraph ships it (Write/Read) and an Evaluator runs it. Immutable and shared; safe to read from any
// thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "data/data_type.h"
#include "data/value.h"

namespace penstock {

class Expr;
using ExprPtr = std::shared_ptr<const Expr>;
class Function;

enum class ExprKind : uint8_t {
  kInput,    // column `index` of the input
  kLiteral,  // a constant
  kCall,     // a function of the registry over all arguments, evaluated eagerly
  kAnd,      // three-valued; later arguments are evaluated only for rows that need them
  kOr,
  kCase,       // WHEN, THEN, WHEN, THEN, ..., ELSE; branches are evaluated only for their rows
  kCoalesce,   // the first argument that is not null
  kCast,       // CAST: fails the job on a value that cannot be converted
  kTryCast,    // TRY_CAST: NULL instead
  kWatermark,  // CURRENT_WATERMARK: the operator's watermark at the row, NULL before the first
};

class Expr {
 public:
  static ExprPtr Input(int index, DataType type);
  static ExprPtr Literal(Value value, DataType type);
  static ExprPtr NullOf(DataType type) { return Literal(Value::Null(), std::move(type)); }
  static ExprPtr Call(const Function* function, std::vector<ExprPtr> args, DataType type);
  static ExprPtr Special(ExprKind kind, std::vector<ExprPtr> args, DataType type);
  // Returns the operand itself when it already has the type.
  static ExprPtr Cast(ExprPtr operand, DataType type);

  ExprKind kind() const { return kind_; }
  const DataType& type() const { return type_; }
  int index() const { return index_; }
  const Value& literal() const { return literal_; }
  const Function& function() const { return *function_; }
  const std::vector<ExprPtr>& args() const { return args_; }
  const ExprPtr& arg(size_t i) const { return args_[i]; }

  bool is_literal() const { return kind_ == ExprKind::kLiteral; }
  bool is_input() const { return kind_ == ExprKind::kInput; }
  // True for a call of the function with that (upper-case) name.
  bool is_call(std::string_view name) const;
  // False when two evaluations over the same row may differ (NOW, RAND, UUID, watermarks).
  bool deterministic() const;

  std::string ToString() const;
  // Structural equality, types included.
  bool Equals(const Expr& other) const;

  void Write(ByteWriter& out) const;
  static Result<ExprPtr> Read(ByteReader& in);

 private:
  ExprKind kind_ = ExprKind::kLiteral;
  DataType type_;
  int index_ = -1;
  Value literal_;
  const Function* function_ = nullptr;
  std::vector<ExprPtr> args_;
};

// Rebuilds the tree bottom-up; `replace` returns a substitute for a node or null to keep it.
ExprPtr TransformExpr(const ExprPtr& expr, const std::function<ExprPtr(const ExprPtr&)>& replace);
// Calls `visit` for every node, parents first.
void VisitExpr(const ExprPtr& expr, const std::function<void(const Expr&)>& visit);
// Ascending indices of the input columns it reads, without doubles.
std::vector<int> InputsOf(const ExprPtr& expr);
// Replaces input i by Input(mapping[i]); REQUIRES: mapping[i] >= 0 for every input read.
ExprPtr RemapInputs(const ExprPtr& expr, const std::vector<int>& mapping);
// The arguments of nested ANDs, and the AND of a list (null when empty).
std::vector<ExprPtr> SplitConjunction(const ExprPtr& expr);
ExprPtr MakeConjunction(const std::vector<ExprPtr>& parts);

void WriteExprs(const std::vector<ExprPtr>& exprs, ByteWriter& out);
Result<std::vector<ExprPtr>> ReadExprs(ByteReader& in);

}  // namespace penstock
