// Derivation of window columns.
#include "sql/window_property.h"

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
    // Rows of a semi or anti join are rows of the left side; other window joins keep the left side's window,
    // except where that side may be padded.
    if (join->kind == JoinKind::kRight || join->kind == JoinKind::kFull) return std::nullopt;
    return DeriveWindow(plan->input(0));
  }
  return std::nullopt;
}

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
  return groups;
}

}  // namespace penstock::sql
