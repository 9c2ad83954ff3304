// Joins FOR SYSTEM_TIME AS OF: of a rowtime with a versioned table (a stream with a key and a rowtime), of a
// processing time with a table that can be looked up.
#include <algorithm>

#include "base/strings.h"
#include "expr/evaluator.h"
#include "operators/joins/lookup_join.h"
#include "operators/joins/temporal_join.h"
#include "sql/physical/physical_planner.h"
#include "sql/physical/plan_join.h"
#include "sql/logical/unique_keys.h"

namespace penstock::sql {

namespace {

Status Invalid(const std::string& message, const std::string& hint = "") {
  return SqlError(ErrorNumber::kInvalidPlan, {}, message, hint);
}

int RowtimeColumn(const Schema& schema) {
  for (int i = 0; i < schema.size(); ++i) {
    if (schema[i].type.is_rowtime()) return i;
  }
  return -1;
}

std::vector<ExprPtr> Conjuncts(const ExprPtr& condition) {
  return condition ? SplitConjunction(condition) : std::vector<ExprPtr>();
}

}  // namespace

Result<PhysicalStream> PhysicalPlanner::PlanTemporalJoin(const PlanPtr& plan, const TemporalJoinNode& node,
                                                         Need need) {
  if (node.time->type().is_proctime()) return PlanLookupJoin(plan, node, need);
  return PlanVersionedJoin(plan, node, need);
}

Result<PhysicalStream> PhysicalPlanner::PlanVersionedJoin(const PlanPtr& plan, const TemporalJoinNode& node,
                                                          Need need) {
  const PlanPtr& versions = plan->input(1);
  int right_time = RowtimeColumn(versions->schema);
  std::vector<ColumnSet> unique = UpsertKeys(versions);
  const char* needs =
      "Event-Time Temporal Table Join requires both primary key and row time attribute in "
      "versioned table, but no ";
  if (unique.empty()) return Invalid(std::string(needs) + "primary key can be found.");
  if (right_time < 0) return Invalid(std::string(needs) + "row time attribute can be found.");
  JoinShape shape = AnalyzeCondition(Conjuncts(node.condition), plan->input(0)->schema.size());
  if (shape.keys.empty()) return Invalid("Currently the join key in Temporal Table Join can not be empty.");
  if (!node.time->is_input()) {
    return Invalid("FOR SYSTEM_TIME AS OF needs a column of the left table");
  }
  JoinInputs inputs = MakeJoinInputs(plan, node.kind, shape.keys, shape.rest);
  std::vector<int> key = inputs.spec.sides[kRightSide].keys;
  std::sort(key.begin(), key.end());
  if (!ContainsKey(unique, key)) {
    std::vector<std::string> names;
    for (int column : unique[0]) names.push_back(versions->schema[column].name);
    return Invalid("Temporal table's primary key [" + Join(names, ", ") +
                   "] must be included in the equivalence condition of temporal join");
  }
  const DataType& left_type = node.time->type();
  const DataType& right_type = versions->schema[right_time].type;
  if (left_type.kind() != right_type.kind()) {
    return Invalid(
        "Event-Time Temporal Table Join requires same rowtime type in left table and versioned "
        "table, but the rowtime types are " +
        left_type.ToString() + " and " + right_type.ToString() + ".");
  }
  TemporalJoinSpec spec;
  spec.join = inputs.spec;
  spec.time_columns = {node.time->index(), right_time};
  ASSIGN_OR_RETURN(PhysicalStream left, Plan(inputs.plans[kLeftSide], need));
  // Versions are all changes, not what is left of them.
  raw_changes_ = batch_;
  Result<PhysicalStream> versioned = Plan(inputs.plans[kRightSide], Need(false));
  raw_changes_ = false;
  ASSIGN_OR_RETURN(PhysicalStream right, std::move(versioned));
  PhysicalStream out = AddJoin(batch_ ? "batch_temporal_join" : "temporal_join", "TemporalJoin",
                               spec.Serialize(), plan->schema, left, inputs.spec.sides[kLeftSide].keys, right,
                               inputs.spec.sides[kRightSide].keys);
  out.mode = left.mode;
  out.deletes_by_key = left.deletes_by_key;
  RETURN_IF_ERROR(
      RouteLate(out.vertex, {{plan->input(0), spec.time_columns[kLeftSide]}, {plan->input(1), -1}}));
  return out;
}

namespace {

// The right side of a lookup join: a scan, and its columns and filter as expressions over the scan.
struct LookupSide {
  const ScanNode* scan = nullptr;
  std::vector<ExprPtr> columns;
  std::vector<ExprPtr> filters;
  ExprPtr Over(const ExprPtr& expr) const {
    return TransformExpr(expr, [this](const ExprPtr& node) -> ExprPtr {
      return node->is_input() ? columns[static_cast<size_t>(node->index())] : nullptr;
    });
  }
};

// False where the plan is more than a table with projections and filters.
bool Compose(const PlanPtr& plan, LookupSide* side) {
  if (const auto* scan = plan->As<ScanNode>()) {
    side->scan = scan;
    side->columns = IdentityExprs(plan->schema);
    return true;
  }
  const auto* project = plan->As<ProjectNode>();
  const auto* filter = plan->As<FilterNode>();
  if (project == nullptr && filter == nullptr && plan->As<WatermarkNode>() == nullptr) return false;
  if (!Compose(plan->input(), side)) return false;
  if (filter != nullptr) side->filters.push_back(side->Over(filter->condition));
  if (project != nullptr) {
    std::vector<ExprPtr> columns;
    for (const ExprPtr& expr : project->exprs) columns.push_back(side->Over(expr));
    side->columns = std::move(columns);
  }
  return true;
}

// Turns one conjunct into a key to look up by, where it equates a column of the table with a value of the
// left side or a constant. `keep` tells whether the conjunct must still be tested.
bool MatchLookupKey(const ExprPtr& part, int left_width, const LookupSide& side, LookupJoinSpec* spec,
                    bool* keep) {
  ExprPtr value, column;
  JoinShape shape = AnalyzeCondition({part}, left_width);
  if (!shape.keys.empty() && !shape.keys[0].null_safe) {
    value = shape.keys[0].left;
    column = side.Over(shape.keys[0].right);
  } else if (part->is_call("=")) {
    for (size_t i : {0, 1}) {
      const ExprPtr& other = part->arg(1 - i);
      if (!part->arg(i)->is_literal() || !other->is_input() || other->index() < left_width) continue;
      value = part->arg(i);
      column = side.columns[static_cast<size_t>(other->index() - left_width)];
    }
  }
  if (!value) return false;
  *keep = column->kind() == ExprKind::kCast;
  if (*keep) column = column->arg(0);
  if (!column->is_input()) return false;
  for (int known : spec->lookup_columns) {
    if (known == column->index()) return false;
  }
  // The table's column is compared as another type: look up by its own, and test the comparison again.
  if (*keep) value = Expr::Special(ExprKind::kTryCast, {value}, column->type().WithNullable(true));
  spec->lookup_columns.push_back(column->index());
  spec->lookup_keys.push_back(value);
  return true;
}

// LOOKUP hints steer how a reader asks; here they are only checked.
Status CheckLookupHint(const AstHint& hint) {
  static const char* const kOptions[] = {"table",       "async",       "output-mode",     "capacity",
                                         "timeout",     "shuffle",     "retry-predicate", "retry-strategy",
                                         "fixed-delay", "max-attempts"};
  int retry_options = 0;
  bool table = false;
  for (const auto& [key, value] : hint.options) {
    if (std::none_of(std::begin(kOptions), std::end(kOptions),
                     [&, k = key](const char* o) { return k == o; })) {
      return Invalid("Invalid LOOKUP hint: unsupported option '" + key + "'");
    }
    table = table || key == "table";
    bool retry = key.starts_with("retry-") || key == "fixed-delay" || key == "max-attempts";
    if (retry) ++retry_options;
    bool bad = (key == "retry-predicate" && value != "lookup_miss") ||
               (key == "retry-strategy" && value != "fixed_delay") ||
               (key == "output-mode" && value != "ordered" && value != "allow_unordered") ||
               (key == "max-attempts" && std::atoi(value.c_str()) <= 0);
    if (bad) return Invalid("Invalid LOOKUP hint: '" + key + "' cannot be '" + value + "'");
  }
  if (!table) return Invalid("Invalid LOOKUP hint: incomplete required option(s): [Key: 'table']");
  if (retry_options != 0 && retry_options != 4) {
    return Invalid("Invalid LOOKUP hint: retry options can be both null or all not null");
  }
  return Status::Ok();
}

}  // namespace

Result<PhysicalStream> PhysicalPlanner::PlanLookupJoin(const PlanPtr& plan, const TemporalJoinNode& node,
                                                       Need need) {
  LookupSide side;
  const Status not_supported = Invalid("Processing-time temporal join is not supported yet.",
                                       "join a table that can be looked up, or use an event time");
  if (!Compose(plan->input(1), &side)) return not_supported;
  ASSIGN_OR_RETURN(const ConnectorDescriptor* connector, connectors_.Find(*side.scan->table));
  ASSIGN_OR_RETURN(SourceAbilities abilities, connector->DescribeSource(*side.scan->table));
  if (!abilities.lookup) return not_supported;
  for (const AstHint& hint : plan->hints) {
    if (hint.name == "LOOKUP") RETURN_IF_ERROR(CheckLookupHint(hint));
  }
  int width = plan->input(0)->schema.size();
  LookupJoinSpec spec;
  std::vector<ExprPtr> rest;
  for (const ExprPtr& part : Conjuncts(node.condition)) {
    bool keep = false;
    bool matched = MatchLookupKey(FoldConstants(part, *context_.eval), width, side, &spec, &keep);
    if (!matched || keep) rest.push_back(part);
  }
  if (spec.lookup_keys.empty()) {
    return Invalid("Temporal table join requires an equality condition on fields of table [" +
                   side.scan->table->path.ToString() + "].");
  }
  spec.join = MakeJoinInputs(plan, node.kind, {}, rest).spec;
  spec.connector = connector->name();
  TableSpec table = SpecOf(*side.scan->table);
  for (int column : side.scan->columns) {
    const TableColumn& c = side.scan->table->columns[static_cast<size_t>(column)];
    const std::vector<int>& key = side.scan->table->primary_key;
    if (std::find(key.begin(), key.end(), column) != key.end())
      table.primary_key.push_back(static_cast<int>(table.columns.size()));
    table.columns.push_back({c.name, c.type, c.metadata_key});
  }
  spec.table = table.Serialize();
  spec.right_filter = MakeConjunction(side.filters);
  spec.right_columns = side.columns;
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(plan->input(0), need));
  stream.vertex = AddOperator("lookup_join", "LookupJoin", spec.Serialize(), plan->schema, stream, nullptr);
  return stream;
}

}  // namespace penstock::sql
