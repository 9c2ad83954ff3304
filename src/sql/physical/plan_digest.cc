// One writer per kind of node that can be shared.
#include "sql/physical/plan_digest.h"

namespace penstock::sql {

namespace {

void WriteColumns(const std::vector<int>& columns, ByteWriter& out) {
  out.Varint(columns.size());
  for (int column : columns) out.Fixed(column);
}

// Writes a node without its inputs; false where it may not be shared.
class NodeWriter {
 public:
  explicit NodeWriter(ByteWriter& out) : out_(out) {}

  bool operator()(const ScanNode& n) {
    WriteTable(n.table);
    WriteColumns(n.columns, out_);
    return true;
  }
  bool operator()(const NormalizeNode& n) {
    WriteColumns(n.keys, out_);
    out_.Bool(n.duplicates);
    out_.Bool(n.metadata);
    return WriteExpr(n.filter);
  }
  bool operator()(const ProjectNode& n) {
    for (const ExprPtr& expr : n.exprs) {
      if (!WriteExpr(expr)) return false;
    }
    return true;
  }
  bool operator()(const FilterNode& n) { return WriteExpr(n.condition); }
  bool operator()(const WatermarkNode& n) {
    WriteTable(n.table);
    out_.Fixed(n.column);
    return WriteExpr(n.expr);
  }
  bool operator()(const WindowTvfNode& n) {
    out_.String(n.window.ToString());
    out_.Bool(n.window.proctime);
    WriteColumns(n.window.partition_keys, out_);
    WriteColumns(n.late_columns, out_);
    out_.Fixed(n.time_column);
    return true;
  }
  bool operator()(const AggregateNode& n) {
    WriteColumns(n.groups, out_);
    out_.Varint(n.calls.size());
    for (const AggregateCall& call : n.calls) call.Write(out_);
    return true;
  }
  bool operator()(const JoinNode& n) {
    out_.Fixed(n.kind);
    return WriteExpr(n.condition);
  }
  bool operator()(const UnionNode&) { return true; }
  template <typename Other>
  bool operator()(const Other&) {
    return false;
  }

 private:
  bool WriteExpr(const ExprPtr& expr) {
    out_.Bool(expr != nullptr);
    if (!expr) return true;
    if (!expr->deterministic()) return false;
    expr->Write(out_);
    return true;
  }
  void WriteTable(const TablePtr& table) { out_.Fixed(reinterpret_cast<uintptr_t>(table.get())); }

  ByteWriter& out_;
};

bool WritePlan(const PlanPtr& plan, ByteWriter& out) {
  if (!plan->hints.empty()) return false;
  out.Varint(plan->op.index());
  out.Varint(static_cast<uint64_t>(plan->schema.size()));
  for (const Field& field : plan->schema.fields()) {
    out.String(field.name);
    field.type.Write(out);
  }
  if (!std::visit(NodeWriter(out), plan->op)) return false;
  out.Varint(plan->inputs.size());
  for (const PlanPtr& input : plan->inputs) {
    if (!WritePlan(input, out)) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> PlanDigest(const PlanPtr& plan) {
  ByteWriter out;
  if (!WritePlan(plan, out)) return std::nullopt;
  return out.Take();
}

}  // namespace penstock::sql
