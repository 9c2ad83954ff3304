// Columns followed down to the node that they come from.
#include "sql/rerun/row_place.h"

#include <algorithm>

namespace penstock::sql {

namespace {

// A column of a window function's own, or of a table with a watermark.
struct Traced {
  const PlanNode* node;
  int column;
  int own() const { return column - (node->inputs.empty() ? 0 : node->input()->schema.size()); }
  bool of_window() const { return node->As<WindowTvfNode>() != nullptr; }
};
using Trace = std::vector<Traced>;

class Tracer {
 public:
  explicit Tracer(bool through_casts) : through_casts_(through_casts) {}

  // Empty where it cannot be followed on each way.
  Trace Follow(const PlanPtr& plan, int column) const {
    if (column < 0) return {};
    if (plan->As<WatermarkNode>() != nullptr) return {{plan.get(), column}};
    if (plan->As<WindowTvfNode>() != nullptr && column >= plan->input()->schema.size())
      return {{plan.get(), column}};
    if (const auto* project = plan->As<ProjectNode>()) {
      const Expr* expr = project->exprs[static_cast<size_t>(column)].get();
      while (through_casts_ && IsTimeCast(*expr)) expr = expr->arg(0).get();
      return expr->is_input() ? Follow(plan->input(), expr->index()) : Trace();
    }
    if (const auto* aggregate = plan->As<AggregateNode>()) {
      bool group = column < static_cast<int>(aggregate->groups.size());
      return group ? Follow(plan->input(), aggregate->groups[static_cast<size_t>(column)]) : Trace();
    }
    if (plan->As<UnionNode>() != nullptr) return FollowAll(plan, column);
    return FollowInputs(plan, column);
  }

 private:
  static bool IsTimeCast(const Expr& expr) {
    return expr.kind() == ExprKind::kCast && expr.type().is_timestamp() && expr.arg(0)->type().is_timestamp();
  }
  Trace FollowAll(const PlanPtr& plan, int column) const {
    Trace all;
    for (const PlanPtr& input : plan->inputs) {
      Trace one = Follow(input, column);
      if (one.empty()) return {};
      all.insert(all.end(), one.begin(), one.end());
    }
    return all;
  }
  // Nodes that hand on the columns of their inputs, one after the other, and append their own.
  Trace FollowInputs(const PlanPtr& plan, int column) const {
    if (plan->As<SetOpNode>() != nullptr) return {};
    int width = 0;
    for (const PlanPtr& input : plan->inputs) {
      if (column - width < input->schema.size()) return Follow(input, column - width);
      width += input->schema.size();
    }
    const auto* expand = plan->As<ExpandNode>();
    auto key = static_cast<size_t>(column - width);
    bool repeated = expand != nullptr && key < expand->keys.size();
    return repeated ? Follow(plan->input(), expand->keys[key]) : Trace();
  }

  bool through_casts_;
};

// Windows of the same cut, wherever on the way.
bool SameWindow(const Trace& trace) {
  return std::all_of(trace.begin(), trace.end(), [&](const Traced& traced) {
    return traced.of_window() && traced.own() == trace[0].own() &&
           traced.node->As<WindowTvfNode>()->window == trace[0].node->As<WindowTvfNode>()->window;
  });
}

bool IsRowtime(const Trace& trace) {
  return std::all_of(trace.begin(), trace.end(), [](const Traced& traced) {
    const auto* watermark = traced.node->As<WatermarkNode>();
    return watermark != nullptr && traced.column == watermark->column;
  });
}

}  // namespace

RowPlace PlaceOf(const PlanPtr& plan) {
  RowPlace place;
  const PlanNode* window = nullptr;
  for (int i = 0; i < plan->schema.size(); ++i) {
    if (!plan->schema[i].type.is_timestamp()) continue;
    Trace trace = Tracer(true).Follow(plan, i);
    if (trace.empty()) continue;
    if (place.time < 0 && IsRowtime(trace)) place.time = i;
    if (!SameWindow(trace) || (window != nullptr && window != trace[0].node)) continue;
    window = trace[0].node;
    place.window = window->As<WindowTvfNode>()->window;
    int* column[] = {&place.start, &place.end, &place.window_time};
    if (int& at = *column[trace[0].own()]; at < 0) at = i;
  }
  bool session = place.window.kind == WindowKind::kSession;
  bool ends = place.end >= 0 || place.window_time >= 0;
  bool known = window != nullptr && (session ? place.start >= 0 && ends : place.start >= 0 || ends);
  if (known)
    place.kind = RowPlace::Kind::kWindow;
  else if (place.time >= 0)
    place.kind = RowPlace::Kind::kTime;
  return place;
}

std::vector<ColumnOrigin> OriginsOf(const PlanPtr& plan, int column) {
  std::vector<ColumnOrigin> origins;
  for (const Traced& traced : Tracer(false).Follow(plan, column)) {
    const auto* watermark = traced.node->As<WatermarkNode>();
    if (watermark == nullptr) return {};
    origins.push_back({watermark->table, traced.node->schema[traced.column].name});
  }
  return origins;
}

}  // namespace penstock::sql
