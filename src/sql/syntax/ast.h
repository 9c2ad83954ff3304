// The syntax tree: what the parser makes of one statement and the binder reads. Statements here; queries and
// expressions in the two headers that this one includes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sql/syntax/ast_query.h"

namespace penstock::sql {

struct AstColumnDef {
  enum class Kind : unsigned char { kPhysical, kMetadata, kComputed };
  TextPosition position;
  Kind kind = Kind::kPhysical;
  std::string name;
  DataType type;
  AstExprPtr expr;           // of kComputed
  std::string expr_text;     // the same as it was written
  std::string metadata_key;  // of kMetadata; the name where none is given
  bool is_virtual = false;
  bool primary_key = false;
  std::string comment;
};

struct AstWatermark {
  TextPosition position;
  std::vector<std::string> column;
  AstExprPtr expr;
  std::string expr_text;  // as it was written
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
