// Projections next to each other become one; scans read only the columns that somebody uses.
#include <algorithm>
#include <map>

#include "sql/logical/rules.h"

namespace penstock::sql {

namespace {

ExprPtr Substitute(const ExprPtr& expr, const std::vector<ExprPtr>& inner) {
  return TransformExpr(expr, [&](const ExprPtr& e) -> ExprPtr {
    return e->is_input() ? inner[static_cast<size_t>(e->index())] : nullptr;
  });
}

// Whether no expression of the inner projection would be evaluated more often, or elsewhere, than before.
bool CanMerge(const std::vector<ExprPtr>& outer, const PlanPtr& inner) {
  const auto* node = inner->As<ProjectNode>();
  if (node == nullptr || !inner->hints.empty() || inner->input()->As<OverNode>() != nullptr) return false;
  std::vector<int> uses(node->exprs.size(), 0);
  for (const ExprPtr& expr : outer) {
    VisitExpr(expr, [&](const Expr& e) {
      if (e.is_input()) ++uses[static_cast<size_t>(e.index())];
    });
  }
  for (size_t i = 0; i < uses.size(); ++i) {
    const ExprPtr& expr = node->exprs[i];
    if (expr->is_input() || expr->is_literal()) continue;
    if (!expr->deterministic() || uses[i] > 1) return false;
  }
  return true;
}

// Columns of a plan that are needed, and where each went in the plan that replaces it (-1: gone).
using Needed = std::vector<bool>;
using Mapping = std::vector<int>;

class Pruner {
 public:
  // First all plans are looked through, then each is rewritten: scans of one table read the same columns.
  void Collect(const PlanPtr& plan) { Walk(plan, All(plan)); }

  PlanPtr Rewrite(const PlanPtr& plan) {
    Mapping mapping;
    return Apply(plan, All(plan), &mapping);
  }

 private:
  static Needed All(const PlanPtr& plan) { return Needed(static_cast<size_t>(plan->schema.size()), true); }
  static void Add(const std::vector<int>& columns, Needed* needed) {
    for (int column : columns) (*needed)[static_cast<size_t>(column)] = true;
  }
  static void Add(const ExprPtr& expr, Needed* needed) {
    if (expr) Add(InputsOf(expr), needed);
  }

  // What a node needs of its only input when `needed` is needed of it; nullopt: the node is not understood,
  // and needs all.
  static std::optional<Needed> OfInput(const PlanPtr& plan, const Needed& needed) {
    if (plan->inputs.size() != 1) return std::nullopt;
    Needed below = needed;
    auto width = static_cast<size_t>(plan->input()->schema.size());
    if (const auto* node = plan->As<ProjectNode>()) {
      below.assign(width, false);
      for (size_t i = 0; i < node->exprs.size(); ++i) {
        if (needed[i]) Add(node->exprs[i], &below);
      }
      return below;
    }
    if (const auto* node = plan->As<FilterNode>()) {
      Add(node->condition, &below);
      return below;
    }
    if (const auto* node = plan->As<WatermarkNode>()) {
      below[static_cast<size_t>(node->column)] = true;
      Add(node->kept_columns, &below);
      Add(node->expr, &below);
      return below;
    }
    if (const auto* node = plan->As<NormalizeNode>()) {
      Add(node->keys, &below);
      Add(node->filter, &below);
      return below;
    }
    if (const auto* node = plan->As<WindowTvfNode>()) {
      below.resize(width);
      below[static_cast<size_t>(node->time_column)] = true;
      Add(node->window.partition_keys, &below);
      Add(node->late_columns, &below);
      return below;
    }
    return std::nullopt;
  }

  void Walk(const PlanPtr& plan, const Needed& needed) {
    if (const auto* scan = plan->As<ScanNode>()) {
      std::vector<bool>& read = read_[scan->table.get()];
      read.resize(scan->table->columns.size(), false);
      for (size_t i = 0; i < scan->columns.size(); ++i) {
        if (needed[i]) read[static_cast<size_t>(scan->columns[i])] = true;
      }
      // A row without columns is none.
      if (std::find(read.begin(), read.end(), true) == read.end() && !scan->columns.empty())
        read[static_cast<size_t>(scan->columns[0])] = true;
      return;
    }
    std::optional<Needed> below = OfInput(plan, needed);
    for (const PlanPtr& input : plan->inputs) Walk(input, below ? *below : All(input));
  }

  PlanPtr ApplyScan(const PlanPtr& plan, const ScanNode& scan, Mapping* mapping) {
    const std::vector<bool>& read = read_[scan.table.get()];
    ScanNode pruned{scan.table, {}};
    Schema schema;
    mapping->assign(scan.columns.size(), -1);
    for (size_t i = 0; i < scan.columns.size(); ++i) {
      if (!read[static_cast<size_t>(scan.columns[i])]) continue;
      (*mapping)[i] = static_cast<int>(pruned.columns.size());
      pruned.columns.push_back(scan.columns[i]);
      schema.Add(plan->schema[static_cast<int>(i)]);
    }
    return MakePlan(std::move(pruned), std::move(schema), {});
  }

