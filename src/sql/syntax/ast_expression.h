// Expressions of the syntax tree. Plain data; every node knows where it stands in the script. Operators are
// calls named by their symbol ("+", "IS NULL", "LIKE"), so that new functions need no new nodes.
#pragma once

#include <memory>
#include <optional>
#include <string>
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
  int depth = 1;  // levels of calls from here down, see NoteDepth
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

}  // namespace penstock::sql
