// From the specs of operators to what they keep.
#include "sql/forecast/state_use.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "expr/aggregate.h"
#include "operators/calc.h"
#include "operators/changelog/set_operation.h"
#include "operators/changelog/sink_materializer.h"
#include "operators/joins/interval_join.h"
#include "operators/joins/temporal_join.h"
#include "operators/joins/window_join.h"
#include "operators/over/over_aggregate.h"
#include "operators/over/over_changes.h"
#include "operators/rank/window_rank.h"
#include "operators/windows/window_tvf.h"
#include "operators/changelog/changelog_normalize.h"
#include "operators/rank/deduplicate.h"
#include "operators/aggregation/group_aggregate.h"
#include "operators/rank/rank.h"
#include "operators/joins/regular_join.h"
#include "operators/windows/session_window.h"
#include "operators/windows/window_aggregate.h"

namespace penstock::sql {

namespace {

constexpr std::string_view kSource = "Source ";

const JobEdge* InputEdge(const JobGraph& graph, int vertex, int input) {
  for (const JobEdge& edge : graph.edges) {
    if (edge.to == vertex && edge.input == input && edge.lane == 0) return &edge;
  }
  return nullptr;
}

// A vertex and its input: columns are those of the rows that come in.
class Input {
 public:
  Input(const JobGraph& graph, int vertex, int input = 0)
      : graph_(graph), edge_(InputEdge(graph, vertex, input)) {}
  std::vector<TracedColumn> Columns(const std::vector<int>& columns,
                                    const std::vector<DataType>& types) const {
    std::vector<TracedColumn> traced;
    for (size_t i = 0; i < columns.size(); ++i) traced.push_back({types[i], Source(columns[i]), columns[i]});
    return traced;
  }
  std::vector<TracedColumn> First(const std::vector<DataType>& types) const {
    std::vector<int> columns(types.size());
    std::iota(columns.begin(), columns.end(), 0);
    return Columns(columns, types);
  }
  std::vector<TracedColumn> Of(const std::vector<int>& columns, const std::vector<DataType>& all) const {
    std::vector<TracedColumn> traced;
    for (int column : columns) traced.push_back({all[static_cast<size_t>(column)], Source(column), column});
    return traced;
  }

