// Evaluation: a compiled tree that mirrors the Expr. Eager calls see whole columns. CASE, AND, OR and
// COALESCE give their branches only the rows that reach them where a branch may fail or has side effects;
// otherwise they evaluate all rows, which is cheaper than gathering.
// Step 5 of a record's way (docs/ARCHITECTURE.md).
#include "expr/evaluator.h"

#include <algorithm>

#include "data/column_builder.h"
#include "expr/cast/cast.h"

namespace penstock {

struct Evaluator::Node {
  ExprKind kind;
  DataType type;
  int index = -1;
  ColumnPtr literal;
  CallSite site;
  Kernel kernel;
  bool guarded = false;    // evaluate only for the rows that need it
  bool volatile_ = false;  // not deterministic
  bool watermark = false;  // the subtree reads the watermark
  std::vector<int> inputs;
  std::vector<std::unique_ptr<Node>> args;

  Result<ColumnPtr> Run(const EvalInput& input) const;
  Result<ColumnPtr> RunCall(const EvalInput& input) const;
  Result<ColumnPtr> RunJunction(const EvalInput& input) const;
  Result<ColumnPtr> RunCase(const EvalInput& input) const;
  Result<ColumnPtr> RunCoalesce(const EvalInput& input) const;
  // Evaluates over the given rows only; the result has one value per given row.
  Result<ColumnPtr> RunOn(const EvalInput& input, const std::vector<int32_t>& rows) const;
  static Result<std::unique_ptr<Node>> Compile(const ExprPtr& expr, const EvalContext* context);
};

Result<std::unique_ptr<Evaluator::Node>> Evaluator::Node::Compile(const ExprPtr& expr,
                                                                  const EvalContext* context) {
  auto node = std::make_unique<Node>();
  node->kind = expr->kind();
  node->type = expr->type();
  node->index = expr->index();
  node->inputs = InputsOf(expr);
  node->volatile_ = !expr->deterministic();
  node->watermark = expr->kind() == ExprKind::kWatermark;
  for (const ExprPtr& arg : expr->args()) {
    ASSIGN_OR_RETURN(std::unique_ptr<Node> child, Compile(arg, context));
    node->guarded = node->guarded || child->guarded;
    node->watermark = node->watermark || child->watermark;
    node->site.args.push_back(arg->type());
    node->site.constants.push_back(arg->is_literal() ? arg->literal() : Value::Null());
    node->site.is_constant.push_back(arg->is_literal());
    node->args.push_back(std::move(child));
  }
  node->site.result = expr->type();
  node->site.context = context;
  switch (expr->kind()) {
    case ExprKind::kLiteral: node->literal = Column::Constant(expr->type(), expr->literal(), 1); break;
    case ExprKind::kCall:
      node->guarded = node->guarded || expr->function().may_fail();
      node->kernel = expr->function().BindCall(node->site);
      break;
    case ExprKind::kCast:
    case ExprKind::kTryCast: {
      bool nulls_on_error = expr->kind() == ExprKind::kTryCast || context->legacy_cast;
      node->guarded = node->guarded || !nulls_on_error;
      ASSIGN_OR_RETURN(node->kernel, MakeCast(expr->arg(0)->type(), expr->type(), *context, nulls_on_error));
      break;
    }
    default: break;
  }
  return node;
}

Result<ColumnPtr> Evaluator::Node::RunOn(const EvalInput& input, const std::vector<int32_t>& rows) const {
  EvalInput part;
  part.rows = static_cast<int64_t>(rows.size());
  part.columns.resize(input.columns.size());
  for (int i : inputs)
    part.columns[static_cast<size_t>(i)] = input.columns[static_cast<size_t>(i)]->Take(rows);
  if (watermark && input.watermark) part.watermark = input.watermark->Take(rows);
  return Run(part);
}

Result<ColumnPtr> Evaluator::Node::Run(const EvalInput& input) const {
  switch (kind) {
    case ExprKind::kInput: return input.columns[static_cast<size_t>(index)];
    case ExprKind::kLiteral: return literal->WithLength(input.rows);
    case ExprKind::kWatermark:
      if (!input.watermark) return Column::Constant(DataType::BigInt(), Value::Null(), input.rows);
      return input.watermark;
    case ExprKind::kAnd:
    case ExprKind::kOr: return RunJunction(input);
    case ExprKind::kCase: return RunCase(input);
    case ExprKind::kCoalesce: return RunCoalesce(input);
    default: return RunCall(input);
  }
}

Result<ColumnPtr> Evaluator::Node::RunCall(const EvalInput& input) const {
  std::vector<ColumnPtr> columns;
  bool constant = !volatile_;
  for (const auto& arg : args) {
    ASSIGN_OR_RETURN(ColumnPtr column, arg->Run(input));
    constant = constant && column->constant();
    columns.push_back(std::move(column));
  }
  if (!constant || input.rows == 0) return kernel(columns, input.rows);
  // All arguments are constant: compute one row and keep the result constant.
  for (ColumnPtr& column : columns) column = column->WithLength(1);
  ASSIGN_OR_RETURN(ColumnPtr one, kernel(columns, 1));
  if (one->constant()) return one->WithLength(input.rows);
  return Column::Constant(type, one->ValueAt(0), input.rows);
}

Result<ColumnPtr> Evaluator::Node::RunJunction(const EvalInput& input) const {
  bool is_and = kind == ExprKind::kAnd;
  auto rows = static_cast<size_t>(input.rows);
  // 0 false, 1 true, 2 unknown; `decided` is the value that ends the evaluation of a row.
  uint8_t decided = is_and ? 0 : 1;
  std::vector<uint8_t> state(rows, is_and ? 1 : 0);
  std::vector<int32_t> open;
  for (const auto& arg : args) {
    bool partial = arg->guarded && &arg != &args.front();
    open.clear();
    if (partial) {
      for (size_t i = 0; i < rows; ++i) {
        if (state[i] != decided) open.push_back(static_cast<int32_t>(i));
      }
    }
    ColumnPtr column;
    if (partial && open.size() < rows) {
      ASSIGN_OR_RETURN(column, arg->RunOn(input, open));
    } else {
      partial = false;
      ASSIGN_OR_RETURN(column, arg->Run(input));
    }
    size_t count = partial ? open.size() : rows;
    for (size_t k = 0; k < count; ++k) {
      size_t i = partial ? static_cast<size_t>(open[k]) : k;
      auto row = static_cast<int64_t>(k);
      uint8_t value = column->IsNull(row) ? 2 : column->At<uint8_t>(row);
      if (state[i] == decided || value == decided) {
        state[i] = decided;
      } else if (value == 2) {
        state[i] = 2;
      }
    }
  }
  auto values = std::make_shared<Buffer>(rows);
  std::shared_ptr<Buffer> validity;
  for (size_t i = 0; i < rows; ++i) values->data()[i] = state[i] == 1;
  if (std::find(state.begin(), state.end(), 2) != state.end()) {
    validity = std::make_shared<Buffer>(rows);
    for (size_t i = 0; i < rows; ++i) validity->data()[i] = state[i] != 2;
  }
  return Column::Fixed(Physical::kBool, input.rows, values, validity);
}

namespace {
// Gathers the pieces of a CASE: row i of the result is row `row` of piece `piece`.
struct Pick {
  int32_t piece = -1;
  int32_t row = 0;
};

template <typename T>
ColumnPtr AssembleFixed(const DataType& type, const std::vector<ColumnPtr>& pieces,
                        const std::vector<Pick>& picks) {
  auto values = std::make_shared<Buffer>(picks.size() * sizeof(T));
  auto validity = std::make_shared<Buffer>(picks.size());
  T* to = values->as<T>();
  uint8_t* valid = validity->data();
  uint8_t all_valid = 1;
  for (size_t i = 0; i < picks.size(); ++i) {
    const Column* piece = picks[i].piece < 0 ? nullptr : pieces[static_cast<size_t>(picks[i].piece)].get();
    bool null = piece == nullptr || piece->IsNull(picks[i].row);
    to[i] = null ? T() : piece->At<T>(picks[i].row);
    valid[i] = null ? 0 : 1;
    all_valid &= valid[i];
  }
  return Column::Fixed(type.physical(), static_cast<int64_t>(picks.size()), values,
                       all_valid != 0 ? nullptr : validity);
}

ColumnPtr Assemble(const DataType& type, const std::vector<ColumnPtr>& pieces,
                   const std::vector<Pick>& picks) {
  switch (PhysicalWidth(type.physical())) {
    case 1: return AssembleFixed<uint8_t>(type, pieces, picks);
    case 2: return AssembleFixed<uint16_t>(type, pieces, picks);
    case 4: return AssembleFixed<uint32_t>(type, pieces, picks);
    case 8: return AssembleFixed<uint64_t>(type, pieces, picks);
    case 16: return AssembleFixed<int128_t>(type, pieces, picks);
    default: break;
  }
  ColumnBuilder builder(type);
  for (const Pick& pick : picks) {
    if (pick.piece < 0) {
      builder.AppendNull();
    } else {
      builder.AppendFrom(*pieces[static_cast<size_t>(pick.piece)], pick.row);
    }
  }
  return builder.Finish();
}
}  // namespace

Result<ColumnPtr> Evaluator::Node::RunCase(const EvalInput& input) const {
  auto rows = static_cast<size_t>(input.rows);
  std::vector<Pick> picks(rows);
  std::vector<ColumnPtr> pieces;
  std::vector<int32_t> open(rows);
  for (size_t i = 0; i < rows; ++i) open[i] = static_cast<int32_t>(i);
  auto assign = [&](const Node& branch, const std::vector<int32_t>& chosen) -> Status {
    if (chosen.empty()) return Status::Ok();
    bool partial = branch.guarded && chosen.size() < rows;
    Result<ColumnPtr> piece = partial ? branch.RunOn(input, chosen) : branch.Run(input);
    if (!piece) return piece.error();
    for (size_t k = 0; k < chosen.size(); ++k) {
      picks[static_cast<size_t>(chosen[k])] = {static_cast<int32_t>(pieces.size()),
                                               partial ? static_cast<int32_t>(k) : chosen[k]};
    }
    pieces.push_back(*piece);
    return Status::Ok();
  };
  for (size_t a = 0; a + 1 < args.size() && !open.empty(); a += 2) {
    const Node& condition = *args[a];
    bool partial = condition.guarded && open.size() < rows;
    Result<ColumnPtr> tested = partial ? condition.RunOn(input, open) : condition.Run(input);
    if (!tested) return tested.error();
    std::vector<int32_t> chosen, rest;
    for (size_t k = 0; k < open.size(); ++k) {
      auto at = static_cast<int64_t>(partial ? k : static_cast<size_t>(open[k]));
      bool yes = !(*tested)->IsNull(at) && (*tested)->At<uint8_t>(at) != 0;
      (yes ? chosen : rest).push_back(open[k]);
    }
    RETURN_IF_ERROR(assign(*args[a + 1], chosen));
    open = std::move(rest);
  }
  if (args.size() % 2 == 1) RETURN_IF_ERROR(assign(*args.back(), open));
  return Assemble(type, pieces, picks);
}

Result<ColumnPtr> Evaluator::Node::RunCoalesce(const EvalInput& input) const {
  auto rows = static_cast<size_t>(input.rows);
  std::vector<Pick> picks(rows);
  std::vector<ColumnPtr> pieces;
  std::vector<int32_t> open(rows);
  for (size_t i = 0; i < rows; ++i) open[i] = static_cast<int32_t>(i);
  for (const auto& arg : args) {
    if (open.empty()) break;
    bool partial = arg->guarded && open.size() < rows;
    Result<ColumnPtr> piece = partial ? arg->RunOn(input, open) : arg->Run(input);
    if (!piece) return piece.error();
    if (pieces.empty() && (*piece)->CountNulls() == 0) return *piece;
    std::vector<int32_t> rest;
    for (size_t k = 0; k < open.size(); ++k) {
      auto at = static_cast<int32_t>(partial ? static_cast<int32_t>(k) : open[k]);
      if ((*piece)->IsNull(at)) {
        rest.push_back(open[k]);
      } else {
        picks[static_cast<size_t>(open[k])] = {static_cast<int32_t>(pieces.size()), at};
      }
    }
    pieces.push_back(*piece);
    open = std::move(rest);
  }
  return Assemble(type, pieces, picks);
}

Evaluator::Evaluator(std::unique_ptr<Node> root) : root_(std::move(root)) {}
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;
Evaluator::~Evaluator() = default;

Result<Evaluator> Evaluator::Make(const ExprPtr& expr, const EvalContext* context) {
  ASSIGN_OR_RETURN(std::unique_ptr<Node> root, Node::Compile(expr, context));
  return Evaluator(std::move(root));
}

Result<ColumnPtr> Evaluator::Evaluate(const EvalInput& input) const { return root_->Run(input); }

Status Evaluator::SelectRows(const EvalInput& input, std::vector<int32_t>* rows) const {
  rows->clear();
  ASSIGN_OR_RETURN(ColumnPtr column, root_->Run(input));
  const Column& mask = *column;
  for (int64_t i = 0; i < input.rows; ++i) {
    if (!mask.IsNull(i) && mask.At<uint8_t>(i) != 0) rows->push_back(static_cast<int32_t>(i));
  }
  return Status::Ok();
}

bool Evaluator::uses_watermark() const { return root_->watermark; }

Result<Value> EvaluateConstant(const ExprPtr& expr, const EvalContext& context) {
  ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(expr, &context));
  EvalInput input;
  input.rows = 1;
  ASSIGN_OR_RETURN(ColumnPtr column, evaluator.Evaluate(input));
  return column->ValueAt(0);
}

ExprPtr FoldConstants(const ExprPtr& expr, const EvalContext& context) {
  if (expr->is_literal() || !InputsOf(expr).empty() || !expr->deterministic()) return expr;
  Result<Value> value = EvaluateConstant(expr, context);
  if (!value) return expr;  // fails again, at run time, if a row ever gets there
  DataType type = expr->type();
  ExprPtr literal = Expr::Literal(std::move(*value), type);
  // A literal's type is NOT NULL; keep the declared nullability so that folding never changes a result type.
  if (literal->type().nullable() == type.nullable()) return literal;
  return expr;
}

}  // namespace penstock
