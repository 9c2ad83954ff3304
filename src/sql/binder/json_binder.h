// Arguments of the SQL/JSON functions, as their resolvers want them.
#pragma once

#include "sql/binder/binder.h"

namespace penstock::sql {

// The type after RETURNING becomes a NULL of that type behind its symbol; an argument of a constructor that
// is JSON already has the symbol RAW before it.
Result<std::vector<ExprPtr>> BindJsonArguments(ExprBinder* binder, const AstExpr& ast);

}  // namespace penstock::sql
