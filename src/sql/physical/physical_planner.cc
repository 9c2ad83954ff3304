// One method per kind of node.
#include "sql/physical/physical_planner.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "base/strings.h"
#include "expr/aggregate_check.h"
#include "operators/calc.h"
#include "operators/aggregation/group_aggregate.h"
#include "operators/hotkeys/partial_aggregate.h"
#include "operators/values_source.h"
#include "operators/watermark_assigner.h"
#include "operators/windows/window_aggregate.h"
#include "operators/windows/window_tvf.h"
#include "sql/physical/plan_digest.h"
#include "sql/logical/window_property.h"

namespace penstock::sql {

namespace {

WindowAssigner AssignerOf(const WindowSpec& window) {
  WindowAssigner assigner;
  assigner.shape = window.kind == WindowKind::kHop        ? WindowShape::kHop
                   : window.kind == WindowKind::kCumulate ? WindowShape::kCumulate
                                                          : WindowShape::kTumble;
  assigner.size = window.size;
  assigner.slide = window.slide;
  assigner.offset = window.offset;
  return assigner;
}

}  // namespace

PhysicalPlanner::PhysicalPlanner(const BindContext& context, const ConnectorCatalog& connectors)
    : context_(context), connectors_(connectors) {
  parallelism_ =
      static_cast<int>(std::clamp<int64_t>(context.config->GetInt("parallelism.default", 1), 1, 128));
  batch_ = EqualsIgnoreCase(context.config->GetString("execution.runtime-mode"), "batch");
  graph_.max_parallelism = static_cast<int>(
      std::max<int64_t>(context.config->GetInt("pipeline.max-parallelism", 128), parallelism_));
}

std::string PhysicalPlanner::NewUid(const std::string& kind) {
  std::string base = kind + "@" + lineage_;
  int number = uid_counts_[base]++;
  return number == 0 ? base : base + "#" + std::to_string(number);
}

int64_t PhysicalPlanner::StateTtl(const PlanPtr& plan) const {
  for (const AstHint& hint : plan->hints) {
    if (hint.name != "STATE_TTL") continue;
    for (const auto& [table, duration] : hint.options) {
      long long millis = 0;
      if (ParseDuration(duration, &millis)) return millis;
    }
  }
  return context_.config->GetDuration("table.exec.state.ttl", 0);
}

void PhysicalPlanner::Connect(const PhysicalStream& from, int to, int input, const std::vector<int>* keys) {
  JobEdge edge;
  edge.from = from.vertex;
  edge.to = to;
  edge.input = input;
  if (keys == nullptr) {
    bool same = vertex(from.vertex).parallelism == vertex(to).parallelism;
    // Changes of one row must not overtake each other on two ways.
    Partitioning other = from.mode.insert_only() ? Partitioning::kRebalance : Partitioning::kSingleton;
    edge.partitioning = same ? Partitioning::kForward : other;
  } else if (keys->empty()) {
    edge.partitioning = Partitioning::kSingleton;
  } else {
    bool watched = vertex(from.vertex).factory == kHotKeyWatch;
    edge.partitioning = watched ? Partitioning::kDedicated : Partitioning::kHash;
    edge.keys = *keys;
  }
  graph_.AddEdge(std::move(edge));
}

int PhysicalPlanner::AddOperator(const std::string& factory, const std::string& name, std::string spec,
                                 const Schema& schema, const PhysicalStream& given,
                                 const std::vector<int>* keys) {
  PhysicalStream input = Watched(given, keys);
  JobVertex made;
  made.uid = NewUid(factory);
  made.name = name;
  made.factory = factory;
  made.spec = std::move(spec);
  made.schema = schema;
  made.parallelism = keys == nullptr ? vertex(input.vertex).parallelism : keys->empty() ? 1 : parallelism_;
  int id = graph_.AddVertex(std::move(made)).id;
  Connect(input, id, 0, keys);
  return id;
}

Result<int> PhysicalPlanner::ParallelismOption(const Table& table, const std::string& key,
                                               int fallback) const {
  if (!table.has_option(key)) return fallback;
  const std::string text = table.option(key);
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 ||
      value > graph_.max_parallelism) {
    return SqlError(ErrorNumber::kBadOption, {},
                    "option '" + key + "' of table '" + table.path.ToString() + "' is a number from 1 to " +
                        std::to_string(graph_.max_parallelism) + ", not '" + text + "'");
  }
  return value;
}

