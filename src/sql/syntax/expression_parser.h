// The parts of the parser, each a function over the shared cursor; see parser.h for the entry points.
#pragma once

#include "sql/syntax/ast.h"
#include "sql/syntax/token_stream.h"

namespace penstock::sql {

Result<AstExprPtr> ParseExpr(TokenStream& in);
Result<std::vector<AstExprPtr>> ParseExprList(TokenStream& in);
Result<std::vector<AstOrderItem>> ParseOrderBy(TokenStream& in);  // after ORDER BY
Result<AstWindowSpec> ParseWindowSpec(TokenStream& in);           // from its "(" on
Result<DataType> ParseDataType(TokenStream& in);
Result<AstQueryPtr> ParseQuery(TokenStream& in);
Result<std::vector<AstHint>> ParseHints(TokenStream& in);  // none when no hint follows
Result<AstExprPtr> ParseTableArgument(TokenStream& in);    // TABLE t | (query) ...
// (a - b) DAY: `operand` is what stood in parentheses; it comes back unchanged where no unit follows.
Result<AstExprPtr> ParseTimeDifference(TokenStream& in, AstExprPtr operand);
Result<AstStatement> ParseStatementTokens(TokenStream& in, std::string_view text);

}  // namespace penstock::sql
