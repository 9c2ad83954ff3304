// Column pruning: from the sinks down, every node is asked only for the columns that something above it
// reads. Scans do not read the others, and operators that keep rows (joins, OVER, ORDER BY) never see them: a
// projection below them drops what only a filter needed. Nodes whose meaning hangs on whole rows (set
// operations, aggregates over them, lookups and versioned tables) are handed everything.
#include <algorithm>
#include <map>

#include "sql/logical/late_columns.h"
#include "sql/logical/rules.h"

namespace penstock::sql {

namespace {

// Columns of a plan that are needed, and where each went in the plan that replaces it (-1: gone).
using Needed = std::vector<bool>;
using Mapping = std::vector<int>;

Needed All(const PlanPtr& plan) { return Needed(static_cast<size_t>(plan->schema.size()), true); }

void Add(int column, Needed* needed) {
  if (column >= 0) (*needed)[static_cast<size_t>(column)] = true;
}
void Add(const std::vector<int>& columns, Needed* needed) {
  for (int column : columns) Add(column, needed);
}
void Add(const ExprPtr& expr, Needed* needed) {
  if (expr) Add(InputsOf(expr), needed);
}
// What is asked of a node's columns is asked of the inputs' that it hands on, which are its first.
void HandOn(const Needed& needed, Needed* below) {
  std::copy_n(needed.begin(), std::min(needed.size(), below->size()), below->begin());
}

// What a node reads of the columns of its inputs, side by side; false where it reads whole rows.
struct ReadBy {
  const PlanNode& plan;
  const Needed& needed;
  Needed* below;

  bool operator()(const ProjectNode& node) const {
    for (size_t i = 0; i < node.exprs.size(); ++i) {
      if (needed[i]) Add(node.exprs[i], below);
    }
    return true;
  }
  bool operator()(const FilterNode& node) const {
    HandOn(needed, below);
    Add(node.condition, below);
    return true;
  }
  bool operator()(const WatermarkNode& node) const {
    HandOn(needed, below);
    Add(node.column, below);
    Add(node.kept_columns, below);
    Add(node.expr, below);
    return true;
  }
  bool operator()(const NormalizeNode& node) const {
    HandOn(needed, below);
    Add(node.keys, below);
    Add(node.filter, below);
    return true;
  }
  bool operator()(const WindowTvfNode& node) const {
    HandOn(needed, below);
    Add(node.time_column, below);
    Add(node.window.partition_keys, below);
    Add(node.late_columns, below);
    return true;
  }
  bool operator()(const JoinNode& node) const {
    HandOn(needed, below);
    Add(node.condition, below);
    return true;
  }
  bool operator()(const TemporalJoinNode& node) const {
    HandOn(needed, below);
    Add(node.condition, below);
    Add(node.time, below);
    std::fill(below->begin() + plan.input(0)->schema.size(), below->end(), true);
    return true;
  }
  bool operator()(const OverNode& node) const {
    HandOn(needed, below);
    Add(node.partition_by, below);
    for (const SortKey& key : node.order_by) Add(key.column, below);
    for (const OverCall& call : node.calls) {
      Add(call.args, below);
      Add(call.filter, below);
    }
    return true;
  }
  bool operator()(const SortNode& node) const {
    HandOn(needed, below);
    for (const SortKey& key : node.keys) Add(key.column, below);
    return true;
  }
  bool operator()(const UnnestNode& node) const {
    HandOn(needed, below);
    Add(node.collection, below);
    return true;
  }
  template <typename Node>
  bool operator()(const Node&) const {
    return false;
  }
};

// Renumbers the columns that a node names.
struct Renumber {
  const Mapping& moved;