 private:
  SourceColumn Source(int column) const {
    return edge_ == nullptr || column < 0 ? SourceColumn{} : TraceColumn(graph_, edge_->from, column);
  }
  const JobGraph& graph_;
  const JobEdge* edge_;
};

// What a group of these aggregates takes.
struct GroupShape {
  size_t bytes = sizeof(int64_t);  // the group's rows, and fixed state
  bool mergeable = true;           // slices can be put together
  std::vector<size_t> viewed;      // aggregates that keep more
};

GroupShape ShapeOf(const std::vector<AggregateCall>& calls, bool retracts) {
  const EvalContext context;
  GroupShape shape;
  for (size_t i = 0; i < calls.size(); ++i) {
    const AggregateCall& call = calls[i];
    const AggregateFunction* function = AggregateRegistry::BuiltIn().Find(call.function);
    if (function == nullptr) continue;
    auto kernel = function->BindCall({call.arg_types, call.constants, call.type, retracts, &context});
    if (!kernel) continue;
    shape.bytes += (*kernel)->width();
    if ((*kernel)->view_count() > 0) shape.viewed.push_back(i);
    shape.mergeable =
        shape.mergeable && (*kernel)->mergeable() && !call.distinct && (*kernel)->view_count() == 0;
  }
  return shape;
}

StateUse Use(const JobVertex& vertex, const char* what, bool ordered, int64_t ttl_ms) {
  StateUse use;
  use.vertex = vertex.id;
  use.what = what;
  use.ordered = ordered;
  use.ttl_ms = ttl_ms;
  return use;
}

// A use per aggregate with DISTINCT: its values, by group and value; and one for what others keep beside.
template <typename Spec>
void AddBeside(const Spec& spec, const Input& input, const StateUse& groups, const GroupShape& shape,
               std::vector<StateUse>* uses) {
  for (const AggregateCall& call : spec.calls) {
    if (!call.distinct) continue;
    StateUse use = groups;
    use.what = "values of " + call.function + "(DISTINCT)";
    use.fixed_bytes = 0;
    use.filter = call.filter;
    use.group_columns = use.keys.size();
    std::vector<TracedColumn> values = input.Columns(call.args, call.arg_types);
    use.keys.insert(use.keys.end(), values.begin(), values.end());
    uses->push_back(std::move(use));
  }
  for (size_t i : shape.viewed) {
    StateUse use = groups;
    use.what = "values of " + spec.calls[i].function;
    use.ordered = true;
    use.keeping = Keeping::kViews;
    use.name = input.Columns(spec.calls[i].args, spec.calls[i].arg_types);
    use.call = spec.calls[i];
    use.filter = spec.calls[i].filter;
    use.retracts = spec.retracts;
    uses->push_back(std::move(use));
  }
}

Status AddGroups(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(GroupAggregateSpec spec, GroupAggregateSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  StateUse use = Use(vertex, "groups", false, spec.ttl_ms);
  use.keys = input.Columns(spec.groups, spec.group_types);
  GroupShape shape = ShapeOf(spec.calls, spec.retracts);
  use.fixed_bytes = shape.bytes;
  AddBeside(spec, input, use, shape, uses);
  uses->push_back(std::move(use));
  return Status::Ok();
}

// The windows that a vertex' input was put into, and the time they were cut by.
std::optional<WindowTvfSpec> WindowsBefore(const JobGraph& graph, int vertex, int input) {
  for (const JobEdge* edge = InputEdge(graph, vertex, input); edge != nullptr;
       edge = InputEdge(graph, edge->from, 0)) {
    const JobVertex& at = graph.vertices[static_cast<size_t>(edge->from)];
    if (at.factory != "window_tvf") continue;
    Result<WindowTvfSpec> spec = WindowTvfSpec::Parse(at.spec);
    if (!spec) return std::nullopt;
    return *spec;
  }
  return std::nullopt;
}

// A row is in as many windows as are open at once, each a namespace of its own.
bool HoldInWindows(const JobGraph& graph, const JobVertex& vertex, int input, StateUse* use) {
  std::optional<WindowTvfSpec> windows = WindowsBefore(graph, vertex.id, input);
  if (!windows) return false;
  use->slice_ms = use->held_ms = windows->window.size;
  if (windows->window.shape == WindowShape::kHop) use->step_ms = windows->window.step();
  return true;
}

Status AddWindows(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(WindowAggregateSpec spec, WindowAggregateSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  StateUse use = Use(vertex, "groups of open windows", false, 0);
  use.keys = input.Columns(spec.groups, spec.group_types);
  GroupShape shape = ShapeOf(spec.calls, spec.retracts);
  use.fixed_bytes = shape.bytes;
  use.held_ms = spec.window.size;
  use.slice_ms = spec.window.step();
  if (spec.window.shape == WindowShape::kHop && !shape.mergeable) {
    use.slice_ms = spec.window.size;
    use.step_ms = spec.window.step();
  }
  if (spec.attached) {
    // Rows of sessions come when those have ended, and leave at once.
    if (!HoldInWindows(graph, vertex, 0, &use)) return Status::Ok();
  }
  AddBeside(spec, input, use, shape, uses);
  uses->push_back(std::move(use));
  return Status::Ok();
}

Status AddDeduplicate(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(DeduplicateSpec spec, DeduplicateSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  StateUse use = Use(vertex, "rows kept", true, spec.ttl_ms);
  use.keys = input.Of(spec.rows.partition, spec.rows.types);
  bool keeps_row = spec.keep_last;  // a first row is forgotten once it is out
  use.keeping = keeps_row ? Keeping::kNewest : Keeping::kFirst;
  if (keeps_row) use.row = input.First(spec.rows.types);
  if (keeps_row) use.fixed_bytes = sizeof(int64_t);
  uses->push_back(std::move(use));
  return Status::Ok();
}

Status AddRank(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(RankSpec spec, RankSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  StateUse use = Use(vertex, "ranked rows", true, spec.ttl_ms);
  use.keys = input.Of(spec.rows.partition, spec.rows.types);
  use.row = input.First(spec.rows.types);
  use.element_bytes = sizeof(int64_t) + 9 * spec.rows.order.size();  // arrival number and sort columns
  bool all = spec.input == RankInput::kRetract || spec.last_column >= 0;
  use.keeping = all ? Keeping::kEach : Keeping::kTop;
  use.most_per_key = spec.last;
  uses->push_back(std::move(use));
  return Status::Ok();
}

Status AddJoin(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(RegularJoinSpec spec, RegularJoinSpec::Parse(vertex.spec));
  for (size_t side = 0; side < 2; ++side) {
    Input input(graph, vertex.id, static_cast<int>(side));
    const JoinSide& of = spec.join.sides[side];
    StateUse use = Use(vertex, side == 0 ? "left rows" : "right rows", true, spec.states[side].ttl_ms);
    use.input = static_cast<int>(side);
    use.keys = input.Columns(of.keys, of.key_types);
    const JoinStateSpec& state = spec.states[side];
    use.fixed_bytes = 8;  // copies and associations
    if (state.has_unique_key) use.row = input.First(of.types);
    if (!state.unique_in_join_key) {  // equal rows are counted
      use.keeping = Keeping::kDistinct;
      use.name = state.has_unique_key ? input.Of(state.unique_key, of.types) : input.First(of.types);
    }
    uses->push_back(std::move(use));
  }
  return Status::Ok();
}

Status AddSession(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(SessionWindowSpec spec, SessionWindowSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  StateUse use = Use(vertex, "rows of open sessions", true, 0);
  use.keeping = Keeping::kEach;
  use.keys = input.Of(spec.rows.partition, spec.rows.types);
  use.row = input.First(spec.rows.types);
  use.element_bytes = 2 * sizeof(int64_t);
  use.fixed_bytes = 1;
  use.gap_ms = spec.gap;
  StateUse sessions = use;
  sessions.what = "open sessions";
  sessions.per_session = true;
  sessions.row.clear();
  sessions.element_bytes = sizeof(int64_t);
  sessions.fixed_bytes = 2 * sizeof(int64_t);
  sessions.timers = true;
  uses->push_back(std::move(sessions));
  uses->push_back(std::move(use));
  return Status::Ok();
}

Status AddNormalize(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(ChangelogNormalizeSpec spec, ChangelogNormalizeSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  StateUse use = Use(vertex, "last rows", true, spec.ttl_ms);
  use.keys = input.Of(spec.keys, spec.types);
  use.row = input.First(spec.types);
  uses->push_back(std::move(use));
  return Status::Ok();
}

// Rows of one side under their keys, each with its time and arrival number.
StateUse JoinRows(const JobGraph& graph, const JobVertex& vertex, const JoinSpec& join, size_t side) {
  Input input(graph, vertex.id, static_cast<int>(side));
  const JoinSide& of = join.sides[side];
  StateUse use = Use(vertex, side == 0 ? "left rows" : "right rows", true, 0);
  use.input = static_cast<int>(side);
  use.keys = input.Columns(of.keys, of.key_types);
  use.row = input.First(of.types);
  use.element_bytes = 2 * sizeof(int64_t);
  use.fixed_bytes = 1;
  use.keeping = Keeping::kEach;
  return use;
}

// Kept as long as rows of the other side may ask for them, each key with a timer.
Status AddIntervalJoin(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(IntervalJoinSpec spec, IntervalJoinSpec::Parse(vertex.spec));
  for (size_t side = 0; side < 2; ++side) {
    StateUse use = JoinRows(graph, vertex, spec.join, side);
    int64_t reach = side == 0 ? -spec.lower_ms : spec.upper_ms;
    // The watermark that lets rows go is held back by the larger bound already where the other side lags.
    use.held_ms = std::max<int64_t>(reach + spec.min_cleanup_ms, 1);
    StateUse timers = use;
    timers.what = side == 0 ? "timers of left rows" : "timers of right rows";
    timers.row.clear();
    timers.keeping = Keeping::kNewest;
    timers.element_bytes = 1;
    timers.fixed_bytes = sizeof(int64_t);
    timers.timers = true;
    uses->push_back(std::move(use));
    uses->push_back(std::move(timers));
  }
  return Status::Ok();
}

// The last version of every key, for ever; left rows only wait for the watermark.
Status AddTemporalJoin(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(TemporalJoinSpec spec, TemporalJoinSpec::Parse(vertex.spec));
  StateUse use = JoinRows(graph, vertex, spec.join, 1);
  use.what = "versions";
  use.element_bytes = sizeof(int64_t);
  use.keeping = Keeping::kNewest;
  use.ttl_ms = spec.ttl_ms;
  uses->push_back(std::move(use));
  return Status::Ok();
}

Status AddWindowJoin(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(WindowJoinSpec spec, WindowJoinSpec::Parse(vertex.spec));
  for (size_t side = 0; side < 2; ++side) {
    StateUse use = JoinRows(graph, vertex, spec.join, side);
    use.element_bytes = sizeof(int64_t);
    use.fixed_bytes = 0;
    if (!HoldInWindows(graph, vertex, static_cast<int>(side), &use))
      return Status::Internal("windows that are not known");
    uses->push_back(std::move(use));
  }
  return Status::Ok();
}

Status AddWindowRank(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(WindowRankSpec spec, WindowRankSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  StateUse use = Use(vertex, "ranked rows of open windows", true, 0);
  use.keys = input.Of(spec.rows.partition, spec.rows.types);
  use.row = input.First(spec.rows.types);
  use.element_bytes = 2 * sizeof(int64_t) + 9 * spec.rows.order.size();
  use.keeping = Keeping::kTop;
  use.most_per_key = spec.last;
  if (!HoldInWindows(graph, vertex, 0, &use)) return Status::Internal("windows that are not known");
  uses->push_back(std::move(use));
  return Status::Ok();
}

// Aggregates of each key for ever, and the rows of bounded frames and of LAG.
Status AddOver(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(OverAggregateSpec spec, OverAggregateSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  bool bounded = spec.preceding >= 0;
  StateUse groups = Use(vertex, "keys", false, spec.ttl_ms);
  groups.keys = input.Of(spec.rows.partition, spec.rows.types);
  groups.fixed_bytes = 3 * sizeof(int64_t) + ShapeOf(spec.functions.calls, bounded).bytes;
  StateUse rows = groups;
  rows.what = "rows of frames";
  rows.ordered = true;
  rows.row = input.First(spec.rows.types);
  rows.fixed_bytes = 0;
  rows.element_bytes = 2 * sizeof(int64_t);
  rows.keeping = spec.row_frame ? Keeping::kTop : Keeping::kEach;
  rows.most_per_key = spec.preceding + 1;
  if (!spec.row_frame) {
    rows.held_ms = std::max<int64_t>(spec.preceding, 1);
  }
  for (const OverFunction& function : spec.functions.functions) {
    if (function.kind != OverFunction::Kind::kLag) continue;
    StateUse lag = groups;
    lag.what = "rows for LAG";
    lag.ordered = true;
    lag.row = rows.row;
    lag.fixed_bytes = 0;
    lag.element_bytes = 2 * sizeof(int64_t);
    lag.keeping = Keeping::kTop;
    lag.most_per_key = function.offset;
    uses->push_back(std::move(lag));
  }
  uses->push_back(std::move(groups));
  if (bounded) uses->push_back(std::move(rows));
  return Status::Ok();
}

Status AddOverChanges(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(OverChangesSpec spec, OverChangesSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  StateUse use = Use(vertex, "rows in order", true, spec.ttl_ms);
  use.keys = input.Of(spec.rows.partition, spec.rows.types);
  use.row = input.First(spec.rows.types);
  use.element_bytes = sizeof(int64_t) + 9 * spec.rows.order.size();
  use.keeping = Keeping::kEach;
  uses->push_back(std::move(use));
  return Status::Ok();
}

Status AddSetOperation(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(SetOperationSpec spec, SetOperationSpec::Parse(vertex.spec));
  StateUse use = Use(vertex, "rows counted", false, spec.ttl_ms);
  use.keys = Input(graph, vertex.id).First(spec.types);  // the right side is taken to bring the same rows
  use.fixed_bytes = 2 * sizeof(int64_t);
  uses->push_back(std::move(use));
  return Status::Ok();
}

Status AddMaterializer(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(SinkMaterializerSpec spec, SinkMaterializerSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  StateUse use = Use(vertex, "rows of primary keys", true, spec.ttl_ms);
  use.keys = input.Of(spec.primary_key, spec.types);
  use.row = input.First(spec.types);
  use.element_bytes = sizeof(int64_t);
  uses->push_back(std::move(use));
  return Status::Ok();
}

using Reader = Status (*)(const JobGraph&, const JobVertex&, std::vector<StateUse>*);
const std::map<std::string, Reader>& Readers() {
  static const auto* readers = new std::map<std::string, Reader>{{"group_aggregate", AddGroups},
                                                                 {"window_aggregate", AddWindows},
                                                                 {"deduplicate", AddDeduplicate},
                                                                 {"rank", AddRank},
                                                                 {"regular_join", AddJoin},
                                                                 {"session_window", AddSession},
                                                                 {"changelog_normalize", AddNormalize},
                                                                 {"interval_join", AddIntervalJoin},
                                                                 {"temporal_join", AddTemporalJoin},
                                                                 {"window_join", AddWindowJoin},
                                                                 {"window_rank", AddWindowRank},
                                                                 {"over_aggregate", AddOver},
                                                                 {"over_changes", AddOverChanges},
                                                                 {"set_operation", AddSetOperation},
                                                                 {"sink_materializer", AddMaterializer}};
  return *readers;
}

const char* const kOthers[] = {"sort"};

}  // namespace

std::string TableOfSource(const JobVertex& source) {
  return source.name.starts_with(kSource) ? source.name.substr(kSource.size()) : std::string();
}

SourceColumn TraceColumn(const JobGraph& graph, int vertex, int column) {
  std::string
      computed;  // the name a column has where it is computed; the table may have it as a computed column
  while (true) {
    const JobVertex& at = graph.vertices[static_cast<size_t>(vertex)];
    if (at.name.starts_with(kSource))
      return {at.name.substr(kSource.size()), computed.empty() ? at.schema[column].name : computed};
    if (at.factory == "calc" && computed.empty()) {
      Result<CalcSpec> spec = CalcSpec::Parse(at.spec);
      if (!spec || column >= static_cast<int>(spec->exprs.size())) return {};
      const ExprPtr& expr = spec->exprs[static_cast<size_t>(column)];
      if (expr->is_input()) {
        column = expr->index();
      } else {
        computed = at.schema[column].name;
      }
    } else if (at.factory != "calc" && at.factory != "watermark_assigner" &&
               at.factory != "drop_update_before" && at.factory != "changelog_normalize" &&
               at.factory != "hot_key_salt" && at.factory != "hot_key_watch") {
      if (at.factory != "window_tvf" || column >= at.schema.size() - 3) return {};
    }
    const JobEdge* edge = InputEdge(graph, vertex, 0);
    if (edge == nullptr) return {};
    vertex = edge->from;
  }
}

StateUses FindStateUses(const JobGraph& graph) {
  StateUses found;
  for (const JobVertex& vertex : graph.vertices) {
    auto reader = Readers().find(vertex.factory);
    bool other = std::find(std::begin(kOthers), std::end(kOthers), vertex.factory) != std::end(kOthers);
    if (reader != Readers().end()) other = !reader->second(graph, vertex, &found.uses).ok();
    if (other) found.others.push_back(vertex.name + " (id=" + vertex.uid + ")");
  }
  return found;
}

}  // namespace penstock::sql
