// Fuzz target: scripts are cut into statements and parsed; whatever the bytes are, the outcome is a tree or a
// numbered error at a place of the text.
#include <string_view>

#include "sql/syntax/lexer.h"
#include "sql/syntax/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const sql::StatementText& statement : sql::SplitStatements(text)) {
    Result<sql::AstStatement> parsed = sql::ParseStatement(statement.text, statement.position);
    if (!parsed) CHECK(parsed.error().number() != ErrorNumber::kNone);
  }
  static_cast<void>(sql::ParseExpression(text));
  return 0;
}
