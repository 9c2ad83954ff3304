// Joins of two streams: the condition is taken apart, keys that are no plain columns are computed below the
// join, and what is left becomes a regular, interval or window join.
#include <algorithm>

#include "base/strings.h"
#include "operators/joins/interval_join.h"
#include "operators/joins/regular_join.h"
#include "operators/unnest.h"
#include "operators/joins/window_join.h"
#include "sql/physical/physical_planner.h"
#include "sql/physical/plan_join.h"
#include "sql/logical/unique_keys.h"

namespace penstock::sql {

namespace {

JoinType TypeOf(JoinKind kind) {
  switch (kind) {
    case JoinKind::kLeft: return JoinType::kLeft;
    case JoinKind::kRight: return JoinType::kRight;
    case JoinKind::kFull: return JoinType::kFull;
    case JoinKind::kSemi: return JoinType::kSemi;
    case JoinKind::kAnti: return JoinType::kAnti;
    default: return JoinType::kInner;
  }
}

}  // namespace

JoinInputs MakeJoinInputs(const PlanPtr& plan, JoinKind kind, const std::vector<EquiKey>& keys,
                          const std::vector<ExprPtr>& rest) {
  JoinInputs out;
  out.spec.type = TypeOf(kind);
  out.spec.condition = MakeConjunction(rest);
  for (size_t side : {kLeftSide, kRightSide}) {
    const PlanPtr& input = plan->input(side);
    JoinSide& made = out.spec.sides[side];
    made.types = input->schema.types();
    std::vector<ExprPtr> exprs = IdentityExprs(input->schema);
    std::vector<std::string> names;
    for (const Field& field : input->schema.fields()) names.push_back(field.name);
    for (const EquiKey& key : keys) {
      const ExprPtr& expr = side == kLeftSide ? key.left : key.right;
      made.key_types.push_back(key.left->type());
      if (expr->is_input()) {
        made.keys.push_back(expr->index());
        continue;
      }
      made.keys.push_back(static_cast<int>(exprs.size()));
      exprs.push_back(expr);
      names.push_back("$key" + std::to_string(exprs.size()));
    }
    bool computed = exprs.size() > made.types.size();
    out.plans[side] = computed ? MakeProject(input, std::move(exprs), std::move(names)) : input;
  }
  for (const EquiKey& key : keys) out.spec.null_safe.push_back(key.null_safe);
  return out;
}

PhysicalStream PhysicalPlanner::AddJoin(const std::string& factory, const std::string& name, std::string spec,
                                        const Schema& schema, const PhysicalStream& left,
                                        const std::vector<int>& left_keys, const PhysicalStream& right,
                                        const std::vector<int>& right_keys) {
  PhysicalStream watched[] = {Watched(left, &left_keys), Watched(right, &right_keys)};
  JobVertex made;
  made.uid = NewUid(factory);
  made.name = name;
  made.factory = factory;
  made.spec = std::move(spec);
  made.schema = schema;
  made.inputs = 2;
  made.parallelism = left_keys.empty() ? 1 : parallelism_;
  PhysicalStream out;
  out.vertex = graph_.AddVertex(std::move(made)).id;
  out.bounded = left.bounded && right.bounded;
  Connect(watched[0], out.vertex, 0, &left_keys);
  Connect(watched[1], out.vertex, 1, &right_keys);
  return out;
}

// The time to live of a side: that of its table in a STATE_TTL hint, or the job's.
int64_t PhysicalPlanner::SideTtl(const PlanPtr& plan, const std::vector<std::string>& tables) const {
  for (const AstHint& hint : plan->hints) {
    if (hint.name != "STATE_TTL" || tables.size() != 1) continue;
    for (const auto& [table, duration] : hint.options) {
      long long millis = 0;
      if (table == tables[0] && ParseDuration(duration, &millis)) return millis;
    }
  }
  return context_.config->GetDuration("table.exec.state.ttl", 0);
}

Result<PhysicalStream> PhysicalPlanner::PlanJoin(const PlanPtr& plan, const JoinNode& node, Need need) {
  if (std::optional<WindowJoinMatch> match = MatchWindowJoin(plan)) {
    return PlanWindowJoin(plan, node, *match);
  }
  bool bounded = node.kind != JoinKind::kSemi && node.kind != JoinKind::kAnti;
  if (bounded) {
    std::optional<IntervalBounds> bounds =
        MatchInterval(node.condition, plan->input(0)->schema, plan->input(1)->schema, *context_.eval);
    if (bounds) return PlanIntervalJoin(plan, node, *bounds);
  }
  return PlanRegularJoin(plan, node, need);
}

namespace {

// What the state of a side may rely on.
JoinStateSpec StateOf(const PlanPtr& input, std::vector<int> join_key) {
  JoinStateSpec spec;
  std::vector<ColumnSet> unique = UpsertKeys(input);
  spec.has_unique_key = !unique.empty();
  std::sort(join_key.begin(), join_key.end());
  join_key.erase(std::unique(join_key.begin(), join_key.end()), join_key.end());
  spec.unique_in_join_key = ContainsKey(unique, join_key);
  if (spec.has_unique_key) spec.unique_key = unique[0];
  return spec;
}

// Whether a row replaces the one of the same key without leaving its join key: then the join does without
// the row before. What else the condition reads must not change either.
bool KeepsJoinKey(const PlanPtr& input, const JoinSpec& spec, size_t side) {
  std::vector<int> needed = spec.sides[side].keys;
  int first = side == kLeftSide ? 0 : static_cast<int>(spec.sides[kLeftSide].types.size());
  int width = static_cast<int>(spec.sides[side].types.size());
  if (spec.condition) {
    for (int column : InputsOf(spec.condition)) {
      if (column >= first && column < first + width) needed.push_back(column - first);
    }
  }
  std::sort(needed.begin(), needed.end());
  needed.erase(std::unique(needed.begin(), needed.end()), needed.end());
  std::vector<ColumnSet> unique = UpsertKeys(input);
  return std::any_of(unique.begin(), unique.end(),
                     [&](const ColumnSet& key) { return IsSubset(needed, key); });
}

}  // namespace

Result<PhysicalStream> PhysicalPlanner::PlanRegularJoin(const PlanPtr& plan, const JoinNode& node,
                                                        Need need) {
  int width = plan->input(0)->schema.size();
  std::vector<ExprPtr> parts = node.condition ? SplitConjunction(node.condition) : std::vector<ExprPtr>();
  JoinShape shape = AnalyzeCondition(parts, width);
  JoinInputs inputs = MakeJoinInputs(plan, node.kind, shape.keys, shape.rest);
  RegularJoinSpec spec;
  spec.join = inputs.spec;
  std::array<bool, 2> keeps = {true, true};
  bool before = need.before;
  for (size_t side : {kLeftSide, kRightSide}) {
    spec.states[side] = StateOf(plan->input(side), inputs.spec.sides[side].keys);
    spec.states[side].ttl_ms = SideTtl(plan, side == kLeftSide ? node.left_tables : node.right_tables);
    keeps[side] = KeepsJoinKey(plan->input(side), inputs.spec, side);
    if (before || keeps[side]) continue;
    ASSIGN_OR_RETURN(PhysicalStream probed, Probe(inputs.plans[side], Need(true)));
    before = probed.mode.has_updates();
  }
  auto need_of = [&](size_t side) { return Need(before, need.full_deletes || !keeps[side]); };
  ASSIGN_OR_RETURN(PhysicalStream left, Plan(inputs.plans[kLeftSide], need_of(kLeftSide)));
  ASSIGN_OR_RETURN(PhysicalStream right, Plan(inputs.plans[kRightSide], need_of(kRightSide)));
  PhysicalStream out = AddJoin("regular_join", "Join", spec.Serialize(), plan->schema, left,
                               inputs.spec.sides[kLeftSide].keys, right, inputs.spec.sides[kRightSide].keys);
  out.mode = left.mode.Union(right.mode);
  if (spec.join.type != JoinType::kInner && spec.join.type != JoinType::kSemi) {
    // Padding comes and goes whatever the inputs send.
    out.mode = out.mode.Union(ChangelogMode::Upsert());
    if (before) out.mode = ChangelogMode::All();
  }
  out.deletes_by_key = left.deletes_by_key || right.deletes_by_key;
  return out;
}

namespace {

Status CheckInserts(const PhysicalStream& stream, const char* join, const std::string& producer) {
  if (stream.mode.insert_only()) return Status::Ok();
  bool deletes = stream.mode.has_deletes();
  bool updates = stream.mode.has_updates();
  return SqlError(ErrorNumber::kUpdatesNotAccepted, {},
                  std::string(join) + " doesn't support consuming " +
                      (updates && deletes ? "update and delete"
                       : updates          ? "update"
                                          : "delete") +
                      " changes which is produced by node " + producer);
}

}  // namespace

Result<PhysicalStream> PhysicalPlanner::PlanIntervalJoin(const PlanPtr& plan, const JoinNode& node,
                                                         const IntervalBounds& bounds) {
  const DataType& left_type = plan->input(0)->schema[bounds.left_time].type;
  const DataType& right_type = plan->input(1)->schema[bounds.right_time].type;
  if (left_type.kind() != right_type.kind()) {
    return SqlError(ErrorNumber::kTypeMismatch, {},
                    "Interval join with rowtime attribute requires same rowtime types, but the types are " +
                        left_type.ToString() + " and " + right_type.ToString());
  }
  JoinShape shape = AnalyzeCondition(bounds.rest, plan->input(0)->schema.size());
  JoinInputs inputs = MakeJoinInputs(plan, node.kind, shape.keys, shape.rest);
  IntervalJoinSpec spec;
  spec.join = inputs.spec;
  spec.proctime = bounds.proctime;
  spec.time_columns = {bounds.left_time, bounds.right_time};
  spec.lower_ms = bounds.lower_ms;
  spec.upper_ms = bounds.upper_ms;
  spec.min_cleanup_ms =
      std::max<int64_t>(context_.config->GetDuration("table.exec.interval-join.min-cleanup-interval", 0), 0);
  ASSIGN_OR_RETURN(PhysicalStream left, Plan(inputs.plans[kLeftSide], true));
  ASSIGN_OR_RETURN(PhysicalStream right, Plan(inputs.plans[kRightSide], true));
  RETURN_IF_ERROR(CheckInserts(left, "IntervalJoin", vertex(left.vertex).name));
  RETURN_IF_ERROR(CheckInserts(right, "IntervalJoin", vertex(right.vertex).name));
  PhysicalStream out = AddJoin("interval_join", "IntervalJoin", spec.Serialize(), plan->schema, left,
                               inputs.spec.sides[kLeftSide].keys, right, inputs.spec.sides[kRightSide].keys);
  bool by_time = !bounds.proctime;
  if (by_time) {
    RETURN_IF_ERROR(
        RouteLate(out.vertex, {{plan->input(0), bounds.left_time}, {plan->input(1), bounds.right_time}}));
  }
  return out;
}

Result<PhysicalStream> PhysicalPlanner::PlanWindowJoin(const PlanPtr& plan, const JoinNode& node,
                                                       const WindowJoinMatch& match) {
  if (!(match.left.window == match.right.window)) {
    return SqlError(ErrorNumber::kInvalidPlan, {},
                    "Currently, window join doesn't support different window table function of inputs: " +
                        match.left.window.ToString() + " and " + match.right.window.ToString());
  }
  if (match.left.window.proctime) {
    return SqlError(ErrorNumber::kUnsupported, {}, "Processing time Window Join is not supported yet.");
  }
  JoinInputs inputs = MakeJoinInputs(plan, node.kind, match.shape.keys, match.shape.rest);
  WindowJoinSpec spec;
  spec.join = inputs.spec;
  spec.start_columns = {match.left.start, match.right.start};
  spec.end_columns = {match.left.end, match.right.end};
  spec.local_zone = match.left.time_type.is(TypeKind::kTimestampLtz);
  ASSIGN_OR_RETURN(PhysicalStream left, Plan(inputs.plans[kLeftSide], true));
  ASSIGN_OR_RETURN(PhysicalStream right, Plan(inputs.plans[kRightSide], true));
  RETURN_IF_ERROR(CheckInserts(left, "WindowJoin", vertex(left.vertex).name));
  RETURN_IF_ERROR(CheckInserts(right, "WindowJoin", vertex(right.vertex).name));
  PhysicalStream out = AddJoin("window_join", "WindowJoin", spec.Serialize(), plan->schema, left,
                               inputs.spec.sides[kLeftSide].keys, right, inputs.spec.sides[kRightSide].keys);
  RETURN_IF_ERROR(
      RouteLate(out.vertex, {{plan->input(0), match.left.end}, {plan->input(1), match.right.end}}));
  return out;
}

Result<PhysicalStream> PhysicalPlanner::PlanUnnest(const PlanPtr& plan, const UnnestNode& node, Need need) {
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(plan->input(), need));
  UnnestSpec spec;
  spec.collection = node.collection;
  for (int i = plan->input()->schema.size(); i < plan->schema.size(); ++i)
    spec.added.push_back(plan->schema[i].type);
  spec.outer = node.outer;
  spec.ordinality = node.ordinality;
  stream.vertex = AddOperator("unnest", "Correlate", spec.Serialize(), plan->schema, stream, nullptr);
  return stream;
}

}  // namespace penstock::sql
