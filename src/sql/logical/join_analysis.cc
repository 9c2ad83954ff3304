// Analysis of join conditions.
#include "sql/logical/join_analysis.h"

#include <algorithm>

#include "data/datetime.h"
#include "expr/evaluator.h"

namespace penstock::sql {

namespace {

enum class Side : uint8_t { kNone, kLeft, kRight, kBoth };

Side SideOf(const ExprPtr& expr, int left_width) {
  bool left = false, right = false;
  for (int column : InputsOf(expr)) (column < left_width ? left : right) = true;
  return left && right ? Side::kBoth : left ? Side::kLeft : right ? Side::kRight : Side::kNone;
}

ExprPtr Shift(const ExprPtr& expr, int by) {
  return TransformExpr(expr, [by](const ExprPtr& node) -> ExprPtr {
    return node->is_input() ? Expr::Input(node->index() + by, node->type()) : nullptr;
  });
}

std::optional<EquiKey> MatchEquality(const ExprPtr& part, int left_width) {
  bool null_safe = part->is_call("IS NOT DISTINCT FROM");
  if (!null_safe && !part->is_call("=")) return std::nullopt;
  if (!part->deterministic()) return std::nullopt;
  ExprPtr a = part->arg(0), b = part->arg(1);
  if (a->type().physical() != b->type().physical()) return std::nullopt;
  Side side_a = SideOf(a, left_width), side_b = SideOf(b, left_width);
  if (side_a == Side::kRight && side_b == Side::kLeft) {
    std::swap(a, b);
  } else if (side_a != Side::kLeft || side_b != Side::kRight) {
    return std::nullopt;
  }
  return EquiKey{a, Shift(b, -left_width), null_safe};
}

// (a IS NULL AND b IS NULL) OR a = b
std::optional<EquiKey> MatchNullSafe(const ExprPtr& part, int left_width) {
  if (part->kind() != ExprKind::kOr || part->args().size() != 2) return std::nullopt;
  for (size_t i : {0, 1}) {
    std::optional<EquiKey> key = MatchEquality(part->arg(i), left_width);
    std::vector<ExprPtr> nulls = SplitConjunction(part->arg(1 - i));
    if (!key || nulls.size() != 2) continue;
    auto tests = [&](const ExprPtr& operand) {
      return std::any_of(nulls.begin(), nulls.end(), [&](const ExprPtr& test) {
        return test->is_call("IS NULL") && test->arg(0)->Equals(*operand);
      });
    };
    if (!tests(part->arg(i)->arg(0)) || !tests(part->arg(i)->arg(1))) continue;
    key->null_safe = true;
    return key;
  }
  return std::nullopt;
}

}  // namespace

JoinShape AnalyzeCondition(const std::vector<ExprPtr>& conjuncts, int left_width) {
  JoinShape shape;
  for (const ExprPtr& part : conjuncts) {
    std::optional<EquiKey> key = MatchEquality(part, left_width);
    if (!key) key = MatchNullSafe(part, left_width);
    if (key) {
      shape.keys.push_back(std::move(*key));
    } else {
      shape.rest.push_back(part);
    }
  }
  return shape;
}

namespace {

// A comparison between the time attributes of both sides, as `left time OP right time + offset`.
struct TimePredicate {
  bool equality = false;
  bool lower = false;  // a lower bound of the left time
  int64_t offset_ms = 0;
  bool proctime = false;
  int left_time = -1, right_time = -1;
};

// The constant an expression adds to its one time attribute: its value where that is zero.
std::optional<int64_t> OffsetMillis(const ExprPtr& expr, const EvalContext& eval) {
  ExprPtr zeroed = TransformExpr(expr, [](const ExprPtr& node) -> ExprPtr {
    if (!node->is_input()) return nullptr;
    DataType type = node->type().WithTimeAttribute(TimeAttribute::kNone);
    bool wide = type.physical() == Physical::kInt128;
    return Expr::Literal(wide ? Value::Int128(0) : Value::Int(0), type);
  });
  if (!expr->type().is_timestamp()) return std::nullopt;
  Result<Value> value = EvaluateConstant(zeroed, eval);
  if (!value || value->is_null()) return std::nullopt;
  if (expr->type().physical() == Physical::kInt128) {
    return static_cast<int64_t>(FloorDiv(value->as_int128(), int128_t{1'000'000}));
  }
  return FloorDiv(value->as_int(), int64_t{1000});
}

std::optional<TimePredicate> MatchTimePredicate(const ExprPtr& part, const Schema& left, const Schema& right,
                                                const EvalContext& eval) {
  static const char* const kNames[] = {"=", ">", ">=", "<", "<="};
  if (std::none_of(std::begin(kNames), std::end(kNames), [&](const char* n) { return part->is_call(n); }))
    return std::nullopt;
  int width = left.size();
  int columns[2] = {-1, -1};
  for (size_t i : {0, 1}) {
    std::vector<int> inputs = InputsOf(part->arg(i));
    if (inputs.size() != 1) return std::nullopt;
    columns[i] = inputs[0];
  }
  if ((columns[0] < width) == (columns[1] < width)) return std::nullopt;
  bool swapped = columns[0] >= width;
  TimePredicate out;
  out.left_time = swapped ? columns[1] : columns[0];
  out.right_time = (swapped ? columns[0] : columns[1]) - width;
  const DataType& left_type = left[out.left_time].type;
  const DataType& right_type = right[out.right_time].type;
  if (left_type.time_attribute() == TimeAttribute::kNone ||
      left_type.time_attribute() != right_type.time_attribute())
    return std::nullopt;
  out.proctime = left_type.is_proctime();
  std::optional<int64_t> a = OffsetMillis(part->arg(swapped ? 1 : 0), eval);
  std::optional<int64_t> b = OffsetMillis(part->arg(swapped ? 0 : 1), eval);
  if (!a || !b) return std::nullopt;
  out.offset_ms = *b - *a;
  bool greater = part->is_call(">") || part->is_call(">=");
  out.equality = part->is_call("=");
  out.lower = greater != swapped;
  if (part->is_call(">") || part->is_call("<")) out.offset_ms += out.lower ? 1 : -1;
  return out;
}

}  // namespace

std::optional<IntervalBounds> MatchInterval(const ExprPtr& condition, const Schema& left, const Schema& right,
                                            const EvalContext& eval) {
  if (!condition) return std::nullopt;
  IntervalBounds bounds;
  std::vector<TimePredicate> times;
  for (const ExprPtr& part : SplitConjunction(condition)) {
    std::optional<TimePredicate> time = MatchTimePredicate(part, left, right, eval);
    if (time) {
      times.push_back(*time);
    } else {
      bounds.rest.push_back(part);
    }
  }
  bool single = times.size() == 1 && times[0].equality;
  bool pair =
      times.size() == 2 && !times[0].equality && !times[1].equality && times[0].lower != times[1].lower;
  if (!single && !pair) return std::nullopt;
  const TimePredicate& lower = pair && !times[0].lower ? times[1] : times[0];
  const TimePredicate& upper = pair && times[0].lower ? times[1] : times[0];
  if (lower.proctime != upper.proctime) return std::nullopt;
  bounds.proctime = lower.proctime;
  bounds.left_time = times[0].left_time;
  bounds.right_time = times[0].right_time;
  bounds.lower_ms = lower.offset_ms;
  bounds.upper_ms = upper.offset_ms;
  return bounds;
}

std::optional<WindowJoinMatch> MatchWindowJoin(const PlanPtr& plan) {
  const auto* join = plan->As<JoinNode>();
  if (join == nullptr || !join->condition) return std::nullopt;
  std::optional<WindowProperty> left = DeriveWindow(plan->input(0));
  std::optional<WindowProperty> right = DeriveWindow(plan->input(1));
  if (!left || !right || !left->complete() || !right->complete()) return std::nullopt;
  JoinShape shape = AnalyzeCondition(SplitConjunction(join->condition), plan->input(0)->schema.size());
  bool start = false, end = false;
  std::vector<EquiKey> keys;
  for (EquiKey& key : shape.keys) {
    int l = key.left->is_input() ? key.left->index() : -1;
    int r = key.right->is_input() ? key.right->index() : -1;
    if (l >= 0 && l == left->start && r == right->start) {
      start = true;
    } else if (l >= 0 && l == left->end && r == right->end) {
      end = true;
    } else {
      keys.push_back(std::move(key));
    }
  }
  if (!start || !end) return std::nullopt;
  shape.keys = std::move(keys);
  return WindowJoinMatch{*left, *right, std::move(shape)};
}

namespace {

using Conditions = std::vector<ExprPtr>;

struct Arranger {
  const std::vector<AstHint>& hints;
  const EvalContext& eval;