// The operator that makes the changes of a stream, not those that hand them on.
std::string PhysicalPlanner::ProducerOf(int id) const {
  const JobVertex& vertex = graph_.vertices[static_cast<size_t>(id)];
  bool hands_on =
      vertex.factory == "calc" || vertex.factory == "watermark_assigner" || vertex.factory == "union";
  for (const JobEdge& edge : graph_.edges) {
    if (hands_on && edge.to == id) return ProducerOf(edge.from);
  }
  return vertex.name;
}

Result<PhysicalStream> PhysicalPlanner::Probe(const PlanPtr& plan, Need need) {
  std::tuple<const void*, bool, bool> key(plan.get(), need.before, need.full_deletes);
  auto known = probed_.find(key);
  if (known == probed_.end()) {
    ASSIGN_OR_RETURN(PhysicalStream stream, ProbeAnew(plan, need));
    known = probed_.emplace(key, Probed{plan, stream, probed_producer_}).first;
  }
  probed_producer_ = known->second.producer;
  return known->second.stream;
}

bool PhysicalPlanner::IsInsertOnly(const PlanPtr& plan) {
  Result<PhysicalStream> stream = Probe(plan, Need(true));
  return stream.has_value() && stream->mode.insert_only();
}

Result<PhysicalStream> PhysicalPlanner::ProbeAnew(const PlanPtr& plan, Need need) {
  JobGraph graph = graph_;
  auto uids = uid_counts_;
  auto scans = scans_;
  auto planned = planned_;
  bool bounded = bounded_;
  auto lane_sinks = lane_sinks_;
  auto modes = modes_;
  auto guarantees = guarantees_;
  Result<PhysicalStream> stream = Plan(plan, need);
  if (stream) probed_producer_ = ProducerOf(stream->vertex);
  graph_ = std::move(graph);
  uid_counts_ = std::move(uids);
  scans_ = std::move(scans);
  planned_ = std::move(planned);
  lane_sinks_ = std::move(lane_sinks);
  modes_ = std::move(modes);
  guarantees_ = std::move(guarantees);
  bounded_ = bounded;
  return stream;
}

Result<PhysicalStream> PhysicalPlanner::Plan(const PlanPtr& plan, Need need) {
  std::optional<std::string> key = PlanDigest(plan);
  if (key) {
    key->push_back(need.before ? 'B' : '-');
    key->push_back(need.full_deletes ? 'D' : '-');
    key->push_back(raw_changes_ ? 'C' : '-');
    auto shared = planned_.find(*key);
    bool reuse = context_.config->GetBool("table.optimizer.reuse-sub-plan-enabled", true);
    // Between statements only: two readings within one keep operators of their own.
    if (reuse && shared != planned_.end() && shared->second.statement != statement_) {
      vertices_[plan] = shared->second.stream.vertex;
      return shared->second.stream;
    }
  }
  ASSIGN_OR_RETURN(PhysicalStream stream, PlanNode(plan, need));
  modes_[stream.vertex] = stream.mode;
  vertices_[plan] = stream.vertex;
  if (key) planned_.try_emplace(*key, Planned{stream, statement_});
  return stream;
}

