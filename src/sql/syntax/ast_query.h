// Queries of the syntax tree: SELECT with its table references and groupings, set operations, VALUES.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sql/syntax/ast_expression.h"

namespace penstock::sql {

struct AstHint {
  std::string name;  // upper case
  std::vector<std::pair<std::string, std::string>> options;
  std::vector<std::string> arguments;
};

enum class JoinKind : unsigned char { kInner, kLeft, kRight, kFull, kCross, kSemi, kAnti };

enum class TableRefKind : unsigned char { kTable, kSubquery, kJoin, kFunction, kUnnest, kMatchRecognize };

struct AstMatchRecognize;

struct AstTableRef {
  TableRefKind kind = TableRefKind::kTable;
  TextPosition position;
  std::vector<std::string> path;  // of kTable
  std::vector<AstHint> hints;
  AstExprPtr system_time;  // FOR SYSTEM_TIME AS OF
  AstQueryPtr subquery;    // of kSubquery
  AstExprPtr call;         // of kFunction: TABLE(f(..)); of kUnnest: the collection
  bool lateral = false;
  bool with_ordinality = false;
  std::string alias;
  std::vector<std::string> alias_columns;
  // of kJoin
  JoinKind join = JoinKind::kInner;
  bool natural = false;
  std::shared_ptr<AstTableRef> left, right;
  AstExprPtr condition;
  std::vector<std::string> using_columns;
  std::shared_ptr<AstMatchRecognize> match;  // of kMatchRecognize; left is its input
};
using AstTableRefPtr = std::shared_ptr<AstTableRef>;

// Parsed so that scripts fail with `unsupported` and not with a syntax error.
struct AstMatchRecognize {
  TextPosition position;
};

struct AstSelectItem {
  AstExprPtr expr;
  std::string alias;
};

enum class GroupingKind : unsigned char { kPlain, kSets, kCube, kRollup };

struct AstGrouping {
  GroupingKind kind = GroupingKind::kPlain;
  std::vector<AstExprPtr> exprs;              // of plain, CUBE and ROLLUP
  std::vector<std::vector<AstExprPtr>> sets;  // of GROUPING SETS
};

struct AstSelect {
  TextPosition position;
  bool distinct = false;
  std::vector<AstHint> hints;
  std::vector<AstSelectItem> items;
  AstTableRefPtr from;  // null: one row without columns
  AstExprPtr where;
  bool has_group_by = false;
  std::vector<AstGrouping> group_by;
  AstExprPtr having;
  AstExprPtr qualify;
  std::vector<AstWindowSpec> windows;
};

enum class SetOp : unsigned char { kUnion, kIntersect, kExcept };

struct AstCommonTable {
  std::string name;
  std::vector<std::string> columns;
  AstQueryPtr query;
};

// A query: exactly one of select, values, (left, right), or a table (TABLE t).
struct AstQuery {
  TextPosition position;
  std::vector<AstCommonTable> with;
  std::shared_ptr<AstSelect> select;
  std::vector<AstExprPtr> values;  // kRow nodes
  bool is_values = false;
  SetOp op = SetOp::kUnion;
  bool all = false;
  AstQueryPtr left, right;
  std::vector<AstOrderItem> order_by;
  AstExprPtr limit, offset;
};

}  // namespace penstock::sql
