// From tables to streams: scans, ChangelogNormalize, watermarks and the calculations over them.
#include <algorithm>

#include "base/strings.h"
#include "operators/calc.h"
#include "operators/changelog/changelog_normalize.h"
#include "operators/watermark_assigner.h"
#include "sql/logical/late_columns.h"
#include "sql/physical/physical_planner.h"
#include "sql/logical/unique_keys.h"
#include "stream/table_spec.h"

namespace penstock::sql {

TableSpec SpecOf(const Table& table) {
  TableSpec spec;
  spec.table = table.path.ToString();
  spec.options = table.options;
  spec.partition_keys = table.partition_keys;
  for (const TableColumn& column : table.columns) {
    if (column.stored()) spec.stored.push_back({column.name, column.type, column.metadata_key});
  }
  return spec;
}

namespace {

// Where the columns of the primary key that are read stand.
std::vector<int> KeyColumns(const ScanNode& node) {
  std::vector<int> columns;
  for (int key : node.table->primary_key) {
    auto at = std::find(node.columns.begin(), node.columns.end(), key);
    if (at != node.columns.end()) columns.push_back(static_cast<int>(at - node.columns.begin()));
  }
  return columns;
}

}  // namespace

Result<PhysicalStream> PhysicalPlanner::PlanScan(const PlanPtr& plan, const ScanNode& node, Need need) {
  PhysicalStream stream;
  if (auto it = scans_.find(node.table.get()); it != scans_.end()) {
    stream = it->second;
  } else {
    ASSIGN_OR_RETURN(const ConnectorDescriptor* connector, connectors_.Find(*node.table));
    ASSIGN_OR_RETURN(SourceAbilities abilities, connector->DescribeSource(*node.table));
    if (batch_ && !abilities.bounded) return UnboundedInBatch(*node.table);
    TableSpec spec = SpecOf(*node.table);
    for (size_t i = 0; i < node.columns.size(); ++i) {
      const TableColumn& c = node.table->columns[static_cast<size_t>(node.columns[i])];
      spec.columns.push_back({c.name, plan->schema[static_cast<int>(i)].type, c.metadata_key});
    }
    spec.primary_key = KeyColumns(node);
    spec.changelog = abilities.changelog.bits();
    ASSIGN_OR_RETURN(TablePtr bad_sink, FindLaneSink(context_, "bad-rows", *node.table));
    spec.bad_rows_lane = bad_sink != nullptr;
    std::string limit = TableSetting(context_, kMaxRecordSizeOption, *node.table);
    if (!limit.empty()) spec.options[kMaxRecordSizeOption] = limit;
    JobVertex made;
    made.uid = "source@" + node.table->path.object;
    if (int number = uid_counts_[made.uid]++; number > 0) made.uid += "#" + std::to_string(number);
    made.name = "Source " + node.table->path.object;
    made.kind = VertexKind::kSource;
    made.factory = connector->name();
    made.spec = spec.Serialize();
    made.schema = plan->schema;
    made.inputs = 0;
    ASSIGN_OR_RETURN(int wanted, ParallelismOption(*node.table, "scan.parallelism", parallelism_));
    made.parallelism = abilities.lock_step ? 1 : wanted;
    graph_.lock_step = graph_.lock_step || abilities.lock_step;
    bounded_ = bounded_ && abilities.bounded;
    stream = {graph_.AddVertex(std::move(made)).id, abilities.changelog, abilities.bounded,
              abilities.deletes_by_key};
    scans_[node.table.get()] = stream;
    RETURN_IF_ERROR(RouteBad(stream.vertex, *node.table));
  }
  // What sends only keys or upserts is normalised above. Where rows come whole, whole rows are taken back,
  // as in a stream: keys are not enforced.
  bool whole = stream.mode.has_update_before() || !stream.mode.has_updates();
  if (batch_ && !raw_changes_ && !stream.mode.insert_only() && whole && !stream.deletes_by_key) {
    return AddFold(plan->schema, {}, stream);
  }
  if (need.before || !stream.mode.has_update_before()) return stream;
  stream.vertex = AddOperator("drop_update_before", "DropUpdateBefore", "", plan->schema, stream, nullptr);
  stream.mode = stream.mode.Without(RowKind::kUpdateBefore);
  return stream;
}

Result<PhysicalStream> PhysicalPlanner::PlanNormalize(const PlanPtr& plan, const NormalizeNode& node,
                                                      Need need) {
  // It reads what it gets by key: neither -U nor the other columns of -D are missed.
  ASSIGN_OR_RETURN(PhysicalStream probed, Probe(plan->input(), {false, false}));
  bool skipped = !need.before && !(need.full_deletes && probed.deletes_by_key) && !node.filter &&
                 !node.duplicates && !node.metadata;
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(plan->input(), {false, false}));
  if (skipped) return stream;
  ChangelogNormalizeSpec spec;
  spec.keys = node.keys;
  spec.types = plan->schema.types();
  spec.filter = node.filter;
  spec.emit_update_before = need.before;
  spec.ttl_ms = StateTtl(plan);
  ASSIGN_OR_RETURN(spec.mini_batch, MiniBatchOptions());
  stream.vertex = AddOperator("changelog_normalize", "ChangelogNormalize", spec.Serialize(), plan->schema,
                              stream, &node.keys);
  bool deletes = stream.mode.has_deletes() || node.filter || stream.mode.has_update_before();
  stream.mode = ChangelogMode::InsertOnly().With(RowKind::kUpdateAfter);
  if (need.before) stream.mode = stream.mode.With(RowKind::kUpdateBefore);
  if (deletes) stream.mode = stream.mode.With(RowKind::kDelete);
  stream.deletes_by_key = false;
  return stream;
}