  // The node over its new input; fills `mapping` for its own columns.
  static PlanPtr Over(const PlanPtr& plan, const Needed& needed, PlanPtr input, const Mapping& below,
                      Mapping* mapping) {
    auto node = std::make_shared<PlanNode>(*plan);
    auto moved = [&](int column) { return below[static_cast<size_t>(column)]; };
    *mapping = below;
    if (const auto* project = plan->As<ProjectNode>()) {
      ProjectNode changed;
      Schema schema;
      mapping->assign(project->exprs.size(), -1);
      for (size_t i = 0; i < project->exprs.size(); ++i) {
        if (!needed[i]) continue;
        (*mapping)[i] = static_cast<int>(changed.exprs.size());
        changed.exprs.push_back(RemapInputs(project->exprs[i], below));
        schema.Add(plan->schema[static_cast<int>(i)]);
      }
      node->op = std::move(changed);
      node->schema = std::move(schema);
      node->inputs = {std::move(input)};
      return node;
    }
    Schema schema;
    for (int i = 0; i < input->schema.size(); ++i) {
      auto old = std::find(below.begin(), below.end(), i);
      bool known = old != below.end();
      schema.Add(known ? plan->schema[static_cast<int>(old - below.begin())] : input->schema[i]);
    }
    if (const auto* filter = plan->As<FilterNode>()) {
      node->op = FilterNode{RemapInputs(filter->condition, below)};
    } else if (const auto* watermark = plan->As<WatermarkNode>()) {
      WatermarkNode changed = *watermark;
      changed.column = moved(watermark->column);
      for (int& column : changed.kept_columns) column = moved(column);
      if (watermark->expr) changed.expr = RemapInputs(watermark->expr, below);
      node->op = std::move(changed);
    } else if (const auto* normalize = plan->As<NormalizeNode>()) {
      NormalizeNode changed = *normalize;
      for (int& key : changed.keys) key = moved(key);
      if (normalize->filter) changed.filter = RemapInputs(normalize->filter, below);
      node->op = std::move(changed);
    } else if (const auto* window = plan->As<WindowTvfNode>()) {
      WindowTvfNode changed = *window;
      changed.time_column = moved(window->time_column);
      for (int& key : changed.window.partition_keys) key = moved(key);
      for (int& column : changed.late_columns) column = moved(column);
      node->op = std::move(changed);
      for (int i = plan->schema.size() - 3; i < plan->schema.size(); ++i) {
        mapping->push_back(schema.size());
        schema.Add(plan->schema[i]);
      }
    }
    node->schema = std::move(schema);
    node->inputs = {std::move(input)};
    return node;
  }

  PlanPtr Apply(const PlanPtr& plan, const Needed& needed, Mapping* mapping) {
    if (const auto* scan = plan->As<ScanNode>()) return ApplyScan(plan, *scan, mapping);
    if (std::optional<Needed> below = OfInput(plan, needed)) {
      Mapping input_mapping;
      PlanPtr input = Apply(plan->input(), *below, &input_mapping);
      return Over(plan, needed, std::move(input), input_mapping, mapping);
    }
    // Everything is needed: nothing below moves.
    mapping->resize(static_cast<size_t>(plan->schema.size()));
    for (size_t i = 0; i < mapping->size(); ++i) (*mapping)[i] = static_cast<int>(i);
    if (plan->inputs.empty()) return plan;
    std::vector<PlanPtr> inputs;
    for (const PlanPtr& input : plan->inputs) {
      Mapping ignored;
      inputs.push_back(Apply(input, All(input), &ignored));
    }
    return WithInputs(*plan, std::move(inputs));
  }

  std::map<const Table*, std::vector<bool>> read_;
};

}  // namespace

PlanPtr MergeProjections(const PlanPtr& plan) {
  std::vector<PlanPtr> inputs;
  bool changed = false;
  for (const PlanPtr& input : plan->inputs) {
    inputs.push_back(MergeProjections(input));
    changed = changed || inputs.back() != input;
  }
  PlanPtr merged = changed ? WithInputs(*plan, std::move(inputs)) : plan;
  const auto* outer = merged->As<ProjectNode>();
  if (outer == nullptr || !CanMerge(outer->exprs, merged->input())) return merged;
  const PlanPtr& inner = merged->input();
  ProjectNode both;
  for (const ExprPtr& expr : outer->exprs)
    both.exprs.push_back(Substitute(expr, inner->As<ProjectNode>()->exprs));
  auto copy = std::make_shared<PlanNode>(*merged);
  copy->op = std::move(both);
  copy->inputs = {inner->input()};
  return copy;
}

std::vector<PlanPtr> PruneColumns(const std::vector<PlanPtr>& plans) {
  Pruner pruner;
  for (const PlanPtr& plan : plans) pruner.Collect(plan);
  std::vector<PlanPtr> pruned;
  for (const PlanPtr& plan : plans) pruned.push_back(pruner.Rewrite(plan));
  return pruned;
}

}  // namespace penstock::sql
