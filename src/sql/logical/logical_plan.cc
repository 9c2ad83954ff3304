// Construction and text of logical plans.
#include "sql/logical/logical_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace penstock::sql {

PlanPtr MakePlan(PlanOp op, Schema schema, std::vector<PlanPtr> inputs) {
  auto node = std::make_shared<PlanNode>();
  node->op = std::move(op);
  node->schema = std::move(schema);
  node->inputs = std::move(inputs);
  return node;
}

PlanPtr MakeFilter(PlanPtr input, ExprPtr condition) {
  Schema schema = input->schema;
  return MakePlan(FilterNode{std::move(condition)}, std::move(schema), {std::move(input)});
}

PlanPtr MakeProject(PlanPtr input, std::vector<ExprPtr> exprs, std::vector<std::string> names) {
  Schema schema;
  for (size_t i = 0; i < exprs.size(); ++i) schema.Add({names[i], exprs[i]->type()});
  return MakePlan(ProjectNode{std::move(exprs)}, std::move(schema), {std::move(input)});
}

PlanPtr WithInputs(const PlanNode& node, std::vector<PlanPtr> inputs) {
  auto copy = std::make_shared<PlanNode>(node);
  copy->inputs = std::move(inputs);
  return copy;
}

std::vector<ExprPtr> IdentityExprs(const Schema& schema) {
  std::vector<ExprPtr> exprs;
  for (int i = 0; i < schema.size(); ++i) exprs.push_back(Expr::Input(i, schema[i].type));
  return exprs;
}

std::vector<int64_t> ExpandIds(const ExpandNode& node) {
  std::vector<int64_t> ids;
  for (const std::vector<bool>& set : node.sets) {
    int64_t id = 0;
    for (bool member : set) id = id << 1 | (member ? 0 : 1);
    int64_t repeated =
        std::count(node.sets.begin(), node.sets.begin() + static_cast<std::ptrdiff_t>(ids.size()), set);
    ids.push_back(id | repeated << node.keys.size());
  }
  return ids;
}

std::string WindowSpec::ToString() const {
  switch (kind) {
    case WindowKind::kTumble: return fmt::format("TUMBLE(size={} ms, offset={} ms)", size, offset);
    case WindowKind::kHop:
      return fmt::format("HOP(slide={} ms, size={} ms, offset={} ms)", slide, size, offset);
    case WindowKind::kCumulate:
      return fmt::format("CUMULATE(step={} ms, size={} ms, offset={} ms)", slide, size, offset);
    case WindowKind::kSession: return fmt::format("SESSION(gap={} ms)", size);
  }
  return "";
}

namespace {

std::string List(const std::vector<ExprPtr>& exprs) {
  std::vector<std::string> parts;
  for (const ExprPtr& expr : exprs) parts.push_back(expr->ToString());
  return "[" + Join(parts, ", ") + "]";
}

std::string List(const std::vector<int>& columns) {
  std::vector<std::string> parts;
  for (int column : columns) parts.push_back("$" + std::to_string(column));
  return "[" + Join(parts, ", ") + "]";
}

std::string KeysText(const std::vector<SortKey>& keys) {
  std::vector<std::string> parts;
  for (const SortKey& key : keys)
    parts.push_back(fmt::format("${} {}", key.column, key.descending ? "DESC" : "ASC"));
  return "[" + Join(parts, ", ") + "]";
}

const char* JoinText(JoinKind kind) {
  static const char* const kNames[] = {"inner", "left", "right", "full", "cross", "semi", "anti"};
  return kNames[static_cast<size_t>(kind)];
}

struct Describer {
  std::string operator()(const ScanNode& n) const {
    std::string fields = n.fields.empty() ? "" : fmt::format(", fields=[{}]", fmt::join(n.fields, ", "));
    return "Scan(" + n.table->path.object + fields + ")";
  }
  std::string operator()(const NormalizeNode& n) const {
    return "ChangelogNormalize(" + List(n.keys) + (n.filter ? ", " + n.filter->ToString() : "") + ")";
  }
  std::string operator()(const ValuesNode& n) const { return fmt::format("Values({} rows)", n.rows.size()); }
  std::string operator()(const ProjectNode& n) const { return "Project" + List(n.exprs); }
  std::string operator()(const FilterNode& n) const { return "Filter[" + n.condition->ToString() + "]"; }
  std::string operator()(const WatermarkNode& n) const {
    return fmt::format("Watermark(${}, {})", n.column, n.expr ? n.expr->ToString() : "SOURCE_WATERMARK()");
  }
  std::string operator()(const WindowTvfNode& n) const {
    return fmt::format("Window(${}, {})", n.time_column, n.window.ToString());
  }
  std::string operator()(const AggregateNode& n) const {
    std::vector<std::string> calls;
    for (const AggregateCall& call : n.calls) calls.push_back(call.ToString());
    return "Aggregate(by=" + List(n.groups) + ", [" + Join(calls, ", ") + "])";
  }
  std::string operator()(const ExpandNode& n) const { return fmt::format("Expand({} sets)", n.sets.size()); }
  std::string operator()(const JoinNode& n) const {
    return fmt::format("Join({}, {})", JoinText(n.kind), n.condition ? n.condition->ToString() : "TRUE");
  }
  std::string operator()(const TemporalJoinNode& n) const {
    return fmt::format("TemporalJoin({}, {}, as of {})", JoinText(n.kind),
                       n.condition ? n.condition->ToString() : "TRUE", n.time->ToString());
  }
  std::string operator()(const OverNode& n) const {
    std::vector<std::string> calls;
    for (const OverCall& call : n.calls) calls.push_back(call.function);
    return "Over(by=" + List(n.partition_by) + ", order=" + KeysText(n.order_by) + ", [" + Join(calls, ", ") +
           "])";
  }
  std::string operator()(const SortNode& n) const {
    return fmt::format("Sort({}, limit={}, offset={})", KeysText(n.keys), n.limit, n.offset);
  }
  std::string operator()(const UnionNode&) const { return "Union(all)"; }
  std::string operator()(const SetOpNode& n) const {
    static const char* const kNames[] = {"union", "intersect", "except"};
    return fmt::format("SetOp({}{})", kNames[static_cast<size_t>(n.op)], n.all ? " all" : "");
  }
  std::string operator()(const UnnestNode& n) const { return "Unnest(" + n.collection->ToString() + ")"; }
};

void Append(const PlanPtr& plan, int depth, std::string* out) {
  out->append(static_cast<size_t>(depth) * 2, ' ');
  *out += std::visit(Describer{}, plan->op) + "\n";
  for (const PlanPtr& input : plan->inputs) Append(input, depth + 1, out);
}

}  // namespace

std::string PlanToString(const PlanPtr& plan) {
  std::string text;
  Append(plan, 0, &text);
  return text;
}

}  // namespace penstock::sql