  PlanPtr Above(PlanPtr plan, const Conditions& conditions) const {
    return conditions.empty() ? plan : MakeFilter(std::move(plan), MakeConjunction(conditions));
  }

  PlanPtr Arrange(const PlanPtr& plan, Conditions conditions) const {
    if (const auto* filter = plan->As<FilterNode>()) {
      Conditions all = SplitConjunction(filter->condition);
      all.insert(all.end(), conditions.begin(), conditions.end());
      return Arrange(plan->input(), std::move(all));
    }
    if (const auto* join = plan->As<JoinNode>()) return ArrangeJoin(plan, *join, conditions);
    if (plan->As<TemporalJoinNode>() != nullptr || plan->As<UnnestNode>() != nullptr) {
      return Above(ArrangeLeft(plan), conditions);
    }
    return Above(plan, conditions);
  }

  // A node whose first columns are those of its first input.
  PlanPtr ArrangeLeft(const PlanPtr& plan) const {
    auto copy = std::make_shared<PlanNode>(*plan);
    copy->inputs[0] = Arrange(plan->input(), {});
    copy->hints.insert(copy->hints.end(), hints.begin(), hints.end());
    const Schema& left = copy->inputs[0]->schema;
    copy->schema = WithTimes(plan->schema, [&](int i) {
      return i < left.size() ? left[i].type.time_attribute() : plan->schema[i].type.time_attribute();
    });
    return copy;
  }

