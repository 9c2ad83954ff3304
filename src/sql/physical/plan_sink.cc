// From queries to sinks: which changes a sink takes, what it needs of the query, and the operators in
// between.
#include <algorithm>

#include "base/strings.h"
#include "operators/changelog/constraint_enforcer.h"
#include "operators/changelog/sink_materializer.h"
#include "sql/physical/physical_planner.h"
#include "sql/logical/unique_keys.h"

namespace penstock::sql {

// What a sink asks of its query.
struct PhysicalPlanner::SinkNeeds {
  Need need{true};
  bool materialize = false;
};

namespace {

// Positions of the primary key among the columns that are written.
ColumnSet WrittenKey(const Table& table) {
  std::vector<int> written = table.sink_columns();
  ColumnSet key;
  for (int column : table.primary_key) {
    auto at = std::find(written.begin(), written.end(), column);
    if (at != written.end()) key.push_back(static_cast<int>(at - written.begin()));
  }
  std::sort(key.begin(), key.end());
  return key;
}

std::string Names(const Schema& schema, const ColumnSet& columns) {
  std::vector<std::string> names;
  for (int column : columns) names.push_back(schema[column].name);
  return "[" + Join(names, ", ") + "]";
}

std::string Describe(const std::vector<ColumnSet>& keys, const Schema& schema) {
  std::vector<std::string> texts;
  for (const ColumnSet& key : keys) texts.push_back(Names(schema, key));
  return texts.empty() ? "none" : Join(texts, " or ");
}

ConflictAction ActionOf(const std::string& on_conflict) {
  if (on_conflict == "NOTHING") return ConflictAction::kNothing;
  return on_conflict == "ERROR" ? ConflictAction::kError : ConflictAction::kDeduplicate;
}

bool HasWatermark(const PlanPtr& plan) {
  return plan->As<WatermarkNode>() != nullptr ||
         std::any_of(plan->inputs.begin(), plan->inputs.end(), HasWatermark);
}

}  // namespace

// The sink's abilities for what the query produces, or the refusal.
// REQUIRES: the query was probed last.
Result<SinkAbilities> PhysicalPlanner::CheckChanges(const Table& table, const PhysicalStream& query) {
  ASSIGN_OR_RETURN(const ConnectorDescriptor* connector, connectors_.Find(table));
  ChangelogMode requested = query.mode;
  if (requested.has_updates()) requested = requested.With(RowKind::kUpdateBefore).With(RowKind::kUpdateAfter);
  ASSIGN_OR_RETURN(SinkAbilities abilities, connector->DescribeSink(table, requested));
  std::vector<std::string> refused;
  if (requested.has_updates() && !abilities.accepts.has_updates()) refused.push_back("update");
  if (requested.has_deletes() && !abilities.accepts.has_deletes()) refused.push_back("delete");
  if (refused.empty()) return abilities;
  return SqlError(ErrorNumber::kUpdatesNotAccepted, {},
                  "Table sink '" + table.path.ToString() + "' doesn't support consuming " +
                      Join(refused, " and ") + " changes which is produced by node " + probed_producer_,
                  "write to a sink that takes updates, such as upsert-kafka, or aggregate in windows");
}

// Flink's rules: table.exec.sink.upsert-materialize, ON CONFLICT, and whether -U rows are wanted.
Result<PhysicalPlanner::SinkNeeds> PhysicalPlanner::NeedsOfSink(const PlanPtr& plan, const SinkTarget& sink,
                                                                const SinkAbilities& abilities,
                                                                ChangelogMode query) {
  const Table& table = *sink.table;
  ColumnSet key = WrittenKey(table);
  std::vector<ColumnSet> upsert_keys = UpsertKeys(plan);
  bool contained = ContainsKey(upsert_keys, key);
  ASSIGN_OR_RETURN(const ConnectorDescriptor* connector, connectors_.Find(table));
  ASSIGN_OR_RETURN(SinkAbilities all, connector->DescribeSink(table, ChangelogMode::All()));
  bool upserts = !key.empty() && !all.accepts.insert_only() && !all.wants_update_before;
  if (!sink.on_conflict.empty() && key.empty()) {
    return SqlError(ErrorNumber::kInvalidPlan, {},
                    "ON CONFLICT needs a primary key on the sink table '" + table.path.ToString() + "'");
  }
  SinkNeeds needs;
  std::string option = ToUpperAscii(context_.config->GetString("table.exec.sink.upsert-materialize", "AUTO"));
  bool deduplicates = sink.on_conflict.empty() || sink.on_conflict == "DEDUPLICATE";
  if (option == "FORCE") {
    needs.materialize = !key.empty();
  } else if (option != "NONE" && upserts && !contained) {
    // Inserts alone simply overwrite each other.
    needs.materialize = !(query.insert_only() && deduplicates);
    if (sink.on_conflict.empty() && context_.config->GetBool("table.exec.sink.require-on-conflict", true)) {
      return SqlError(ErrorNumber::kUpsertKeyDiffers, {},
                      "The query has an upsert key that differs from the primary key of the sink table '" +
                          table.path.ToString() + "'. Primary key: " + Names(table.sink_schema(), key) +
                          ", upsert key: " + Describe(upsert_keys, plan->schema) +
                          ". This can lead to records of different keys overwriting each other. Specify an "
                          "ON CONFLICT clause: DO NOTHING, DO ERROR or DO DEDUPLICATE.",
                      "SET 'table.exec.sink.require-on-conflict' = 'false' restores the earlier behaviour");
    }
  }
  bool exact = std::find(upsert_keys.begin(), upsert_keys.end(), key) != upsert_keys.end();
  bool by_key = !abilities.wants_update_before && !needs.materialize && (key.empty() || exact);
  needs.need = Need(true, !(abilities.deletes_by_key && by_key));
  if (!query.has_updates()) {
    needs.need.before = false;
  } else if (by_key) {
    ASSIGN_OR_RETURN(PhysicalStream probed, Probe(plan, {false, needs.need.full_deletes}));
    needs.need.before = probed.mode.has_update_before();
  }
  return needs;
}

Status PhysicalPlanner::EnforceConstraints(const Table& table, const Schema& schema, PhysicalStream* stream) {
  const Config& config = *context_.config;
  ConstraintEnforcerSpec spec;
  spec.table = table.path.ToString();
  for (int column : table.sink_columns()) {
    const TableColumn& c = table.columns[static_cast<size_t>(column)];
    spec.names.push_back(c.name);
    spec.types.push_back(c.type);
  }
  spec.drop_nulls = EqualsIgnoreCase(config.GetString("table.exec.sink.not-null-enforcer", "ERROR"), "DROP");
  std::string nested = ToUpperAscii(config.GetString("table.exec.sink.nested-constraint-enforcer", "IGNORE"));
  if (nested == "ROWS") spec.nested = NestedScope::kRows;
  if (nested == "ROWS_AND_COLLECTIONS") spec.nested = NestedScope::kRowsAndCollections;
  std::string length = ToUpperAscii(config.GetString("table.exec.sink.type-length-enforcer", "IGNORE"));
  if (length == "TRIM_PAD") spec.length = LengthAction::kTrimPad;
  if (length == "ERROR") spec.length = LengthAction::kError;
  spec.key = WrittenKey(table);
  spec.deletes_by_key = stream->deletes_by_key;
  if (!spec.Needed()) return Status::Ok();
  stream->vertex =
      AddOperator("constraint_enforcer", "ConstraintEnforcer", spec.Serialize(), schema, *stream, nullptr);
  return Status::Ok();
}

Status PhysicalPlanner::Materialize(const PlanPtr& plan, const SinkTarget& sink, PhysicalStream* stream) {
  SinkMaterializerSpec spec;
  spec.primary_key = WrittenKey(*sink.table);
  std::vector<ColumnSet> keys = UpsertKeys(plan);
  if (!keys.empty()) spec.upsert_key = keys[0];
  spec.types = plan->schema.types();
  for (const Field& field : plan->schema.fields()) spec.names.push_back(field.name);
  spec.action = ActionOf(sink.on_conflict);
  spec.watermarks = HasWatermark(plan);
  spec.ttl_ms = StateTtl(plan);
  stream->vertex = AddOperator("sink_materializer", "SinkMaterializer", spec.Serialize(), plan->schema,
                               *stream, &spec.primary_key);
  stream->mode = ChangelogMode::Upsert();
  return Status::Ok();
}

Status PhysicalPlanner::AddTableSink(const PlanPtr& plan, const SinkTarget& sink) {
  const Table& table = *sink.table;
  ASSIGN_OR_RETURN(PhysicalStream query, Probe(plan, {true, true}));
  ASSIGN_OR_RETURN(SinkAbilities abilities, CheckChanges(table, query));
  ASSIGN_OR_RETURN(SinkNeeds needs, NeedsOfSink(plan, sink, abilities, query.mode));
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(plan, needs.need));
  RETURN_IF_ERROR(EnforceConstraints(table, plan->schema, &stream));
  modes_[stream.vertex] = stream.mode;
  if (needs.materialize) RETURN_IF_ERROR(Materialize(plan, sink, &stream));
  modes_[stream.vertex] = stream.mode;

