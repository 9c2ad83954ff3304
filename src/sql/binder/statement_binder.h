// Binding of statements that are no queries: CREATE TABLE to a Table, INSERT to a plan for its sink.
#pragma once

#include "sql/binder/binder.h"
#include "sql/physical/physical_planner.h"

namespace penstock::sql {

// Resolves columns, computed expressions, watermark, key and LIKE. The table is not added to the catalog.
Result<TablePtr> BindCreateTable(const BindContext& context, const AstCreateTable& ast);

struct BoundInsert {
  PlanPtr plan;  // its columns are the sink's
  SinkTarget sink;
};
Result<BoundInsert> BindInsert(const BindContext& context, const AstInsert& insert);

// The statement that SHOW CREATE TABLE prints.
std::string CreateTableText(const Table& table);

}  // namespace penstock::sql