Result<PhysicalStream> PhysicalPlanner::PlanNode(const PlanPtr& plan, Need need) {
  bool need_before = need.before;
  if (batch_) {
    ASSIGN_OR_RETURN(std::optional<PhysicalStream> made, TryPlanBatch(plan, need));
    if (made) return *made;
  }
  if (const auto* node = plan->As<ScanNode>()) return PlanScan(plan, *node, need);
  if (const auto* node = plan->As<NormalizeNode>()) return PlanNormalize(plan, *node, need);
  if (const auto* node = plan->As<ValuesNode>()) return PlanValues(plan, *node);
  if (!batch_ && (plan->As<ProjectNode>() != nullptr || plan->As<FilterNode>() != nullptr)) {
    ASSIGN_OR_RETURN(std::optional<PhysicalStream> rank, TryPlanRank(plan, need_before));
    if (rank) return *rank;
  }
  if (const auto* node = plan->As<ProjectNode>()) {
    if (const auto* filter = plan->input()->As<FilterNode>()) {
      return PlanCalc(plan->input()->input(), filter->condition, node->exprs, plan->schema, need);
    }
    return PlanCalc(plan->input(), nullptr, node->exprs, plan->schema, need);
  }
  if (const auto* node = plan->As<FilterNode>()) {
    return PlanCalc(plan->input(), node->condition, IdentityExprs(plan->schema), plan->schema, need);
  }
  if (const auto* node = plan->As<WatermarkNode>()) return PlanWatermark(plan, *node, need);
  if (const auto* node = plan->As<WindowTvfNode>()) return PlanWindowTvf(plan, *node, need);
  if (const auto* node = plan->As<AggregateNode>()) {
    if (MatchWindowGroups(plan)) return PlanWindowAggregate(plan, *node);
    return PlanAggregate(plan, *node, need_before);
  }
  if (const auto* node = plan->As<JoinNode>()) return PlanJoin(plan, *node, need);
  if (const auto* node = plan->As<TemporalJoinNode>()) return PlanTemporalJoin(plan, *node, need);
  if (plan->As<UnionNode>() != nullptr) return PlanUnion(plan, need);
  if (const auto* node = plan->As<SetOpNode>()) {
    if (node->op != SetOp::kUnion) return PlanSetOperation(plan, *node);
    // UNION is UNION ALL without doubles.
    AggregateNode distinct;
    for (int i = 0; i < plan->schema.size(); ++i) distinct.groups.push_back(i);
    PlanPtr all = MakePlan(UnionNode{}, plan->schema, plan->inputs);
    return Plan(MakePlan(distinct, plan->schema, {all}), need_before);
  }
  if (const auto* node = plan->As<ExpandNode>()) return PlanExpand(plan, *node);
  if (const auto* node = plan->As<OverNode>()) return PlanOver(plan, *node, need_before);
  if (const auto* node = plan->As<SortNode>()) return PlanSort(plan, *node, need_before);
  if (const auto* node = plan->As<UnnestNode>()) return PlanUnnest(plan, *node, need);
  return Status::Internal("no physical plan for a node");
}

Result<PhysicalStream> PhysicalPlanner::PlanValues(const PlanPtr& plan, const ValuesNode& node) {
  ValuesSourceSpec spec{plan->schema.types(), node.rows};
  JobVertex made;
  made.uid = NewUid("values_source");
  made.name = "Values";
  made.kind = VertexKind::kSource;
  made.factory = "values_source";
  made.spec = spec.Serialize();
  made.schema = plan->schema;
  made.inputs = 0;
  return PhysicalStream{graph_.AddVertex(std::move(made)).id, ChangelogMode::InsertOnly(), true, false};
}

Result<PhysicalStream> PhysicalPlanner::PlanAggregate(const PlanPtr& plan, const AggregateNode& node,
                                                      bool need_before) {
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(plan->input(), true));
  GroupAggregateSpec spec;
  spec.groups = node.groups;
  for (int group : node.groups) spec.group_types.push_back(plan->input()->schema[group].type);
  spec.calls = node.calls;
  spec.retracts = !stream.mode.insert_only();
  RETURN_IF_ERROR(CheckAggregates(spec.calls, spec.retracts));
  spec.emit_update_before = need_before;
  spec.ttl_ms = StateTtl(plan);
  ASSIGN_OR_RETURN(spec.mini_batch, MiniBatchOptions());
  std::vector<int> keys = spec.groups;
  ASSIGN_OR_RETURN(bool salted, IsSalted(spec.calls, spec.retracts));
  if (salted) {
    if (!spec.mini_batch.enabled()) {
      return SqlError(
          ErrorNumber::kInvalidPlan, {},
          "'penstock.hot-keys' = 'salt' folds the changes of an updating aggregation, as mini-batches do",
          "SET 'table.exec.mini-batch.enabled' = 'true'");
    }
    stream = AddPartial({.groups = spec.groups,
                         .group_types = spec.group_types,
                         .calls = spec.calls,
                         .retracts = spec.retracts,
                         .windowed = false,
                         .window = {},
                         .time_column = -1,
                         .local_zone = false,
                         .bundle = spec.mini_batch},
                        plan->input()->schema, stream);
    std::iota(keys.begin(), keys.end(), 0);
    spec.groups = keys;
    spec.takes_parts = true;
  }
  // With a time to live a group that stays as it is is sent again: what is below must not forget it either.
  bool updates = !node.calls.empty() || spec.ttl_ms > 0;
  ChangelogMode mode = ChangelogMode::InsertOnly();
  if (updates) mode = mode.With(RowKind::kUpdateAfter);
  if (updates && need_before) mode = mode.With(RowKind::kUpdateBefore);
  if (spec.retracts) mode = mode.With(RowKind::kDelete);
  stream.vertex =
      AddOperator("group_aggregate", "GroupAggregate", spec.Serialize(), plan->schema, stream, &keys);
  stream.mode = mode;
  stream.deletes_by_key = false;
  return stream;
}