  PlanPtr ArrangeJoin(const PlanPtr& plan, const JoinNode& node, const Conditions& conditions) const {
    int width = plan->input(0)->schema.size();
    bool inner = node.kind == JoinKind::kInner;
    bool pads_left = node.kind == JoinKind::kRight || node.kind == JoinKind::kFull;
    Conditions left, right, above, on;
    if (node.condition) {
      for (const ExprPtr& part : SplitConjunction(node.condition)) on.push_back(FoldConstants(part, eval));
    }
    for (const ExprPtr& part : conditions) {
      Side side = part->deterministic() ? SideOf(part, width) : Side::kNone;
      if (side == Side::kLeft && !pads_left) {
        left.push_back(part);
      } else if (inner && side == Side::kRight) {
        right.push_back(Shift(part, -width));
      } else if (inner && side == Side::kBoth) {
        on.push_back(part);
      } else {
        above.push_back(part);
      }
    }
    auto copy = std::make_shared<PlanNode>(*plan);
    JoinNode changed = node;
    changed.condition = MakeConjunction(on);
    copy->inputs = {Arrange(plan->input(0), left), Arrange(plan->input(1), right)};
    copy->hints.insert(copy->hints.end(), hints.begin(), hints.end());
    const Schema& l = copy->inputs[0]->schema;
    const Schema& r = copy->inputs[1]->schema;
    copy->op = std::move(changed);
    bool timed = MatchWindowJoin(copy) || MatchInterval(copy->As<JoinNode>()->condition, l, r, eval);
    copy->schema = WithTimes(plan->schema, [&](int i) {
      if (!timed) return TimeAttribute::kNone;
      return i < l.size() ? l[i].type.time_attribute() : r[i - l.size()].type.time_attribute();
    });
    return Above(copy, above);
  }

  template <typename TimeOf>
  static Schema WithTimes(const Schema& schema, TimeOf time_of) {
    Schema out;
    for (int i = 0; i < schema.size(); ++i) {
      out.Add({schema[i].name, schema[i].type.WithTimeAttribute(time_of(i))});
    }
    return out;
  }
};

}  // namespace

PlanPtr ArrangeJoins(const PlanPtr& plan, const std::vector<AstHint>& hints, const EvalContext& eval) {
  return Arranger{hints, eval}.Arrange(plan, {});
}

}  // namespace penstock::sql
