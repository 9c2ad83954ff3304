// Parser: recursive descent from tokens to the syntax tree. Fails with a numbered error at the offending
// token; what Flink accepts and Penstock does not know yet fails as `unsupported`.
#pragma once

#include <string_view>

#include "base/status.h"
#include "sql/syntax/ast.h"

namespace penstock::sql {

// Parses exactly one statement. `start` is where the text stands in its script.
Result<AstStatement> ParseStatement(std::string_view text, TextPosition start = {1, 1});

// Parses one expression or one type alone: computed columns of restored plans, options, the public API.
Result<AstExprPtr> ParseExpression(std::string_view text);
Result<DataType> ParseType(std::string_view text);

}  // namespace penstock::sql
