// LogicalPlan: a query as a tree of relational nodes, fully bound: every expression is an Expr over the
// columns of the node's inputs (left first). Rules rewrite it; the physical planner turns it into a JobGraph.
// Nodes are immutable.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "data/data_type.h"
#include "expr/aggregate.h"
#include "expr/expr.h"
#include "sql/syntax/ast.h"
#include "table/table.h"

namespace penstock::sql {

struct PlanNode;
using PlanPtr = std::shared_ptr<const PlanNode>;

// Reads the stored columns of a table; `columns` are indices into Table::columns, the node's schema in that
// order.
struct ScanNode {
  TablePtr table;
  std::vector<int> columns;
  std::vector<std::string> fields = {};  // "column.field": all that is read of ROW columns that are cut down
};

// An upsert source, or one with duplicates, as a regular changelog: the last row of each key. Rows that fail
// the filter are none. Schema as its input.
struct NormalizeNode {
  std::vector<int> keys;
  ExprPtr filter;           // null: none
  bool duplicates = false;  // the source may repeat changes: needed whatever the consumer wants
  bool metadata = false;    // metadata columns are read: likewise
};

// Constant rows.
struct ValuesNode {
  std::vector<std::vector<ExprPtr>> rows;
};

struct ProjectNode {
  std::vector<ExprPtr> exprs;
};

struct FilterNode {
  ExprPtr condition;
};

// Makes a column the rowtime and emits watermarks; schema as its input.
struct WatermarkNode {
  int column = -1;
  ExprPtr expr;                        // null for SOURCE_WATERMARK()
  TablePtr table;                      // options of emission
  std::vector<int> kept_columns = {};  // what rows that are not let through are written with
};

enum class WindowKind : uint8_t { kTumble, kHop, kCumulate, kSession };

// Shape of a window; milliseconds.
struct WindowSpec {
  WindowKind kind = WindowKind::kTumble;
  int64_t size = 0;   // TUMBLE, HOP, CUMULATE; the gap of SESSION
  int64_t slide = 0;  // of HOP; the step of CUMULATE; size for TUMBLE
  int64_t offset = 0;
  bool proctime = false;
  std::vector<int> partition_keys;  // of SESSION
  bool by_groups = false;           // of GROUP BY SESSION(..): partitioned by the other groups
  bool operator==(const WindowSpec&) const = default;
  std::string ToString() const;
};

// Appends window_start, window_end, window_time to its input.
struct WindowTvfNode {
  WindowSpec window;
  int time_column = -1;
  std::vector<int> late_columns = {};  // of the input: what late rows are written with, see late_columns.h
};

// Groups: the input's columns by index; output: groups, then one column per call.
struct AggregateNode {
  std::vector<int> groups;
  std::vector<AggregateCall> calls;
};

// Repeats each row once per grouping set with the other keys NULL; appends the set's id (a bit per key,
// BIGINT).
struct ExpandNode {
  std::vector<int> keys;
  std::vector<std::vector<bool>> sets;  // sets[s][k]: key k belongs to set s
};

// The id of each set: bit (keys - 1 - k) is 1 where key k is not in the set, so that reading it as
// GROUPING_ID of all keys is right; sets that occur again differ above these bits.
std::vector<int64_t> ExpandIds(const ExpandNode& node);

struct JoinNode {
  JoinKind kind = JoinKind::kInner;
  ExprPtr condition;  // over left ++ right; null for a cross join
  // Tables on both sides by the names hints call them.
  std::vector<std::string> left_tables = {}, right_tables = {};
};

// left JOIN right FOR SYSTEM_TIME AS OF time: versioned (rowtime) or lookup (proctime) join.
struct TemporalJoinNode {
  JoinKind kind = JoinKind::kInner;
  ExprPtr condition;
  ExprPtr time;                  // over the left input
  std::string right_table = {};  // by the name hints call it
};

// Appends one column per call of window functions that share partition, order and frame.
struct OverCall {
  std::string function;  // aggregate, ROW_NUMBER, RANK, DENSE_RANK, LAG, LEAD, ...
  std::vector<int> args;
  std::vector<DataType> arg_types;
  std::vector<Value> constants;
  int filter = -1;  // BOOLEAN column, -1 for none
  bool distinct = false;
  DataType type;
};

struct SortKey {
  int column = -1;
  bool descending = false;
  bool nulls_last = false;
  bool operator==(const SortKey&) const = default;
};

struct OverNode {
  std::vector<OverCall> calls;
  std::vector<int> partition_by;
  std::vector<SortKey> order_by;
  bool has_frame = false;
  bool rows = false;
  FrameBound start = FrameBound::kUnboundedPreceding;
  int64_t preceding = 0;  // rows, or milliseconds of RANGE
};

struct SortNode {
  std::vector<SortKey> keys;
  int64_t limit = -1;  // -1: none
  int64_t offset = 0;
};

struct UnionNode {};  // UNION ALL
struct SetOpNode {
  SetOp op = SetOp::kUnion;
  bool all = false;
};

// Rows of a collection expression, joined to the row they come from; appends element columns.
struct UnnestNode {
  ExprPtr collection;  // over the input
  bool outer = false;  // LEFT JOIN: a row without elements stays, padded
  bool ordinality = false;
};

using PlanOp = std::variant<ScanNode, ValuesNode, ProjectNode, FilterNode, WatermarkNode, WindowTvfNode,
                            AggregateNode, ExpandNode, JoinNode, TemporalJoinNode, OverNode, SortNode,
                            UnionNode, SetOpNode, UnnestNode, NormalizeNode>;

struct PlanNode {
  Schema schema;
  std::vector<PlanPtr> inputs;
  PlanOp op;
  std::vector<AstHint> hints;  // STATE_TTL, LOOKUP, ... of the query block

  template <typename T>
  const T* As() const {
    return std::get_if<T>(&op);
  }
  const PlanPtr& input(size_t i = 0) const { return inputs[i]; }
};

PlanPtr MakePlan(PlanOp op, Schema schema, std::vector<PlanPtr> inputs);
PlanPtr MakeFilter(PlanPtr input, ExprPtr condition);
PlanPtr MakeProject(PlanPtr input, std::vector<ExprPtr> exprs, std::vector<std::string> names);
// The same node over other inputs.
PlanPtr WithInputs(const PlanNode& node, std::vector<PlanPtr> inputs);
// Input(i) for every column.
std::vector<ExprPtr> IdentityExprs(const Schema& schema);

// Indented text, one node a line, for EXPLAIN and the planner goldens.
std::string PlanToString(const PlanPtr& plan);

}  // namespace penstock::sql
