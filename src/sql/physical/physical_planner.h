// PhysicalPlanner: logical plans and their sinks to one JobGraph. Each node becomes an operator vertex; on
// the way down it is told whether its consumer needs -U rows, on the way up it tells which kinds of changes
// it produces (the rules of Flink's changelog inference). Exchanges are put where an operator needs its rows
// by key.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "operators/aggregation/mini_batch.h"
#include "sql/binder/binder.h"
#include "sql/logical/join_analysis.h"
#include "sql/logical/logical_plan.h"
#include "stream/job_graph.h"
#include "stream/table_spec.h"
#include "table/changelog_mode.h"
#include "table/connector_descriptor.h"

namespace penstock {
struct OverFunctions;
struct RankSpec;
}  // namespace penstock

namespace penstock {
struct PartialAggregateSpec;
}

namespace penstock::sql {

struct RankPattern;
struct WindowProperty;

// What a plan node became.
struct PhysicalStream {
  int vertex = -1;
  ChangelogMode mode = ChangelogMode::InsertOnly();
  bool bounded = true;
  bool deletes_by_key = false;  // -D rows may carry only the upsert key
};

// What a consumer needs of its input's changes. Made from a bool, -D rows must be whole: the safe way.
struct Need {
  Need(bool update_before, bool full_deletes = true)  // NOLINT: implicit by design
      : before(update_before), full_deletes(full_deletes) {}
  bool before;        // -U rows
  bool full_deletes;  // -D rows with all their columns, not only the key
};

// Where the rows of a statement go.
struct SinkTarget {
  TablePtr table;  // null: the client (SELECT)
  std::vector<AstHint> hints;
  std::string on_conflict;  // of INSERT .. ON CONFLICT
  std::string collect_id;   // of SELECT
};

class PhysicalPlanner {
 public:
  PhysicalPlanner(const BindContext& context, const ConnectorCatalog& connectors);

  // Adds a statement. REQUIRES: the plan's schema is the sink's.
  Status Add(const PlanPtr& plan, const SinkTarget& sink);
  // The job of everything added; `name` is for people.
  JobGraph Finish(const std::string& name);
  bool bounded() const { return bounded_; }
  // What 'penstock.hot-keys' does not do for this job, a line each.
  std::vector<std::string> HotKeyNotices() const;
  // Every table that is written, with what its sink promises (SinkAbilities::guarantee), in the order of the
  // plan. REQUIRES: called before Finish.
  struct SinkGuarantee {
    std::string table, guarantee;
  };
  std::vector<SinkGuarantee> SinkGuarantees() const;
  // The job so far as text for EXPLAIN: a line per vertex with its uid, parallelism and inputs, and where
  // asked for the kinds of changes it emits; sinks tell their guarantee.
  std::string Explain(bool changelog_mode) const;

