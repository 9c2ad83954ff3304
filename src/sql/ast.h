// The syntax tree: what the parser makes of one statement and the binder reads. Plain data; every node knows
// where it stands in the script. Operators are calls named by their symbol ("+", "IS NULL", "LIKE"), so that
// new functions need no new nodes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"
#include "data/data_type.h"
#include "data/value.h"

namespace penstock::sql {

struct AstExpr;
struct AstQuery;
using AstExprPtr = std::shared_ptr<AstExpr>;
using AstQueryPtr = std::shared_ptr<AstQuery>;

struct AstOrderItem {
  AstExprPtr expr;
  bool descending = false;
  std::optional<bool> nulls_first;  // as written
};

enum class FrameBound : unsigned char {
  kUnboundedPreceding,
  kPreceding,
  kCurrentRow,
  kFollowing,
  kUnboundedFollowing
};

struct AstWindowSpec {
  std::string name;  // of a WINDOW clause; empty for an inline one
  std::vector<AstExprPtr> partition_by;
  std::vector<AstOrderItem> order_by;
  bool has_frame = false;
  bool rows = false;  // ROWS instead of RANGE
  FrameBound start = FrameBound::kUnboundedPreceding;
  FrameBound end = FrameBound::kCurrentRow;
  AstExprPtr start_offset, end_offset;
};

enum class AstKind : unsigned char {
  kLiteral,      // value, type
  kColumn,       // path: [catalog.][db.][table.]column[.field ...]
  kStar,         // path: table of t.*, or empty
  kCall,         // name, args and their modifiers
  kCase,         // args: [operand,] when, then, ..., else; see has_operand, has_else
  kCast,         // args[0] AS type; try_cast
  kIn,           // args[0] IN args[1..] or subquery; negated
  kExists,       // subquery
  kScalarQuery,  // subquery
  kQuantified,   // args[0] name ANY|ALL subquery
  kRow,          // ROW(..) or (a, b)
  kArray,        // ARRAY[..]
  kMap,          // MAP[k, v, ..]
  kItem,         // args[0][args[1]]
  kField,        // args[0].path[0]
  kInterval,     // INTERVAL 'text' unit [TO unit2]; name = units
  kSymbol,       // a keyword used as an argument; name
  kDescriptor,   // DESCRIPTOR(path[0], ...)
  kTableArg,     // TABLE name | (query) [PARTITION BY ..] [ORDER BY ..]
  kDefault,      // DEFAULT in a call
};

struct AstExpr {
  AstKind kind = AstKind::kLiteral;
  TextPosition position;
  std::string name;
  std::vector<std::string> path;
  std::vector<AstExprPtr> args;
  Value value;
  DataType type;
  AstQueryPtr subquery;
  bool distinct = false;  // COUNT(DISTINCT x)
  bool star = false;      // COUNT(*)
  bool negated = false;
  bool has_operand = false;
  bool has_else = false;
  bool try_cast = false;
  std::vector<std::string> arg_names;      // f(a => 1): parallel to args, empty where positional
  AstExprPtr filter;                       // FILTER (WHERE ..)
  std::vector<AstOrderItem> within_order;  // WITHIN GROUP (ORDER BY ..)
  std::optional<AstWindowSpec> over;
  bool ignore_nulls = false;
  std::vector<AstExprPtr> partition_by;  // of kTableArg
  std::vector<AstOrderItem> order_by;    // of kTableArg
};

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

struct AstColumnDef {
  enum class Kind : unsigned char { kPhysical, kMetadata, kComputed };
  TextPosition position;
  Kind kind = Kind::kPhysical;
  std::string name;
  DataType type;
  AstExprPtr expr;           // of kComputed
  std::string metadata_key;  // of kMetadata; the name where none is given
  bool is_virtual = false;
  bool primary_key = false;
  std::string comment;
};

struct AstWatermark {
  TextPosition position;
  std::vector<std::string> column;
  AstExprPtr expr;
};

using AstOptions = std::vector<std::pair<std::string, std::string>>;
using AstPath = std::vector<std::string>;

struct AstLike {
  AstPath table;
  std::vector<std::pair<std::string, std::string>> features;  // ("INCLUDING", "OPTIONS")
};

struct AstCreateTable {
  bool temporary = false, if_not_exists = false, or_replace = false;
  AstPath name;
  std::vector<AstColumnDef> columns;
  std::vector<AstWatermark> watermarks;
  std::vector<std::string> primary_key;
  bool enforced = false;
  std::string comment;
  std::vector<std::string> partitioned_by;
  std::vector<std::string> distributed_by;
  AstOptions options;
  std::optional<AstLike> like;
  AstQueryPtr as_query;
};

struct AstCreateView {
  bool temporary = false, if_not_exists = false, or_replace = false;
  AstPath name;
  std::vector<std::string> columns;
  AstQueryPtr query;
  std::string query_text;
};

struct AstDrop {
  std::string what;  // "TABLE", "VIEW", "CATALOG", "DATABASE", "FUNCTION"
  bool temporary = false, if_exists = false;
  AstPath name;
};

struct AstSet {
  std::string key, value;
  bool show = false;
};
struct AstReset {
  std::string key;
};
struct AstUse {
  bool catalog = false;
  AstPath name;
};
struct AstCreateNamespace {
  bool catalog = false, if_not_exists = false;
  AstPath name;
  AstOptions options;
};
struct AstShow {
  std::string what;
  AstPath name;
};  // "TABLES", "CREATE TABLE", "COLUMNS", ...
struct AstDescribe {
  AstPath name;
};

struct AstInsert {
  TextPosition position;
  bool overwrite = false;
  AstPath table;
  std::vector<AstHint> hints;
  std::vector<std::pair<std::string, AstExprPtr>> partition;
  std::vector<std::string> columns;
  AstQueryPtr query;
  std::string on_conflict;  // "", "NOTHING", "ERROR", "DEDUPLICATE"
};

struct AstStatementSet {
  std::vector<AstInsert> inserts;
};
struct AstSelectStatement {
  AstQueryPtr query;
};

struct AstStatement;
struct AstExplain {
  std::vector<std::string> details;
  std::shared_ptr<AstStatement> statement;
};

// Valid Flink SQL that is parsed only as far as needed to say that it is not supported.
struct AstUnsupported {
  std::string what;
};

struct AstStatement {
  TextPosition position;
  std::variant<AstSelectStatement, AstInsert, AstStatementSet, AstCreateTable, AstCreateView, AstDrop, AstSet,
               AstReset, AstUse, AstCreateNamespace, AstShow, AstDescribe, AstExplain, AstUnsupported>
      body;
};

}  // namespace penstock::sql