  int before = vertex(stream.vertex).parallelism;
  ASSIGN_OR_RETURN(int parallelism, ParallelismOption(table, "sink.parallelism", before));
  ASSIGN_OR_RETURN(int id, AddSinkVertex(table, plan->schema, stream.mode, parallelism, "sink@" + lineage_));
  guarantees_[id] = abilities.guarantee;
  ColumnSet key = WrittenKey(table);
  bool by_key = parallelism != before && !stream.mode.insert_only();
  if (by_key && key.empty()) {
    return SqlError(ErrorNumber::kBadOption, {},
                    "table '" + table.path.ToString() + "' has 'sink.parallelism' = '" +
                        std::to_string(parallelism) + "', the query that updates it " +
                        std::to_string(before) + ": it needs a primary key to divide the changes by");
  }
  Connect(stream, id, 0, by_key ? &key : nullptr);
  return RouteEarly(plan, table);
}

Result<int> PhysicalPlanner::AddSinkVertex(const Table& table, const Schema& schema, ChangelogMode mode,
                                           int parallelism, const std::string& uid) {
  ASSIGN_OR_RETURN(const ConnectorDescriptor* connector, connectors_.Find(table));
  TableSpec spec = SpecOf(table);
  std::vector<int> written = table.sink_columns();
  for (int column : written) {
    const TableColumn& c = table.columns[static_cast<size_t>(column)];
    spec.columns.push_back({c.name, c.type, c.metadata_key});
  }
  for (int key : table.primary_key) {
    auto at = std::find(written.begin(), written.end(), key);
    if (at != written.end()) spec.primary_key.push_back(static_cast<int>(at - written.begin()));
  }
  spec.changelog = mode.bits();
  JobVertex made;
  made.uid = uid;
  made.name = "Sink " + table.path.object;
  made.kind = VertexKind::kSink;
  made.factory = connector->name();
  made.spec = spec.Serialize();
  made.schema = schema;
  made.parallelism = parallelism;
  return graph_.AddVertex(std::move(made)).id;
}

Result<MiniBatchSpec> PhysicalPlanner::MiniBatchOptions() const {
  MiniBatchSpec spec;
  if (!context_.config->GetBool("table.exec.mini-batch.enabled", false)) return spec;
  spec.size = context_.config->GetInt("table.exec.mini-batch.size", -1);
  spec.latency_ms = context_.config->GetDuration("table.exec.mini-batch.allow-latency", 0);
  if (spec.size <= 0 || spec.latency_ms <= 0) {
    return SqlError(ErrorNumber::kBadOption, {},
                    "table.exec.mini-batch.enabled needs 'table.exec.mini-batch.allow-latency' and "
                    "'table.exec.mini-batch.size' to be greater than 0");
  }
  return spec;
}

}  // namespace penstock::sql