 private:
  friend struct PlanVisitor;
  // What an earlier statement of the set has planned is shared, see plan_digest.h.
  Result<PhysicalStream> Plan(const PlanPtr& plan, Need need);
  Result<PhysicalStream> PlanNode(const PlanPtr& plan, Need need);
  // What Plan would give, without adding anything to the job.
  Result<PhysicalStream> Probe(const PlanPtr& plan, Need need);
  Result<PhysicalStream> ProbeAnew(const PlanPtr& plan, Need need);
  bool IsInsertOnly(const PlanPtr& plan);
  std::string ProducerOf(int vertex) const;
  Result<PhysicalStream> PlanScan(const PlanPtr& plan, const ScanNode& node, Need need);
  Result<PhysicalStream> PlanNormalize(const PlanPtr& plan, const NormalizeNode& node, Need need);
  Result<PhysicalStream> PlanValues(const PlanPtr& plan, const ValuesNode& node);
  Result<PhysicalStream> PlanCalc(const PlanPtr& input, const ExprPtr& condition,
                                  const std::vector<ExprPtr>& exprs, const Schema& schema, Need need);
  PhysicalStream AddCalc(const ExprPtr& condition, const std::vector<ExprPtr>& exprs, const Schema& schema,
                         PhysicalStream stream);
  Result<int64_t> MaxFuture(const Table& table) const;
  Result<PhysicalStream> PlanWatermark(const PlanPtr& plan, const WatermarkNode& node, Need need);
  Result<PhysicalStream> PlanAggregate(const PlanPtr& plan, const AggregateNode& node, bool need_before);
  Result<PhysicalStream> PlanWindowAggregate(const PlanPtr& plan, const AggregateNode& node);
  // Hot keys (hotkeys/): whether these aggregates are to be salted, an error where they cannot be; and the
  // first phase of it, behind which rows are parts.
  Result<bool> IsSalted(const std::vector<AggregateCall>& calls, bool retracts) const;
  // Where hot keys are to have subtasks of their own: the stream behind a watch on its keys.
  PhysicalStream Watched(const PhysicalStream& stream, const std::vector<int>* keys);
  PhysicalStream AddPartial(PartialAggregateSpec spec, const Schema& input, PhysicalStream stream);
  Result<PhysicalStream> PlanWindowTvf(const PlanPtr& plan, const WindowTvfNode& node, Need need);
  Result<PhysicalStream> PlanUnion(const PlanPtr& plan, Need need);
  Result<PhysicalStream> PlanSetOperation(const PlanPtr& plan, const SetOpNode& node);
  Result<PhysicalStream> PlanExpand(const PlanPtr& plan, const ExpandNode& node);
  // Top-N, deduplication and their windowed forms (plan_rank.cc); nullopt when the plan is none of them.
  Result<std::optional<PhysicalStream>> TryPlanRank(const PlanPtr& plan, bool need_before);
  Result<PhysicalStream> PlanTopN(const PlanPtr& plan, const RankPattern& pattern, bool number,
                                  bool need_before);
  Result<PhysicalStream> PlanWindowRank(const RankPattern& pattern, const WindowProperty& window,
                                        bool number);
  Result<PhysicalStream> AddRank(RankSpec spec, const std::optional<std::vector<int>>& row_key,
                                 const Schema& schema, PhysicalStream stream);
  Result<PhysicalStream> PlanSessionWindow(const PlanPtr& plan, const WindowTvfNode& node);
  Result<PhysicalStream> PlanOver(const PlanPtr& plan, const OverNode& node, bool need_before);
  Result<PhysicalStream> PlanOverChanges(const PlanPtr& plan, const OverNode& node, OverFunctions functions,
                                         bool need_before);
  Result<PhysicalStream> PlanSort(const PlanPtr& plan, const SortNode& node, bool need_before);
  Result<PhysicalStream> PlanFullSort(const PlanPtr& plan, const SortNode& node);
  // Batch mode (batch/): nullopt where a node becomes what it does in a stream.
  Result<std::optional<PhysicalStream>> TryPlanBatch(const PlanPtr& plan, Need need);
  Status UnboundedInBatch(const Table& table) const;
  Result<PhysicalStream> PlanBatchAggregate(const PlanPtr& plan, const AggregateNode& node);
  Result<PhysicalStream> PlanBatchSort(const PlanPtr& plan, const SortNode& node);
  Result<PhysicalStream> PlanBatchNormalize(const PlanPtr& plan, const NormalizeNode& node);
  // Rows with a greater ROW_NUMBER than `most_number` are left out (-1: none).
  Result<PhysicalStream> PlanBatchOver(const PlanPtr& plan, const OverNode& node, int64_t most_number,
                                       bool newest_first);
  Result<std::optional<PhysicalStream>> TryPlanBatchRank(const PlanPtr& plan);
  Result<PhysicalStream> PlanBatchSession(const PlanPtr& plan, const WindowTvfNode& node);
  Result<PhysicalStream> PlanBatchSetOperation(const PlanPtr& plan, const SetOpNode& node);
  Result<PhysicalStream> PlanBatchJoin(const PlanPtr& plan, const JoinNode& node);
  // A changelog as the rows that are left of it; by whole rows where there are no keys.
  PhysicalStream AddFold(const Schema& schema, const std::vector<int>& keys, PhysicalStream stream);
  // Joins (plan_join.cc, plan_join_temporal.cc).
  Result<PhysicalStream> PlanJoin(const PlanPtr& plan, const JoinNode& node, Need need);
  Result<PhysicalStream> PlanRegularJoin(const PlanPtr& plan, const JoinNode& node, Need need);
  Result<PhysicalStream> PlanIntervalJoin(const PlanPtr& plan, const JoinNode& node,
                                          const IntervalBounds& bounds);
  Result<PhysicalStream> PlanWindowJoin(const PlanPtr& plan, const JoinNode& node,
                                        const WindowJoinMatch& match);
  Result<PhysicalStream> PlanTemporalJoin(const PlanPtr& plan, const TemporalJoinNode& node, Need need);
  Result<PhysicalStream> PlanVersionedJoin(const PlanPtr& plan, const TemporalJoinNode& node, Need need);
  Result<PhysicalStream> PlanLookupJoin(const PlanPtr& plan, const TemporalJoinNode& node, Need need);
  Result<PhysicalStream> PlanUnnest(const PlanPtr& plan, const UnnestNode& node, Need need);
  // Adds an operator with two inputs, distributed by the keys of each (none: a single task).
  PhysicalStream AddJoin(const std::string& factory, const std::string& name, std::string spec,
                         const Schema& schema, const PhysicalStream& left, const std::vector<int>& left_keys,
                         const PhysicalStream& right, const std::vector<int>& right_keys);
  int64_t SideTtl(const PlanPtr& plan, const std::vector<std::string>& tables) const;
  Status AddTableSink(const PlanPtr& plan, const SinkTarget& sink);
  // What open windows hold, where penstock.early-results.<sink> asks for it (plan_early.cc). REQUIRES: `plan`
  // has been planned into `sink`.
  Status RouteEarly(const PlanPtr& plan, const Table& sink);
  // Operators between a query and its sink (plan_sink.cc).
  Result<SinkAbilities> CheckChanges(const Table& table, const PhysicalStream& query);
  struct SinkNeeds;
  Result<SinkNeeds> NeedsOfSink(const PlanPtr& plan, const SinkTarget& sink, const SinkAbilities& abilities,
                                ChangelogMode query);
  Result<int> AddSinkVertex(const Table& table, const Schema& schema, ChangelogMode mode, int parallelism,
                            const std::string& uid);
  Status EnforceConstraints(const Table& table, const Schema& schema, PhysicalStream* stream);
  Status Materialize(const PlanPtr& plan, const SinkTarget& sink, PhysicalStream* stream);
  Result<MiniBatchSpec> MiniBatchOptions() const;
  // Late and bad rows (plan_lanes.cc). Late rows of an operator go to the sink of the table that the time
  // column of their input comes from, where it has one.
  struct LateInput {
    PlanPtr plan;
    int time_column = -1;
  };
  Status RouteLate(int vertex, const std::vector<LateInput>& inputs);
  // Records that the source cannot decode, and rows that the watermark assigner does not let through.
  Status RouteBad(int vertex, const Table& table);
  Status RouteQuarantined(int vertex, const Table& table, const Schema& input);
  struct LaneSpec;
  Status AddLane(LaneSpec spec);

