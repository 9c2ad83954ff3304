// Scope: the columns an expression may name, in the order of the input's schema, and the scope around a
// subquery. References to the outer scope become Input(kOuterBase + i) until the subquery is decorrelated.
#pragma once

#include <string>
#include <vector>

#include "data/data_type.h"

namespace penstock::sql {

inline constexpr int kOuterBase = 1'000'000;

struct ScopeColumn {
  std::string table;  // alias or table name, "" for unnamed subqueries
  std::string name;
  DataType type;
  bool hidden = false;  // the second side of a USING column: not in *, not found unqualified
};

struct Scope {
  std::vector<ScopeColumn> columns;
  const Scope* outer = nullptr;

  static Scope Of(const Schema& schema, const std::string& table) {
    Scope scope;
    for (const Field& field : schema.fields())
      scope.columns.push_back({table, field.name, field.type, false});
    return scope;
  }
};

}  // namespace penstock::sql
