// CREATE TABLE: columns and their expressions, the watermark, the primary key, LIKE.
#include <algorithm>

#include "base/strings.h"
#include "expr/type_rules.h"
#include "sql/binder/statement_binder.h"

namespace penstock::sql {

namespace {

int FindColumn(const Table& table, const std::string& name) {
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

// What LIKE takes over: per feature INCLUDING, EXCLUDING or OVERWRITING.
struct LikePolicy {
  std::map<std::string, std::string> features;
  bool Includes(const std::string& feature) const { return Get(feature) != "EXCLUDING"; }
  std::string Get(const std::string& feature) const {
    if (auto it = features.find(feature); it != features.end()) return it->second;
    if (auto it = features.find("ALL"); it != features.end()) return it->second;
    return feature == "OPTIONS" ? "OVERWRITING" : "INCLUDING";
  }
};

Status ApplyLike(const BindContext& context, const AstLike& like, Table* table) {
  ASSIGN_OR_RETURN(ObjectPath path, context.catalog->Resolve(like.table));
  TablePtr base = context.catalog->FindTable(path);
  if (!base)
    return SqlError(ErrorNumber::kUnknownTable, {},
                    "Source table '" + path.ToString() + "' of the LIKE clause not found");
  LikePolicy policy;
  for (const auto& [strategy, feature] : like.features) policy.features[feature] = strategy;
  for (const TableColumn& column : base->columns) {
    if (column.kind == TableColumn::Kind::kComputed && !policy.Includes("GENERATED")) continue;
    if (column.kind == TableColumn::Kind::kMetadata && !policy.Includes("METADATA")) continue;
    table->columns.push_back(column);
  }
  if (policy.Includes("WATERMARKS")) table->watermark = base->watermark;
  if (policy.Includes("CONSTRAINTS")) table->primary_key = base->primary_key;
  if (policy.Includes("PARTITIONS")) table->partition_keys = base->partition_keys;
  if (policy.Includes("OPTIONS")) table->options = base->options;
  return Status::Ok();
}

Status AddColumns(const BindContext& context, const AstCreateTable& ast, Table* table) {
  // Stored columns first: computed ones may use columns declared after them.
  std::vector<std::pair<size_t, const AstColumnDef*>> computed;
  for (const AstColumnDef& def : ast.columns) {
    if (FindColumn(*table, def.name) >= 0) {
      return SqlError(ErrorNumber::kDuplicateName, def.position,
                      "A column named '" + def.name + "' already exists in the table");
    }
    TableColumn column;
    column.name = def.name;
    column.type = def.type;
    column.comment = def.comment;
    column.is_virtual = def.is_virtual;
    column.metadata_key = def.metadata_key;
    if (def.kind == AstColumnDef::Kind::kMetadata) column.kind = TableColumn::Kind::kMetadata;
    if (def.kind == AstColumnDef::Kind::kComputed) {
      column.kind = TableColumn::Kind::kComputed;
      computed.emplace_back(table->columns.size(), &def);
    }
    if (def.kind != AstColumnDef::Kind::kComputed && def.type.is(TypeKind::kNull)) {
      return SqlError(ErrorNumber::kUnknownType, def.position, "a column cannot have the type NULL");
    }
    table->columns.push_back(std::move(column));
  }
  // Computed columns see stored columns and each other in order of dependence is not needed: Flink allows
  // only stored ones.
  Scope scope;
  for (const TableColumn& column : table->columns) {
    bool visible = column.stored();
    scope.columns.push_back({table->path.object, column.name, column.type, !visible});
  }
  for (auto& [index, def] : computed) {
    ASSIGN_OR_RETURN(ExprPtr expr, BindExpression(context, def->expr, scope));
    table->columns[index].expr = expr;
    table->columns[index].type = expr->type();
    table->columns[index].expr_text = def->expr_text;
  }
  return Status::Ok();
}

Status AddWatermark(const BindContext& context, const AstWatermark& ast, Table* table) {
  WatermarkSpec watermark;
  if (ast.column.size() != 1) {
    return SqlError(ErrorNumber::kUnsupported, ast.position, "a watermark on a nested field is not supported",
                    "declare a computed column for the field");
  }
  watermark.column = FindColumn(*table, ast.column[0]);
  if (watermark.column < 0) {
    return SqlError(ErrorNumber::kUnknownColumn, ast.position,
                    "The rowtime attribute field '" + ast.column[0] + "' is not defined in the table schema");
  }
  TableColumn& rowtime = table->columns[static_cast<size_t>(watermark.column)];
  if (!rowtime.type.is_timestamp() || rowtime.type.precision() > 3) {
    return SqlError(
        ErrorNumber::kBadWatermark, ast.position,
        "Invalid data type of time field for watermark definition. The field must be of type TIMESTAMP(p) or "
        "TIMESTAMP_LTZ(p), the supported precision 'p' is from 0 to 3, but the time field type is " +
            rowtime.type.ToString());
  }
  if (ast.expr->kind == AstKind::kCall && ast.expr->name == "SOURCE_WATERMARK" && ast.expr->args.empty()) {
    watermark.from_source = true;
    watermark.expr_text = "SOURCE_WATERMARK()";
  } else {
    Scope scope;
    for (const TableColumn& column : table->columns)
      scope.columns.push_back({table->path.object, column.name, column.type, false});
    ASSIGN_OR_RETURN(watermark.expr, BindExpression(context, ast.expr, scope));
    if (!watermark.expr->type().is_timestamp()) {
      return SqlError(
          ErrorNumber::kBadWatermark, ast.position,
          "Invalid data type of expression for watermark definition: " + watermark.expr->type().ToString());
    }
    watermark.expr_text = ast.expr_text;
  }
  table->watermark = std::move(watermark);
  return Status::Ok();
}

Status AddPrimaryKey(const AstCreateTable& ast, Table* table) {
  std::vector<std::string> names = ast.primary_key;
  for (const AstColumnDef& def : ast.columns) {
    if (def.primary_key) names.push_back(def.name);
  }
  if (names.empty()) return Status::Ok();
  if (ast.enforced) {
    return SqlError(ErrorNumber::kBadOption, {},
                    "Flink doesn't support ENFORCED mode for PRIMARY KEY constraint",
                    "write PRIMARY KEY (...) NOT ENFORCED");
  }
  table->primary_key.clear();
  for (const std::string& name : names) {
    int column = FindColumn(*table, name);
    if (column < 0)
      return SqlError(ErrorNumber::kUnknownColumn, {},
                      "Primary key column '" + name + "' is not defined in the schema");
    TableColumn& c = table->columns[static_cast<size_t>(column)];
    if (c.kind != TableColumn::Kind::kPhysical) {
      return SqlError(
          ErrorNumber::kUnknownColumn, {},
          "Could not create a PRIMARY KEY with column '" + name + "': it is not a physical column");
    }
    c.type = c.type.NotNull();
    table->primary_key.push_back(column);
  }
  return Status::Ok();
}

}  // namespace

Result<TablePtr> BindCreateTable(const BindContext& context, const AstCreateTable& ast) {
  if (ast.as_query) return SqlError(ErrorNumber::kUnsupported, {}, "CREATE TABLE AS is not supported");
  auto table = std::make_shared<Table>();
  ASSIGN_OR_RETURN(table->path, context.catalog->Resolve(ast.name));
  table->temporary = ast.temporary;
  table->comment = ast.comment;
  if (ast.like) RETURN_IF_ERROR(ApplyLike(context, *ast.like, table.get()));
  RETURN_IF_ERROR(AddColumns(context, ast, table.get()));
  RETURN_IF_ERROR(AddPrimaryKey(ast, table.get()));
  if (ast.watermarks.size() > 1) {
    return SqlError(ErrorNumber::kBadWatermark, ast.watermarks[1].position,
                    "Multiple WATERMARK declarations are not supported");
  }
  for (const AstWatermark& watermark : ast.watermarks)
    RETURN_IF_ERROR(AddWatermark(context, watermark, table.get()));
  if (!ast.partitioned_by.empty()) table->partition_keys = ast.partitioned_by;
  for (const std::string& key : table->partition_keys) {
    if (FindColumn(*table, key) < 0)
      return SqlError(ErrorNumber::kUnknownColumn, {},
                      "Partition column '" + key + "' not defined in the table schema");
  }
  for (const auto& [key, value] : ast.options) table->options[key] = value;
  if (table->columns.empty())
    return SqlError(ErrorNumber::kColumnCount, {}, "a table needs at least one column");
  return TablePtr(table);
}

namespace {

// Literal of a PARTITION clause.
Result<ExprPtr> PartitionValue(const BindContext& context, const AstExprPtr& ast, const DataType& type) {
  Scope none;
  ASSIGN_OR_RETURN(ExprPtr value, BindExpression(context, ast, none));
  return value->type().SameAs(type) ? value : Expr::Cast(value, type);
}

}  // namespace

Result<BoundInsert> BindInsert(const BindContext& context, const AstInsert& insert) {
  Result<ObjectPath> path = context.catalog->Resolve(insert.table);
  if (!path) return Status(path.error()).At(insert.position);
  TablePtr table = context.catalog->FindTable(*path);
  if (!table) {
    std::string near = NearestName(insert.table.back(), context.catalog->Tables());
    return SqlError(ErrorNumber::kUnknownTable, insert.position,
                    "Cannot find table '" + path->ToString() + "'",
                    near.empty() ? "" : "did you mean '" + near + "'?");
  }
  if (insert.overwrite)
    return SqlError(ErrorNumber::kUnsupported, insert.position,
                    "INSERT OVERWRITE is not supported in streaming");
  for (const AstHint& hint : insert.hints) {
    if (hint.name != "OPTIONS") continue;
    auto changed = std::make_shared<Table>(*table);
    for (const auto& [key, value] : hint.options) changed->options[key] = value;
    table = changed;
  }
  ASSIGN_OR_RETURN(PlanPtr query, BindQuery(context, insert.query));
  Schema target = table->sink_schema();
  // Which column of the query each sink column takes; -1: NULL or a partition value.
  std::vector<int> source(static_cast<size_t>(target.size()), -1);
  std::vector<ExprPtr> fixed(static_cast<size_t>(target.size()));
  for (const auto& [name, ast] : insert.partition) {
    int column = target.Find(name);
    if (column < 0)
      return SqlError(ErrorNumber::kUnknownColumn, insert.position,
                      "partition column '" + name + "' not found");
    ASSIGN_OR_RETURN(fixed[static_cast<size_t>(column)], PartitionValue(context, ast, target[column].type));
  }
  int given = 0;
  if (!insert.columns.empty()) {
    for (const std::string& name : insert.columns) {
      int column = target.Find(name);
      if (column < 0)
        return SqlError(ErrorNumber::kUnknownColumn, insert.position, "Unknown target column '" + name + "'");
      if (source[static_cast<size_t>(column)] >= 0) {
        return SqlError(ErrorNumber::kDuplicateName, insert.position,
                        "Target column '" + name + "' is assigned more than once");
      }
      source[static_cast<size_t>(column)] = given++;
    }
  } else {
    for (int i = 0; i < target.size(); ++i) {
      if (!fixed[static_cast<size_t>(i)]) source[static_cast<size_t>(i)] = given++;
    }
  }
  if (given != query->schema.size()) {
    return SqlError(ErrorNumber::kColumnCount, insert.position,
                    "Column types of query result and sink for '" + path->ToString() +
                        "' do not match. Cause: Different number of columns. "
                        "Query schema: [" +
                        query->schema.ToString() + "] Sink schema: [" + target.ToString() + "]");
  }
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (int i = 0; i < target.size(); ++i) {
    auto at = static_cast<size_t>(i);
    const DataType& type = target[i].type;
    names.push_back(target[i].name);
    if (fixed[at]) {
      exprs.push_back(fixed[at]);
    } else if (source[at] < 0) {
      if (!type.nullable()) {
        return SqlError(ErrorNumber::kColumnCount, insert.position,
                        "Column '" + target[i].name + "' has no default value and does not allow NULLs");
      }
      exprs.push_back(Expr::NullOf(type));
    } else {
      ExprPtr value = Expr::Input(source[at], query->schema[source[at]].type);
      ASSIGN_OR_RETURN(ExprPtr cast,
                       ImplicitCast(value, type, insert.position,
                                    "Column types of query result and sink for '" + path->ToString() +
                                        "' do not match. Cause: Incompatible types for sink column '" +
                                        target[i].name + "'"));
      exprs.push_back(std::move(cast));
    }
  }
  bool identity = true;
  for (int i = 0; i < target.size(); ++i) {
    const ExprPtr& expr = exprs[static_cast<size_t>(i)];
    identity = identity && expr->is_input() && expr->index() == i;
  }
  identity = identity && target.size() == query->schema.size();
  BoundInsert bound;
  bound.plan = identity ? query : MakeProject(query, std::move(exprs), std::move(names));
  bound.sink = {table, insert.hints, insert.on_conflict, ""};
  return bound;
}

std::string CreateTableText(const Table& table) {
  std::vector<std::string> lines;
  for (const TableColumn& column : table.columns) {
    std::string line = "  " + QuoteIdentifier(column.name) + " ";
    if (column.kind == TableColumn::Kind::kComputed) {
      line += "AS " + column.expr_text;
    } else {
      line += column.type.ToString();
      if (column.kind == TableColumn::Kind::kMetadata) {
        line += " METADATA FROM " + QuoteLiteral(column.metadata_key) + (column.is_virtual ? " VIRTUAL" : "");
      }
    }
    if (!column.comment.empty()) line += " COMMENT " + QuoteLiteral(column.comment);
    lines.push_back(line);
  }
  if (table.watermark) {
    lines.push_back("  WATERMARK FOR " +
                    QuoteIdentifier(table.columns[static_cast<size_t>(table.watermark->column)].name) +
                    " AS " + table.watermark->expr_text);
  }
  if (!table.primary_key.empty()) {
    std::vector<std::string> keys;
    for (int key : table.primary_key)
      keys.push_back(QuoteIdentifier(table.columns[static_cast<size_t>(key)].name));
    lines.push_back("  PRIMARY KEY (" + Join(keys, ", ") + ") NOT ENFORCED");
  }
  std::vector<std::string> options;
  for (const auto& [key, value] : table.options)
    options.push_back("  " + QuoteLiteral(key) + " = " + QuoteLiteral(value));
  std::vector<std::string> partition;
  for (const std::string& key : table.partition_keys) partition.push_back(QuoteIdentifier(key));
  return std::string("CREATE ") + (table.temporary ? "TEMPORARY " : "") + "TABLE " +
         QuoteIdentifier(table.path.catalog) + "." + QuoteIdentifier(table.path.database) + "." +
         QuoteIdentifier(table.path.object) + " (\n" + Join(lines, ",\n") + "\n) " +
         (table.comment.empty() ? "" : "COMMENT " + QuoteLiteral(table.comment) + " ") +
         (partition.empty() ? "" : "PARTITIONED BY (" + Join(partition, ", ") + ") ") + "WITH (\n" +
         Join(options, ",\n") + "\n)";
}

}  // namespace penstock::sql
