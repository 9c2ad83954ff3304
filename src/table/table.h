// Table and View: what the catalog knows of them, resolved and checked: columns with types, computed
// expressions, watermark, primary key and options. Immutable once in the catalog; plans share it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/data_type.h"
#include "expr/expr.h"

namespace penstock {

// catalog.database.object
struct ObjectPath {
  std::string catalog, database, object;
  std::string ToString() const { return catalog + "." + database + "." + object; }
  auto operator<=>(const ObjectPath&) const = default;
};

using Options = std::map<std::string, std::string>;

struct TableColumn {
  enum class Kind : uint8_t { kPhysical, kMetadata, kComputed };
  std::string name;
  DataType type;
  Kind kind = Kind::kPhysical;
  std::string metadata_key;  // of kMetadata
  bool is_virtual = false;   // of kMetadata: cannot be written
  ExprPtr expr;              // of kComputed, over all columns of the table in declared order
  std::string expr_text;
  std::string comment;

  // Columns that are stored, and so are read from a file or written by INSERT.
  bool stored() const { return kind != Kind::kComputed; }
  bool writable() const { return kind == Kind::kPhysical || (kind == Kind::kMetadata && !is_virtual); }
};

struct WatermarkSpec {
  int column = -1;
  ExprPtr expr;              // over all columns of the table in declared order; null for SOURCE_WATERMARK()
  bool from_source = false;  // SOURCE_WATERMARK()
  std::string expr_text;
};

struct Table {
  ObjectPath path;
  std::vector<TableColumn> columns;
  std::optional<WatermarkSpec> watermark;
  std::vector<int> primary_key;  // indices of columns
  std::vector<std::string> partition_keys;
  std::string comment;
  Options options;
  bool temporary = false;

  // All columns, the watermark column with its time attribute.
  Schema schema() const;
  // Columns that INSERT writes, in order, and their indices.
  Schema sink_schema() const;
  std::vector<int> sink_columns() const;
  std::string option(const std::string& key, const std::string& fallback = "") const;
  bool has_option(const std::string& key) const { return options.contains(key); }
};
using TablePtr = std::shared_ptr<const Table>;

struct View {
  ObjectPath path;
  std::vector<std::string> columns;  // empty: those of the query
  std::string query_text;
  bool temporary = false;
};
using ViewPtr = std::shared_ptr<const View>;

}  // namespace penstock
