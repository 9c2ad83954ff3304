// OVER: windows of one specification become one operator; a time order makes it insert-only, any other order
// updating. Also the SESSION function, whose operator keeps rows as well.
#include <algorithm>

#include "operators/calc.h"
#include "operators/over/over_aggregate.h"
#include "operators/over/over_changes.h"
#include "operators/windows/session_window.h"
#include "sql/batch/over_calls.h"
#include "sql/physical/physical_planner.h"
#include "sql/physical/plan_rank.h"

namespace penstock::sql {

namespace {

Status Refused(const std::string& message, const std::string& hint = "") {
  return SqlError(ErrorNumber::kInvalidPlan, {}, message, hint);
}

bool SameFrame(const OverNode& a, const OverNode& b) {
  return a.has_frame == b.has_frame && a.rows == b.rows && a.start == b.start && a.preceding == b.preceding;
}

// The column of a projection that hands its input on and computes the expression behind it; -1: none.
int FindComputed(const PlanPtr& plan, const Expr& expr) {
  const auto* project = plan->As<ProjectNode>();
  if (project == nullptr) return -1;
  for (size_t i = 0; i < project->exprs.size(); ++i) {
    const ExprPtr& known = project->exprs[i];
    if (known->is_input() || !known->deterministic() || !known->Equals(expr)) continue;
    std::vector<int> reads = InputsOf(known);
    bool handed_on = std::all_of(reads.begin(), reads.end(), [&](int read) {
      const ExprPtr& column = project->exprs[static_cast<size_t>(read)];
      return column->is_input() && column->index() == read;
    });
    if (handed_on) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

PlanPtr MergeOvers(const PlanPtr& plan) {
  const OverNode& upper = *plan->As<OverNode>();
  PlanPtr below = plan->input();
  std::vector<ExprPtr> columns = IdentityExprs(below->schema);
  if (const auto* project = below->As<ProjectNode>()) {
    columns = project->exprs;
    below = below->input();
  }
  const auto* lower = below->As<OverNode>();
  if (lower == nullptr || !SameFrame(upper, *lower)) return nullptr;
  const PlanPtr& base = below->input();
  int width = base->schema.size();
  // Where the columns that the upper node reads are in the new input.
  std::vector<ExprPtr> inputs = IdentityExprs(base->schema);
  std::vector<std::string> names;
  for (const Field& field : base->schema.fields()) names.push_back(field.name);
  bool possible = true;
  auto place = [&](int column) {
    const ExprPtr& expr = columns[static_cast<size_t>(column)];
    if (expr->is_input() && expr->index() < width) return expr->index();
    for (int read : InputsOf(expr)) possible = possible && read < width;
    if (int known = FindComputed(base, *expr); known >= 0) return known;
    inputs.push_back(expr);
    names.push_back("$w" + std::to_string(inputs.size()));
    return static_cast<int>(inputs.size()) - 1;
  };
  OverNode merged = upper;
  for (int& column : merged.partition_by) column = place(column);
  for (SortKey& key : merged.order_by) key.column = place(key.column);
  for (OverCall& call : merged.calls) {
    for (int& arg : call.args) arg = place(arg);
    if (call.filter >= 0) call.filter = place(call.filter);
  }
  bool same = merged.partition_by == lower->partition_by && merged.order_by == lower->order_by;
  if (!possible || !same) return nullptr;
  merged.calls.insert(merged.calls.begin(), lower->calls.begin(), lower->calls.end());
  PlanPtr input = static_cast<int>(inputs.size()) == width ? base : MakeProject(base, inputs, names);
  auto calls_at = static_cast<int>(inputs.size());
  Schema schema = input->schema;
  for (size_t i = 0; i < merged.calls.size(); ++i) {
    schema.Add({"$o" + std::to_string(i), merged.calls[i].type});
  }
  auto lower_calls = static_cast<int>(lower->calls.size());
  std::vector<int> mapping(static_cast<size_t>(width + lower_calls));
  for (int i = 0; i < width + lower_calls; ++i) {
    mapping[static_cast<size_t>(i)] = i < width ? i : calls_at + i - width;
  }
  PlanPtr over = MakePlan(std::move(merged), schema, {input});
  std::vector<ExprPtr> exprs;
  std::vector<std::string> out_names;
  for (const ExprPtr& column : columns) exprs.push_back(RemapInputs(column, mapping));
  for (size_t i = 0; i < upper.calls.size(); ++i) {
    exprs.push_back(Expr::Input(calls_at + lower_calls + static_cast<int>(i), upper.calls[i].type));
  }
  for (const Field& field : plan->schema.fields()) out_names.push_back(field.name);
  return MakeProject(over, std::move(exprs), std::move(out_names));
}

namespace {

// LEAD looks the other way.
Result<OverFunction> LagOf(const OverCall& call) {
  OverFunction f;
  f.kind = OverFunction::Kind::kLag;
  f.column = call.args[0];
  if (call.args.size() > 1) {
    const Value& offset = call.constants[1];
    if (!offset.is_int() || offset.as_int() < 0)
      return Refused("the offset of LAG must be a constant number");
    f.offset = offset.as_int();
  }
  if (call.function == "LEAD") f.offset = -f.offset;
  if (call.args.size() > 2) {
    f.default_column = call.args[2];
    if (call.arg_types[2].physical() != call.arg_types[0].physical()) {
      return SqlError(ErrorNumber::kUnsupported, {}, "LAG with a default of another type is not supported",
                      "cast the default to the type of the value");
    }
  }
  return f;
}

// Buckets, or a share of the partition: batch mode knows its size.
Result<OverFunction> SizedOf(const OverCall& call) {
  OverFunction f;
  f.kind = call.function == "PERCENT_RANK" ? OverFunction::Kind::kPercentRank : OverFunction::Kind::kCumeDist;
  if (call.function != "NTILE") return f;
  f.kind = OverFunction::Kind::kNtile;
  if (call.constants.size() != 1 || !call.constants[0].is_int() || call.constants[0].as_int() < 1)
    return Refused("the number of buckets of NTILE must be a positive constant");
  f.offset = call.constants[0].as_int();
  return f;
}

bool NeedsSize(const std::string& function) {
  return function == "NTILE" || function == "PERCENT_RANK" || function == "CUME_DIST";
}

}  // namespace

Result<OverFunctions> OverFunctionsOf(const OverNode& node, bool batch) {
  OverFunctions all;
  for (const OverCall& call : node.calls) {
    OverFunction f;
    if (call.function == "LAG" || (batch && call.function == "LEAD")) {
      ASSIGN_OR_RETURN(f, LagOf(call));
    } else if (call.function == "LEAD") {
      return Refused("LEAD Function is not supported in stream mode.");
    } else if (batch && NeedsSize(call.function)) {
      ASSIGN_OR_RETURN(f, SizedOf(call));
    } else if (call.function == "ROW_NUMBER") {
      f.kind = OverFunction::Kind::kRowNumber;
    } else if (call.function == "RANK") {
      f.kind = OverFunction::Kind::kRank;
    } else if (call.function == "DENSE_RANK") {
      f.kind = OverFunction::Kind::kDenseRank;
    } else if (AggregateRegistry::BuiltIn().Find(call.function) == nullptr) {
      if (batch) {
        return SqlError(ErrorNumber::kUnsupported, {},
                        call.function + " Function is not supported in batch mode");
      }
      return Refused(call.function + " Function is not supported in stream mode.");
    } else {
      f.index = static_cast<int>(all.calls.size());
      all.calls.push_back(
          {call.function, call.args, call.arg_types, call.constants, call.filter, call.distinct, call.type});
    }
    f.type = call.type;
    all.functions.push_back(std::move(f));
  }
  return all;
}

Result<PhysicalStream> PhysicalPlanner::PlanOver(const PlanPtr& plan, const OverNode& node,
                                                 bool need_before) {
  if (PlanPtr merged = MergeOvers(plan)) return Plan(merged, need_before);
  const PlanPtr& input = plan->input();
  if (node.order_by.empty()) {
    return Refused("OVER windows' ordering in stream mode must be defined on a time attribute.",
                   "add ORDER BY with a time attribute");
  }
  for (const SortKey& key : node.order_by) {
    if (key.descending) return Refused("The window can only be ordered in ASCENDING mode.");
  }
  ASSIGN_OR_RETURN(OverFunctions functions, OverFunctionsOf(node, false));
  const DataType& time = input->schema[node.order_by[0].column].type;
  if (time.time_attribute() == TimeAttribute::kNone) {
    return PlanOverChanges(plan, node, std::move(functions), need_before);
  }
  if (node.order_by.size() > 1) {
    return Refused("The window can only be ordered by a single time column.");
  }
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(input, true));
  if (!stream.mode.insert_only()) {
    return SqlError(ErrorNumber::kUpdatesNotAccepted, {},
                    "OverAggregate doesn't support consuming update and delete changes");
  }
  OverAggregateSpec spec;
  spec.rows = {input->schema.types(), node.partition_by, {}};
  spec.time_column = time.is_rowtime() ? node.order_by[0].column : -1;
  spec.row_frame = node.has_frame && node.rows;
  if (node.start == FrameBound::kPreceding) spec.preceding = node.preceding;
  if (node.start == FrameBound::kCurrentRow) spec.preceding = 0;
  spec.functions = std::move(functions);
  spec.ttl_ms = StateTtl(plan);
  stream.vertex = AddOperator("over_aggregate", "OverAggregate", spec.Serialize(), plan->schema, stream,
                              &node.partition_by);
  RETURN_IF_ERROR(RouteLate(stream.vertex, {{input, spec.time_column}}));
  return stream;
}

Result<PhysicalStream> PhysicalPlanner::PlanOverChanges(const PlanPtr& plan, const OverNode& node,
                                                        OverFunctions functions, bool need_before) {
  if (node.start != FrameBound::kUnboundedPreceding) {
    return Refused("OVER windows over columns that are no time attribute start UNBOUNDED PRECEDING.",
                   "order by a time attribute for a bounded frame");
  }
  const PlanPtr& input = plan->input();
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(input, true));
  OverChangesSpec spec;
  spec.rows = {input->schema.types(), node.partition_by, SortColumnsOf(node.order_by)};
  spec.row_frame = node.has_frame && node.rows;
  spec.functions = std::move(functions);
  spec.emit_update_before = need_before;
  spec.ttl_ms = StateTtl(plan);
  stream.vertex = AddOperator("over_changes", "OverAggregate", spec.Serialize(), plan->schema, stream,
                              &node.partition_by);
  bool deletes = !stream.mode.insert_only();
  stream.mode = stream.mode.With(RowKind::kUpdateAfter).Without(RowKind::kUpdateBefore);
  if (need_before) stream.mode = stream.mode.With(RowKind::kUpdateBefore);
  if (deletes) stream.mode = stream.mode.With(RowKind::kDelete);
  stream.deletes_by_key = false;
  return stream;
}

Result<PhysicalStream> PhysicalPlanner::PlanSessionWindow(const PlanPtr& plan, const WindowTvfNode& node) {
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(plan->input(), true));
  const DataType& time = plan->input()->schema[node.time_column].type;
  SessionWindowSpec spec;
  spec.rows = {plan->input()->schema.types(), node.window.partition_keys, {}};
  spec.time_column = node.window.proctime ? -1 : node.time_column;
  spec.gap = node.window.size;
  spec.local_zone = time.is(TypeKind::kTimestampLtz);
  spec.time_type = plan->schema[plan->schema.size() - 1].type;
  stream.vertex = AddOperator("session_window", "WindowTableFunction", spec.Serialize(), plan->schema, stream,
                              &node.window.partition_keys);
  RETURN_IF_ERROR(RouteLate(stream.vertex, {{plan->input(), spec.time_column}}));
  return stream;
}

}  // namespace penstock::sql
