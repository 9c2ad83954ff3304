// The reach of each kind of node.
#include "sql/rerun/time_reach.h"

#include <algorithm>
#include <cstdlib>

#include "base/strings.h"
#include "sql/logical/join_analysis.h"
#include "sql/logical/window_property.h"

namespace penstock::sql {

namespace {

bool Holds(const std::vector<int>& columns, int column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

class ReachFinder {
 public:
  explicit ReachFinder(const BindContext& context) : context_(context) {}

  TimeReach Of(const PlanPtr& plan) const {
    TimeReach reach;
    // What a row is looked up in is not read over the range.
    size_t inputs = plan->As<TemporalJoinNode>() != nullptr ? 1 : plan->inputs.size();
    for (size_t i = 0; i < inputs; ++i) {
      TimeReach input = Of(plan->input(i));
      reach.ms = std::max(reach.ms, input.ms);
      if (reach.unbounded.empty()) reach.unbounded = input.unbounded;
    }
    AddOwn(plan, &reach);
    return reach;
  }

 private:
  void AddOwn(const PlanPtr& plan, TimeReach* reach) const {
    if (const auto* tvf = plan->As<WindowTvfNode>()) {
      reach->ms += tvf->window.size;
    } else if (plan->As<AggregateNode>() != nullptr) {
      if (!MatchWindowGroups(plan)) Keep(plan, "GROUP BY without a window", reach);
    } else if (const auto* join = plan->As<JoinNode>()) {
      AddJoin(plan, *join, reach);
    } else if (const auto* over = plan->As<OverNode>()) {
      AddOver(plan, *over, reach);
    } else if (const auto* sort = plan->As<SortNode>()) {
      if (sort->limit >= 0) Keep(plan, "LIMIT", reach);
    } else if (plan->As<SetOpNode>() != nullptr) {
      Keep(plan, "UNION, INTERSECT or EXCEPT of whole rows", reach);
    }
  }
  void AddJoin(const PlanPtr& plan, const JoinNode& join, TimeReach* reach) const {
    if (MatchWindowJoin(plan)) return;
    std::optional<IntervalBounds> bounds =
        join.condition
            ? MatchInterval(join.condition, plan->input(0)->schema, plan->input(1)->schema, *context_.eval)
            : std::nullopt;
    if (bounds && !bounds->proctime)
      reach->ms += std::max(std::abs(bounds->lower_ms), std::abs(bounds->upper_ms));
    else
      Keep(plan, "a regular join", reach);
  }
  void AddOver(const PlanPtr& plan, const OverNode& over, TimeReach* reach) const {
    std::optional<WindowProperty> window = DeriveWindow(plan->input());
    bool windowed = window && window->complete() && Holds(over.partition_by, window->start) &&
                    Holds(over.partition_by, window->end);
    if (windowed) return;
    bool bounded = over.has_frame && !over.rows && over.start != FrameBound::kUnboundedPreceding;
    if (bounded)
      reach->ms += over.preceding;
    else
      Keep(plan, "OVER, Top-N or deduplication over all rows of a key", reach);
  }
  // State that only a TTL bounds.
  void Keep(const PlanPtr& plan, const char* what, TimeReach* reach) const {
    int64_t ttl = context_.config->GetDuration("table.exec.state.ttl", 0);
    for (const AstHint& hint : plan->hints) {
      if (hint.name != "STATE_TTL") continue;
      for (const auto& [table, duration] : hint.options) {
        long long millis = 0;
        if (ParseDuration(duration, &millis)) ttl = std::max<int64_t>(ttl, millis);
      }
    }
    reach->ms += ttl;
    if (ttl == 0 && reach->unbounded.empty()) reach->unbounded = what;
  }

  const BindContext& context_;
};

}  // namespace

TimeReach ReachOf(const BindContext& context, const PlanPtr& plan) { return ReachFinder(context).Of(plan); }

}  // namespace penstock::sql
