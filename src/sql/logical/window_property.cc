// Derivation of window columns.
#include "sql/logical/join_analysis.h"
#include "sql/logical/window_property.h"

#include <algorithm>

namespace penstock::sql {

namespace {

std::optional<WindowProperty> ThroughProject(const ProjectNode& project, const WindowProperty& in) {
  WindowProperty out = in;
  out.start = out.end = out.time = -1;
  for (size_t i = 0; i < project.exprs.size(); ++i) {
    if (!project.exprs[i]->is_input()) continue;
    int index = project.exprs[i]->index();
    if (index == in.start && out.start < 0) out.start = static_cast<int>(i);
    if (index == in.end && out.end < 0) out.end = static_cast<int>(i);
    if (index == in.time && out.time < 0) out.time = static_cast<int>(i);
  }
  if (out.start < 0 && out.end < 0) return std::nullopt;
  return out;
}

// The window columns stand again among the keys; a set without one of them breaks the window.
std::optional<WindowProperty> ThroughExpand(const PlanPtr& plan, const ExpandNode& expand) {
  std::optional<WindowProperty> in = DeriveWindow(plan->input());
  if (!in) return in;
  auto moved = [&](int column) {
    for (size_t k = 0; column >= 0 && k < expand.keys.size(); ++k) {
      bool everywhere = std::all_of(expand.sets.begin(), expand.sets.end(),
                                    [&](const std::vector<bool>& set) { return set[k]; });
      if (expand.keys[k] == column && everywhere) return plan->input()->schema.size() + static_cast<int>(k);
    }
    return -1;
  };
  WindowProperty out = *in;
  out.start = moved(in->start);
  out.end = moved(in->end);
  out.time = moved(in->time);
  return out;
}

}  // namespace

std::optional<WindowProperty> DeriveWindow(const PlanPtr& plan) {
  if (const auto* tvf = plan->As<WindowTvfNode>()) {
    int width = plan->schema.size();
    return WindowProperty{width - 3, width - 2, width - 1, tvf->window,
                          plan->input()->schema[tvf->time_column].type};
  }
  if (const auto* project = plan->As<ProjectNode>()) {
    std::optional<WindowProperty> in = DeriveWindow(plan->input());
    return in ? ThroughProject(*project, *in) : std::nullopt;
  }
  if (const auto* expand = plan->As<ExpandNode>()) return ThroughExpand(plan, *expand);
  if (plan->As<FilterNode>() != nullptr || plan->As<OverNode>() != nullptr)
    return DeriveWindow(plan->input());
  if (plan->As<AggregateNode>() != nullptr) {
    std::optional<WindowGroups> groups = MatchWindowGroups(plan);
    if (!groups) return std::nullopt;
    WindowProperty out = groups->input;
    out.start = groups->start;
    out.end = groups->end;
    out.time = groups->time;
    return out;
  }
  if (const auto* join = plan->As<JoinNode>()) {
    // Rows of a window join keep the window of a side that is never padded.
    std::optional<WindowJoinMatch> match = MatchWindowJoin(plan);
    if (!match || join->kind == JoinKind::kFull) return std::nullopt;
    if (join->kind != JoinKind::kRight) return match->left;
    WindowProperty out = match->right;
    int width = plan->input(0)->schema.size();
    for (int* column : {&out.start, &out.end, &out.time}) *column = *column < 0 ? -1 : *column + width;
    return out;
  }
  return std::nullopt;
}

namespace {

// The column of a window function's result that a column above it hands on; -1 where it does not come from
// one. *tvf is the function, null when other nodes stand between.
int TraceToWindow(const PlanPtr& plan, int column, const WindowTvfNode** tvf) {
  if ((*tvf = plan->As<WindowTvfNode>()) != nullptr) return column;
  if (plan->As<FilterNode>() != nullptr) return TraceToWindow(plan->input(), column, tvf);
  const auto* project = plan->As<ProjectNode>();
  if (project == nullptr) return -1;
  const ExprPtr& expr = project->exprs[static_cast<size_t>(column)];
  int below = TraceToWindow(plan->input(), expr->is_input() ? expr->index() : 0, tvf);
  return expr->is_input() ? below : -1;
}

// A session is a window of its partition: only groups that are the partition see whole windows.
bool GroupsAreSessions(const AggregateNode& aggregate, const PlanPtr& input, const WindowGroups& groups) {
  std::vector<int> keys;
  const WindowTvfNode* tvf = nullptr;
  for (size_t i = 0; i < aggregate.groups.size(); ++i) {
    int column = TraceToWindow(input, aggregate.groups[i], &tvf);
    auto position = static_cast<int>(i);
    if (tvf == nullptr) return true;  // the windows come from a query below
    if (position != groups.start && position != groups.end && position != groups.time) keys.push_back(column);
  }
  std::vector<int> partition = tvf->window.partition_keys;
  std::sort(keys.begin(), keys.end());
  std::sort(partition.begin(), partition.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  partition.erase(std::unique(partition.begin(), partition.end()), partition.end());
  return keys == partition;
}

}  // namespace

std::optional<WindowGroups> MatchWindowGroups(const PlanPtr& plan) {
  const auto* aggregate = plan->As<AggregateNode>();
  if (aggregate == nullptr) return std::nullopt;
  std::optional<WindowProperty> in = DeriveWindow(plan->input());
  if (!in || !in->complete()) return std::nullopt;
  WindowGroups groups{*in, -1, -1, -1};
  for (size_t i = 0; i < aggregate->groups.size(); ++i) {
    int column = aggregate->groups[i];
    if (column == in->start) groups.start = static_cast<int>(i);
    if (column == in->end) groups.end = static_cast<int>(i);
    if (column == in->time) groups.time = static_cast<int>(i);
  }
  if (groups.start < 0 || groups.end < 0) return std::nullopt;
  bool session = in->window.kind == WindowKind::kSession && !in->window.by_groups;
  if (session && !GroupsAreSessions(*aggregate, plan->input(), groups)) return std::nullopt;
  return groups;
}

}  // namespace penstock::sql