// Where the input is a projection over the window function that only hands the window columns on, the rows
// are aggregated by slices without ever being repeated; otherwise the window columns are attached to the
// rows.
Result<PhysicalStream> PhysicalPlanner::PlanWindowAggregate(const PlanPtr& plan, const AggregateNode& node) {
  WindowGroups match = *MatchWindowGroups(plan);
  const WindowSpec& window = match.input.window;
  WindowAggregateSpec spec;
  spec.window = AssignerOf(window);
  PlanPtr input = plan->input();
  std::vector<int> key_columns;  // columns of `input`
  std::vector<AggregateCall> calls = node.calls;

  const auto* project = input->As<ProjectNode>();
  const WindowTvfNode* tvf = project != nullptr ? input->input()->As<WindowTvfNode>() : nullptr;
  bool sliced = tvf != nullptr && tvf->window.kind != WindowKind::kSession;
  std::vector<bool> is_window(static_cast<size_t>(input->schema.size()), false);
  if (sliced) {
    int first_window_column = input->input()->schema.size() - 3;
    for (size_t i = 0; i < project->exprs.size(); ++i) {
      for (int read : InputsOf(project->exprs[i])) {
        if (read < first_window_column) continue;
        is_window[i] = true;
        if (!project->exprs[i]->is_input()) sliced = false;
      }
    }
    for (const AggregateCall& call : calls) {
      for (int arg : call.args) sliced = sliced && !is_window[static_cast<size_t>(arg)];
      if (call.filter >= 0) sliced = sliced && !is_window[static_cast<size_t>(call.filter)];
    }
  }
  if (sliced) {
    const PlanPtr& source = input->input()->input();
    std::vector<ExprPtr> exprs;
    std::vector<std::string> names;
    std::vector<int> moved(is_window.size(), -1);
    for (size_t i = 0; i < project->exprs.size(); ++i) {
      if (is_window[i]) continue;
      moved[i] = static_cast<int>(exprs.size());
      exprs.push_back(project->exprs[i]);
      names.push_back(input->schema[static_cast<int>(i)].name);
    }
    spec.time_column = window.proctime ? -1 : static_cast<int>(exprs.size());
    exprs.push_back(Expr::Input(tvf->time_column, source->schema[tvf->time_column].type));
    names.push_back("$time");
    for (AggregateCall& call : calls) {
      for (int& arg : call.args) arg = moved[static_cast<size_t>(arg)];
      if (call.filter >= 0) call.filter = moved[static_cast<size_t>(call.filter)];
    }
    for (int group : node.groups) key_columns.push_back(moved[static_cast<size_t>(group)]);
    input = MakeProject(source, std::move(exprs), std::move(names));
    spec.local_zone = source->schema[tvf->time_column].type.is(TypeKind::kTimestampLtz);
  } else {
    spec.attached = true;
    spec.time_column = match.input.end;
    spec.attached_start = match.input.start;
    key_columns = node.groups;
    for (size_t i = 0; i < node.groups.size(); ++i) {
      int column = node.groups[i];
      if (column == match.input.start || column == match.input.end || column == match.input.time)
        key_columns[i] = -1;
    }
    spec.by_clock = window.proctime;
  }
  // Sessions that end together may have begun at different times: their start is a key like any other.
  bool start_is_key = window.kind == WindowKind::kSession;
  for (size_t i = 0; i < node.groups.size(); ++i) {
    WindowOutputColumn column;
    column.type = plan->schema[static_cast<int>(i)].type;
    auto position = static_cast<int>(i);
    if (node.groups[i] == match.input.start && start_is_key) key_columns[i] = match.input.start;
    if (node.groups[i] == match.input.start && !start_is_key) {
      column.kind = WindowOutputColumn::Kind::kStart;
    } else if (node.groups[i] == match.input.end) {
      column.kind = WindowOutputColumn::Kind::kEnd;
    } else if (node.groups[i] == match.input.time) {
      column.kind = WindowOutputColumn::Kind::kTime;
    } else {
      column.index = static_cast<int>(spec.groups.size());
      spec.groups.push_back(key_columns[static_cast<size_t>(position)]);
      spec.group_types.push_back(column.type);
    }
    spec.output.push_back(std::move(column));
  }
  for (size_t i = 0; i < calls.size(); ++i) {
    spec.output.push_back({WindowOutputColumn::Kind::kAggregate, static_cast<int>(i), calls[i].type});
  }
  spec.calls = calls;
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(input, true));
  spec.retracts = !stream.mode.insert_only();
  RETURN_IF_ERROR(CheckAggregates(spec.calls, spec.retracts));
  std::vector<int> keys = spec.groups;
  bool cut = !window.proctime && window.kind != WindowKind::kSession;
  ASSIGN_OR_RETURN(bool salted, IsSalted(spec.calls, spec.retracts));
  salted = salted && cut && !spec.attached;
  if (salted) {
    stream = AddPartial({.groups = spec.groups,
                         .group_types = spec.group_types,
                         .calls = spec.calls,
                         .retracts = spec.retracts,
                         .windowed = true,
                         .window = spec.window,
                         .time_column = spec.time_column,
                         .local_zone = spec.local_zone,
                         .bundle = {}},
                        input->schema, stream);
    RETURN_IF_ERROR(RouteLate(stream.vertex, {{input, spec.time_column}}));
    std::iota(keys.begin(), keys.end(), 0);
    spec.groups = keys;
    spec.time_column = static_cast<int>(keys.size());
    spec.takes_parts = true;
    cut = false;
  }
  stream.vertex = AddOperator("window_aggregate", salted ? "WindowAggregate of parts" : "WindowAggregate",
                              spec.Serialize(), plan->schema, stream, &keys);
  stream.mode = ChangelogMode::InsertOnly();
  if (cut) RETURN_IF_ERROR(RouteLate(stream.vertex, {{input, spec.time_column}}));
  return stream;
}