  // Adds an operator fed by one stream. `keys`: null for a forward edge, empty for a single task.
  int AddOperator(const std::string& factory, const std::string& name, std::string spec, const Schema& schema,
                  const PhysicalStream& input, const std::vector<int>* keys);
  void Connect(const PhysicalStream& from, int to, int input, const std::vector<int>* keys);
  // Of scan.parallelism and sink.parallelism.
  Result<int> ParallelismOption(const Table& table, const std::string& key, int fallback) const;
  JobVertex& vertex(int id) { return graph_.vertices[static_cast<size_t>(id)]; }
  std::string NewUid(const std::string& kind);
  int64_t StateTtl(const PlanPtr& plan) const;

  BindContext context_;
  const ConnectorCatalog& connectors_;
  JobGraph graph_;
  int parallelism_ = 1;
  bool batch_ = false;
  bool raw_changes_ = false;  // of batch mode: the changes of a table are wanted, not what is left of them
  bool bounded_ = true;
  std::string lineage_;          // the sink whose inputs are being planned
  std::string probed_producer_;  // of the changes of the last Probe
  // What was probed: joins ask their inputs, which ask theirs.
  struct Probed {
    PlanPtr plan;  // keeps the key's address
    PhysicalStream stream;
    std::string producer;
  };
  std::map<std::tuple<const void*, bool, bool>, Probed> probed_;  // by plan and need
  std::map<std::string, int> uid_counts_;
  std::map<const Table*, int> lane_sinks_;        // sink vertices that lanes share
  std::map<int, ChangelogMode> modes_;            // of the vertices, for EXPLAIN
  std::map<int, std::string> guarantees_;         // of the sinks, for EXPLAIN
  std::map<const Table*, PhysicalStream> scans_;  // shared by the statements of a set
  struct Planned {
    PhysicalStream stream;
    int statement = 0;
  };
  std::map<std::string, Planned> planned_;  // by digest and need
  std::map<PlanPtr, int> vertices_;         // what nodes became
  int statement_ = 0;                       // the one that is being added
};

// Options and columns of a table as its connector gets them; `columns` are left to the caller.
TableSpec SpecOf(const Table& table);

// Factory of the operator that watches keys (hotkeys/plan_hot_keys.cc).
inline constexpr const char* kHotKeyWatch = "hot_key_watch";
// Spec of the vertex that hands rows to the client.
inline constexpr const char* kCollectSink = "collect";

}  // namespace penstock::sql