// A filter on an updating stream must see both sides of an update: the old row may pass where the new one
// does not. Where it reads only columns of a key, both sides pass or fail together.
Result<PhysicalStream> PhysicalPlanner::PlanCalc(const PlanPtr& input, const ExprPtr& condition,
                                                 const std::vector<ExprPtr>& exprs, const Schema& schema,
                                                 Need need) {
  if (condition) {
    std::vector<ColumnSet> keys = UpsertKeys(input);
    bool on_key = !keys.empty() && IsSubset(InputsOf(condition), keys[0]);
    if (!on_key) need = {true, true};
  }
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(input, need));
  return AddCalc(condition, exprs, schema, stream);
}

PhysicalStream PhysicalPlanner::AddCalc(const ExprPtr& condition, const std::vector<ExprPtr>& exprs,
                                        const Schema& schema, PhysicalStream stream) {
  CalcSpec spec{condition, exprs};
  stream.vertex =
      AddOperator("calc", condition ? "Filter" : "Project", spec.Serialize(), schema, stream, nullptr);
  return stream;
}

// SET 'penstock.max-future.<table>', milliseconds; -1: no limit.
Result<int64_t> PhysicalPlanner::MaxFuture(const Table& table) const {
  std::string text = TableSetting(context_, "penstock.max-future", table);
  if (text.empty()) return int64_t{-1};
  long long millis = 0;
  if (ParseDuration(text, &millis) && millis >= 0) return static_cast<int64_t>(millis);
  return SqlError(ErrorNumber::kBadOption, {},
                  "'penstock.max-future." + table.path.object + "' = '" + text + "' is no duration",
                  "for example '1 h' or '30 min'");
}

Result<PhysicalStream> PhysicalPlanner::PlanWatermark(const PlanPtr& plan, const WatermarkNode& node,
                                                      Need need) {
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(plan->input(), need));
  ASSIGN_OR_RETURN(const ConnectorDescriptor* connector, connectors_.Find(*node.table));
  ASSIGN_OR_RETURN(SourceAbilities abilities, connector->DescribeSource(*node.table));
  std::string emission = node.table->option("scan.watermark.emit.strategy");
  WatermarkAssignerSpec spec;
  spec.column = node.column;
  spec.expr = node.expr;
  spec.on_event =
      emission == "on-event" || (emission.empty() && abilities.emission == WatermarkEmission::kOnEvent);
  spec.per_split = abilities.emission == WatermarkEmission::kPerSplit;
  spec.types = plan->schema.types();
  spec.interval_ms = context_.config->GetDuration("pipeline.auto-watermark-interval", 200);
  if (spec.interval_ms == 0) spec.on_event = true;
  spec.idle_ms = context_.config->GetDuration("table.exec.source.idle-timeout", 0);
  long long idle = 0;
  if (ParseDuration(node.table->option("scan.watermark.idle-timeout"), &idle)) spec.idle_ms = idle;
  ASSIGN_OR_RETURN(spec.max_future_ms, MaxFuture(*node.table));
  ASSIGN_OR_RETURN(TablePtr bad_sink, FindLaneSink(context_, "bad-rows", *node.table));
  spec.quarantine = bad_sink != nullptr;
  stream.vertex =
      AddOperator("watermark_assigner", "Watermark", spec.Serialize(), plan->schema, stream, nullptr);
  RETURN_IF_ERROR(RouteQuarantined(stream.vertex, *node.table, plan->schema));
  return stream;
}

}  // namespace penstock::sql