  void Column(int& column) const {
    if (column >= 0) column = moved[static_cast<size_t>(column)];
  }
  void Columns(std::vector<int>& columns) const {
    for (int& column : columns) Column(column);
  }
  void Expression(ExprPtr& expr) const {
    if (expr) expr = RemapInputs(expr, moved);
  }
  void operator()(ProjectNode& node) const {
    for (ExprPtr& expr : node.exprs) Expression(expr);
  }
  void operator()(FilterNode& node) const { Expression(node.condition); }
  void operator()(WatermarkNode& node) const {
    Column(node.column);
    Columns(node.kept_columns);
    Expression(node.expr);
  }
  void operator()(NormalizeNode& node) const {
    Columns(node.keys);
    Expression(node.filter);
  }
  void operator()(WindowTvfNode& node) const {
    Column(node.time_column);
    Columns(node.window.partition_keys);
    Columns(node.late_columns);
  }
  void operator()(JoinNode& node) const { Expression(node.condition); }
  void operator()(TemporalJoinNode& node) const {
    Expression(node.condition);
    Expression(node.time);
  }
  void operator()(OverNode& node) const {
    Columns(node.partition_by);
    for (SortKey& key : node.order_by) Column(key.column);
    for (OverCall& call : node.calls) {
      Columns(call.args);
      Column(call.filter);
    }
  }
  void operator()(SortNode& node) const {
    for (SortKey& key : node.keys) Column(key.column);
  }
  void operator()(UnnestNode& node) const { Expression(node.collection); }
  template <typename Node>
  void operator()(Node&) const {}
};

// Nodes that keep rows, or send them to other subtasks: what they do not need does not get there.
bool KeepsRows(const PlanNode& plan) {
  const auto* window = plan.As<WindowTvfNode>();
  if (window != nullptr) return window->window.kind == WindowKind::kSession;
  return plan.As<JoinNode>() != nullptr || plan.As<TemporalJoinNode>() != nullptr ||
         plan.As<OverNode>() != nullptr || plan.As<SortNode>() != nullptr;
}

// The plan without the columns that nobody needs.
PlanPtr Trim(PlanPtr plan, const Needed& needed, Mapping* mapping) {
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (size_t i = 0; i < needed.size(); ++i) {
    int& column = (*mapping)[i];
    if (!needed[i]) {
      column = -1;
      continue;
    }
    exprs.push_back(Expr::Input(column, plan->schema[column].type));
    names.push_back(plan->schema[column].name);
    column = static_cast<int>(exprs.size()) - 1;
  }
  if (static_cast<int>(exprs.size()) == plan->schema.size()) return plan;
  return MakeProject(std::move(plan), std::move(exprs), std::move(names));
}

class Pruner {
 public:
  explicit Pruner(const BindContext& context) : context_(context) {}

  // First all plans are looked through, then each is rewritten: scans of one table read the same columns.
  Status Collect(const PlanPtr& plan) { return Walk(plan, All(plan)); }

  Result<PlanPtr> Rewrite(const PlanPtr& plan) {
    Mapping mapping;
    return Apply(plan, All(plan), &mapping);
  }

 private:
  // What a node needs of each of its inputs when `needed` is needed of it.
  Result<std::vector<Needed>> OfInputs(const PlanPtr& plan, const Needed& needed) const {
    std::vector<Needed> parts;
    if (plan->As<UnionNode>() != nullptr) return std::vector<Needed>(plan->inputs.size(), needed);
    size_t width = 0;
    for (const PlanPtr& input : plan->inputs) width += static_cast<size_t>(input->schema.size());
    Needed below(width, false);
    bool whole_rows = !std::visit(ReadBy{*plan, needed, &below}, plan->op);
    if (whole_rows) below.assign(width, true);
    auto at = below.begin();
    for (const PlanPtr& input : plan->inputs) {
      auto end = at + input->schema.size();
      parts.emplace_back(at, end);
      at = end;
    }
    for (const LateSide& side : LateSidesOf(plan, *context_.eval)) {
      ASSIGN_OR_RETURN(std::vector<int> late, LateLaneColumns(context_, plan, side));
      Add(late, &parts[side.input]);
    }
    for (Needed& part : parts) {  // a row without columns is none
      if (!part.empty() && std::find(part.begin(), part.end(), true) == part.end()) part[0] = true;
    }
    return parts;
  }