Result<PhysicalStream> PhysicalPlanner::PlanWindowTvf(const PlanPtr& plan, const WindowTvfNode& node,
                                                      Need need) {
  if (node.window.kind == WindowKind::kSession) return PlanSessionWindow(plan, node);
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(plan->input(), need));
  const DataType& time = plan->input()->schema[node.time_column].type;
  WindowTvfSpec spec{AssignerOf(node.window), node.window.proctime ? -1 : node.time_column,
                     time.is(TypeKind::kTimestampLtz), plan->schema[plan->schema.size() - 1].type};
  stream.vertex =
      AddOperator("window_tvf", "WindowTableFunction", spec.Serialize(), plan->schema, stream, nullptr);
  return stream;
}

Status PhysicalPlanner::Add(const PlanPtr& plan, const SinkTarget& sink) {
  ++statement_;
  lineage_ = sink.table ? sink.table->path.object : "select";
  if (int number = uid_counts_["sink@" + lineage_]++; number > 0) lineage_ += "~" + std::to_string(number);
  if (sink.table) return AddTableSink(plan, sink);
  ASSIGN_OR_RETURN(PhysicalStream stream, Plan(plan, true));
  JobVertex made;
  made.uid = "sink@" + lineage_;
  made.name = "Collect";
  made.kind = VertexKind::kSink;
  made.factory = kCollectSink;
  made.spec = sink.collect_id;
  made.schema = plan->schema;
  int id = graph_.AddVertex(std::move(made)).id;
  std::vector<int> single;
  Connect(stream, id, 0, vertex(stream.vertex).parallelism == 1 ? nullptr : &single);
  return Status::Ok();
}

JobGraph PhysicalPlanner::Finish(const std::string& name) {
  graph_.name = name;
  return std::move(graph_);
}

}  // namespace penstock::sql
