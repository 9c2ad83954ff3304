// From the specs of operators to what they keep.
#include "sql/forecast/state_use.h"

#include <algorithm>
#include <map>

#include "expr/aggregate.h"
#include "operators/calc.h"
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
    for (size_t i = 0; i < columns.size(); ++i) traced.push_back({types[i], Source(columns[i])});
    return traced;
  }
  std::vector<TracedColumn> First(const std::vector<DataType>& types) const {
    std::vector<TracedColumn> traced;
    for (size_t i = 0; i < types.size(); ++i) traced.push_back({types[i], Source(static_cast<int>(i))});
    return traced;
  }
  std::vector<TracedColumn> Of(const std::vector<int>& columns, const std::vector<DataType>& all) const {
    std::vector<TracedColumn> traced;
    for (int column : columns) traced.push_back({all[static_cast<size_t>(column)], Source(column)});
    return traced;
  }
  SourceColumn Source(int column) const {
    return edge_ == nullptr || column < 0 ? SourceColumn{} : TraceColumn(graph_, edge_->from, column);
  }

 private:
  const JobGraph& graph_;
  const JobEdge* edge_;
};

// The bytes a group of these aggregates takes, without what they keep in views.
size_t AggregateBytes(const std::vector<AggregateCall>& calls, bool retracts) {
  const EvalContext context;
  size_t bytes = sizeof(int64_t);  // the group's rows
  for (const AggregateCall& call : calls) {
    const AggregateFunction* function = AggregateRegistry::BuiltIn().Find(call.function);
    if (function == nullptr) continue;
    auto kernel = function->BindCall({call.arg_types, call.constants, call.type, retracts, &context});
    if (kernel) bytes += (*kernel)->width();
  }
  return bytes;
}

StateUse Use(const JobVertex& vertex, const char* what, bool ordered, int64_t ttl_ms) {
  StateUse use;
  use.vertex = vertex.id;
  use.what = what;
  use.ordered = ordered;
  use.ttl_ms = ttl_ms;
  return use;
}

// A use per aggregate with DISTINCT: its values, by group and value.
template <typename Spec>
void AddDistinct(const Spec& spec, const Input& input, const StateUse& groups, std::vector<StateUse>* uses) {
  for (const AggregateCall& call : spec.calls) {
    if (!call.distinct) continue;
    StateUse use = groups;
    use.what = "values of " + call.function + "(DISTINCT)";
    use.fixed_bytes = 0;
    std::vector<TracedColumn> values = input.Columns(call.args, call.arg_types);
    use.keys.insert(use.keys.end(), values.begin(), values.end());
    uses->push_back(std::move(use));
  }
}

Status AddGroups(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(GroupAggregateSpec spec, GroupAggregateSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  StateUse use = Use(vertex, "groups", false, spec.ttl_ms);
  use.keys = input.Columns(spec.groups, spec.group_types);
  use.fixed_bytes = AggregateBytes(spec.calls, spec.retracts);
  AddDistinct(spec, input, use, uses);
  uses->push_back(std::move(use));
  return Status::Ok();
}

Status AddWindows(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(WindowAggregateSpec spec, WindowAggregateSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  StateUse use = Use(vertex, "groups of open windows", false, 0);
  use.keys = input.Columns(spec.groups, spec.group_types);
  use.fixed_bytes = AggregateBytes(spec.calls, spec.retracts);
  use.held_ms = spec.window.size;
  use.slice_ms = spec.window.step();
  use.time = input.Source(spec.time_column);
  AddDistinct(spec, input, use, uses);
  uses->push_back(std::move(use));
  return Status::Ok();
}

Status AddDeduplicate(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(DeduplicateSpec spec, DeduplicateSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  StateUse use = Use(vertex, "rows kept", true, spec.ttl_ms);
  use.keys = input.Of(spec.rows.partition, spec.rows.types);
  bool keeps_row = spec.keep_last;  // a first row is forgotten once it is out
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
  use.most_per_key = spec.input == RankInput::kRetract || spec.last_column >= 0 ? -1 : spec.last;
  uses->push_back(std::move(use));
  return Status::Ok();
}

Status AddJoin(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(RegularJoinSpec spec, RegularJoinSpec::Parse(vertex.spec));
  for (size_t side = 0; side < 2; ++side) {
    Input input(graph, vertex.id, static_cast<int>(side));
    const JoinSide& of = spec.join.sides[side];
    StateUse use = Use(vertex, side == 0 ? "left rows" : "right rows", true, spec.states[side].ttl_ms);
    use.keys = input.Columns(of.keys, of.key_types);
    use.row = input.First(of.types);
    use.row_is_element = !spec.states[side].has_unique_key;
    use.fixed_bytes = 8;  // copies and associations
    use.most_per_key = spec.states[side].unique_in_join_key ? 1 : -1;
    uses->push_back(std::move(use));
  }
  return Status::Ok();
}

Status AddSession(const JobGraph& graph, const JobVertex& vertex, std::vector<StateUse>* uses) {
  ASSIGN_OR_RETURN(SessionWindowSpec spec, SessionWindowSpec::Parse(vertex.spec));
  Input input(graph, vertex.id);
  StateUse use = Use(vertex, "rows of open sessions", true, 0);
  use.most_per_key = -1;
  use.keys = input.Of(spec.rows.partition, spec.rows.types);
  use.row = input.First(spec.rows.types);
  use.element_bytes = 2 * sizeof(int64_t);
  use.fixed_bytes = 1;
  use.held_ms = spec.gap;
  use.time = input.Source(spec.time_column);
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

using Reader = Status (*)(const JobGraph&, const JobVertex&, std::vector<StateUse>*);
const std::map<std::string, Reader>& Readers() {
  static const auto* readers = new std::map<std::string, Reader>{{"group_aggregate", AddGroups},
                                                                 {"window_aggregate", AddWindows},
                                                                 {"deduplicate", AddDeduplicate},
                                                                 {"rank", AddRank},
                                                                 {"regular_join", AddJoin},
                                                                 {"session_window", AddSession},
                                                                 {"changelog_normalize", AddNormalize}};
  return *readers;
}

const char* const kOthers[] = {"interval_join", "temporal_join",  "window_join",
                               "window_rank",   "over_aggregate", "over_changes",
                               "set_operation", "sort",           "sink_materializer"};

}  // namespace

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
               at.factory != "hot_key_salt") {
      return {};
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