  Status Walk(const PlanPtr& plan, const Needed& needed) {
    if (const auto* scan = plan->As<ScanNode>()) {
      std::vector<bool>& read = read_[scan->table.get()];
      read.resize(scan->table->columns.size(), false);
      for (size_t i = 0; i < scan->columns.size(); ++i) {
        if (needed[i]) read[static_cast<size_t>(scan->columns[i])] = true;
      }
      return Status::Ok();
    }
    ASSIGN_OR_RETURN(std::vector<Needed> below, OfInputs(plan, needed));
    for (size_t i = 0; i < below.size(); ++i) RETURN_IF_ERROR(Walk(plan->input(i), below[i]));
    return Status::Ok();
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

  // A projection computes what is needed of it.
  static PlanPtr Project(const PlanPtr& plan, const Needed& needed, PlanPtr input, const Mapping& below,
                         Mapping* mapping) {
    ProjectNode kept;
    Schema schema;
    const auto& exprs = plan->As<ProjectNode>()->exprs;
    mapping->assign(exprs.size(), -1);
    for (size_t i = 0; i < exprs.size(); ++i) {
      if (!needed[i]) continue;
      (*mapping)[i] = schema.size();
      kept.exprs.push_back(RemapInputs(exprs[i], below));
      schema.Add(plan->schema[static_cast<int>(i)]);
    }
    auto node = std::make_shared<PlanNode>(*plan);
    node->op = std::move(kept);
    node->schema = std::move(schema);
    node->inputs = {std::move(input)};
    return node;
  }

  // The node over its new inputs; what it hands on of their columns comes first, its own behind. A node that
  // reads whole rows has all it had, where it was.
  static PlanPtr Over(const PlanPtr& plan, std::vector<PlanPtr> inputs, const Mapping& below,
                      Mapping* mapping) {
    auto node = std::make_shared<PlanNode>(*plan);
    std::visit(Renumber{below}, node->op);
    Schema schema;
    mapping->assign(static_cast<size_t>(plan->schema.size()), -1);
    for (size_t i = 0; i < mapping->size(); ++i) {
      if (i < below.size() && below[i] < 0) continue;
      (*mapping)[i] = schema.size();
      schema.Add(plan->schema[static_cast<int>(i)]);
    }
    node->schema = std::move(schema);
    node->inputs = std::move(inputs);
    return node;
  }

  Result<PlanPtr> Apply(const PlanPtr& plan, const Needed& needed, Mapping* mapping) {
    if (const auto* scan = plan->As<ScanNode>()) return ApplyScan(plan, *scan, mapping);
    ASSIGN_OR_RETURN(std::vector<Needed> asked, OfInputs(plan, needed));
    bool is_union = plan->As<UnionNode>() != nullptr;
    std::vector<PlanPtr> inputs;
    Mapping below;  // of the inputs' columns side by side
    int width = 0;
    for (size_t i = 0; i < plan->inputs.size(); ++i) {
      Mapping moved;
      ASSIGN_OR_RETURN(PlanPtr input, Apply(plan->input(i), asked[i], &moved));
      if (is_union || KeepsRows(*plan)) input = Trim(std::move(input), asked[i], &moved);
      for (int column : moved) below.push_back(column < 0 ? -1 : column + width);
      width += input->schema.size();
      inputs.push_back(std::move(input));
    }
    if (plan->As<ProjectNode>() != nullptr)
      return Project(plan, needed, std::move(inputs[0]), below, mapping);
    return Over(plan, std::move(inputs), below, mapping);
  }

  const BindContext& context_;
  std::map<const Table*, std::vector<bool>> read_;
};

}  // namespace

Status PruneColumns(const BindContext& context, std::vector<PlanPtr>* plans) {
  Pruner pruner(context);
  for (const PlanPtr& plan : *plans) RETURN_IF_ERROR(pruner.Collect(plan));
  for (PlanPtr& plan : *plans) {
    ASSIGN_OR_RETURN(plan, pruner.Rewrite(plan));
  }
  return Status::Ok();
}

}  // namespace penstock::sql
