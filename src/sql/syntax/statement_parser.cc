// Statements: DDL, SET, SHOW, INSERT, statement sets and EXPLAIN.
#include "base/strings.h"
#include "sql/syntax/expression_parser.h"
#include "sql/syntax/parser.h"

namespace penstock::sql {

namespace {

bool AcceptIfNotExists(TokenStream& in) { return in.Accept({"IF", "NOT", "EXISTS"}); }
bool AcceptIfExists(TokenStream& in) { return in.Accept({"IF", "EXISTS"}); }

// ('k' = 'v', ...)
Result<AstOptions> ParseOptions(TokenStream& in) {
  AstOptions options;
  RETURN_IF_ERROR(in.ExpectSymbol("("));
  while (!in.IsSymbol(")")) {
    ASSIGN_OR_RETURN(std::string key, in.StringLiteral("an option key in quotes"));
    RETURN_IF_ERROR(in.ExpectSymbol("="));
    ASSIGN_OR_RETURN(std::string value, in.StringLiteral("an option value in quotes"));
    options.emplace_back(std::move(key), std::move(value));
    if (!in.AcceptSymbol(",")) break;
  }
  RETURN_IF_ERROR(in.ExpectSymbol(")"));
  return options;
}

// [CONSTRAINT name] PRIMARY KEY [(a, b)] [NOT ENFORCED]
Result<std::vector<std::string>> ParsePrimaryKey(TokenStream& in, bool with_columns, bool* enforced) {
  if (in.Accept("CONSTRAINT")) {
    ASSIGN_OR_RETURN(std::string name, in.Identifier("a constraint name"));
  }
  RETURN_IF_ERROR(in.Expect("PRIMARY"));
  RETURN_IF_ERROR(in.Expect("KEY"));
  std::vector<std::string> columns;
  if (with_columns) {
    ASSIGN_OR_RETURN(columns, in.IdentifierList());
  }
  *enforced = !in.Accept({"NOT", "ENFORCED"});
  return columns;
}

// An expression, and its text as it was written.
Status ParseWrittenExpr(TokenStream& in, std::string_view text, AstExprPtr* expr, std::string* expr_text) {
  size_t begin = in.Peek().begin;
  ASSIGN_OR_RETURN(*expr, ParseExpr(in));
  *expr_text = std::string(TrimSpace(text.substr(begin, in.Peek().begin - begin)));
  return Status::Ok();
}

Result<AstColumnDef> ParseColumn(TokenStream& in, std::string_view text, AstCreateTable* table) {
  AstColumnDef column;
  column.position = in.position();
  ASSIGN_OR_RETURN(column.name, in.Identifier("a column name"));
  if (in.Accept("AS")) {
    column.kind = AstColumnDef::Kind::kComputed;
    RETURN_IF_ERROR(ParseWrittenExpr(in, text, &column.expr, &column.expr_text));
  } else {
    ASSIGN_OR_RETURN(column.type, ParseDataType(in));
    if (in.Accept("METADATA")) {
      column.kind = AstColumnDef::Kind::kMetadata;
      column.metadata_key = column.name;
      if (in.Accept("FROM")) {
        ASSIGN_OR_RETURN(column.metadata_key, in.StringLiteral("a metadata key in quotes"));
      }
      column.is_virtual = in.Accept("VIRTUAL");
    }
    if (in.IsWord("CONSTRAINT") || in.IsWord("PRIMARY")) {
      ASSIGN_OR_RETURN(std::vector<std::string> none, ParsePrimaryKey(in, false, &table->enforced));
      column.primary_key = true;
    }
  }
  if (in.Accept("COMMENT")) {
    ASSIGN_OR_RETURN(column.comment, in.StringLiteral("a comment"));
  }
  return column;
}

Status ParseTableElements(TokenStream& in, std::string_view text, AstCreateTable* table) {
  RETURN_IF_ERROR(in.ExpectSymbol("("));
  while (!in.IsSymbol(")")) {
    if (in.IsWord("WATERMARK") && in.IsWord("FOR", 1)) {
      AstWatermark watermark;
      watermark.position = in.position();
      in.Take();
      in.Take();
      ASSIGN_OR_RETURN(watermark.column, in.Path("a column"));
      RETURN_IF_ERROR(in.Expect("AS"));
      RETURN_IF_ERROR(ParseWrittenExpr(in, text, &watermark.expr, &watermark.expr_text));
      table->watermarks.push_back(std::move(watermark));
    } else if (in.IsWord("CONSTRAINT") || (in.IsWord("PRIMARY") && in.IsWord("KEY", 1))) {
      if (!table->primary_key.empty()) {
        return SqlError(ErrorNumber::kDuplicateName, in.position(), "a table can have only one PRIMARY KEY");
      }
      ASSIGN_OR_RETURN(table->primary_key, ParsePrimaryKey(in, true, &table->enforced));
    } else {
      ASSIGN_OR_RETURN(AstColumnDef column, ParseColumn(in, text, table));
      table->columns.push_back(std::move(column));
    }
    if (!in.AcceptSymbol(",")) break;
  }
  return in.ExpectSymbol(")");
}

Status ParseDistribution(TokenStream& in, AstCreateTable* table) {
  if (in.Accept("BY")) {
    if (!in.Accept("HASH")) in.Accept("RANGE");
    ASSIGN_OR_RETURN(table->distributed_by, in.IdentifierList());
  }
  if (in.Accept("INTO")) {
    if (in.Peek().kind != TokenKind::kNumber) return in.Unexpected("a number of buckets");
    in.Take();
    RETURN_IF_ERROR(in.Expect("BUCKETS"));
  }
  return Status::Ok();
}

Result<AstLike> ParseLikeClause(TokenStream& in) {
  AstLike like;
  ASSIGN_OR_RETURN(like.table, in.Path("a table"));
  if (in.AcceptSymbol("(")) {
    while (!in.IsSymbol(")")) {
      std::string strategy = in.Take().upper;
      if (strategy != "INCLUDING" && strategy != "EXCLUDING" && strategy != "OVERWRITING") {
        return in.Unexpected("INCLUDING, EXCLUDING or OVERWRITING");
      }
      like.features.emplace_back(strategy, in.Take().upper);
    }
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
  }
  return like;
}

Result<AstCreateTable> ParseCreateTable(TokenStream& in, std::string_view text, bool temporary,
                                        bool or_replace) {
  AstCreateTable table;
  table.temporary = temporary;
  table.or_replace = or_replace;
  table.if_not_exists = AcceptIfNotExists(in);
  ASSIGN_OR_RETURN(table.name, in.Path("a table name"));
  if (in.IsSymbol("(")) RETURN_IF_ERROR(ParseTableElements(in, text, &table));
  if (in.Accept("COMMENT")) {
    ASSIGN_OR_RETURN(table.comment, in.StringLiteral("a comment"));
  }
  if (in.Accept("DISTRIBUTED")) RETURN_IF_ERROR(ParseDistribution(in, &table));
  if (in.Accept({"PARTITIONED", "BY"})) {
    ASSIGN_OR_RETURN(table.partitioned_by, in.IdentifierList());
  }
  if (in.Accept("WITH")) {
    ASSIGN_OR_RETURN(table.options, ParseOptions(in));
  }
  if (in.Accept("LIKE")) {
    ASSIGN_OR_RETURN(AstLike like, ParseLikeClause(in));
    table.like = std::move(like);
  } else if (in.Accept("AS")) {
    ASSIGN_OR_RETURN(table.as_query, ParseQuery(in));
  }
  return table;
}

Result<AstCreateView> ParseCreateView(TokenStream& in, std::string_view text, bool temporary) {
  AstCreateView view;
  view.temporary = temporary;
  view.if_not_exists = AcceptIfNotExists(in);
  ASSIGN_OR_RETURN(view.name, in.Path("a view name"));
  if (in.IsSymbol("(")) {
    ASSIGN_OR_RETURN(view.columns, in.IdentifierList());
  }
  if (in.Accept("COMMENT")) in.Take();
  RETURN_IF_ERROR(in.Expect("AS"));
  size_t begin = in.Peek().begin;
  ASSIGN_OR_RETURN(view.query, ParseQuery(in));
  view.query_text = std::string(TrimSpace(text.substr(begin, in.Peek().begin - begin)));
  return view;
}

Result<AstStatement> ParseCreate(TokenStream& in, std::string_view text) {
  AstStatement statement;
  statement.position = in.position();
  in.Take();
  bool or_replace = in.Accept({"OR", "REPLACE"});
  bool temporary = in.Accept("TEMPORARY");
  in.Accept("SYSTEM");
  if (in.Accept("TABLE")) {
    ASSIGN_OR_RETURN(AstCreateTable table, ParseCreateTable(in, text, temporary, or_replace));
    statement.body = std::move(table);
  } else if (in.Accept("VIEW")) {
    ASSIGN_OR_RETURN(AstCreateView view, ParseCreateView(in, text, temporary));
    view.or_replace = or_replace;
    statement.body = std::move(view);
  } else if (in.IsWord("CATALOG") || in.IsWord("DATABASE")) {
    AstCreateNamespace made;
    made.catalog = in.Take().upper == "CATALOG";
    made.if_not_exists = AcceptIfNotExists(in);
    ASSIGN_OR_RETURN(made.name, in.Path("a name"));
    if (in.Accept("COMMENT")) in.Take();
    if (in.Accept("WITH")) {
      ASSIGN_OR_RETURN(made.options, ParseOptions(in));
    }
    statement.body = std::move(made);
  } else if (in.Peek().kind == TokenKind::kWord) {
    statement.body = AstUnsupported{"CREATE " + in.Peek().upper};
    while (!in.AtEnd()) in.Take();
  } else {
    return in.Unexpected("TABLE, VIEW, CATALOG, DATABASE or FUNCTION");
  }
  return statement;
}

Result<AstDrop> ParseDrop(TokenStream& in) {
  AstDrop drop;
  drop.temporary = in.Accept("TEMPORARY");
  in.Accept("SYSTEM");
  if (in.Peek().kind != TokenKind::kWord) return in.Unexpected("TABLE, VIEW, CATALOG, DATABASE or FUNCTION");
  drop.what = in.Take().upper;
  drop.if_exists = AcceptIfExists(in);
  ASSIGN_OR_RETURN(drop.name, in.Path("a name"));
  if (!in.Accept("CASCADE")) in.Accept("RESTRICT");
  return drop;
}

// SET; SET 'k' = 'v'; SET k.with.dots = v (the old client's spelling).
Result<AstSet> ParseSet(TokenStream& in, std::string_view text) {
  AstSet set;
  if (in.AtEnd()) {
    set.show = true;
    return set;
  }
  if (in.Peek().kind == TokenKind::kString) {
    set.key = in.Take().text;
    RETURN_IF_ERROR(in.ExpectSymbol("="));
    ASSIGN_OR_RETURN(set.value, in.StringLiteral("a value in quotes"));
    return set;
  }
  size_t begin = in.Peek().begin;
  while (!in.AtEnd() && !in.IsSymbol("=")) in.Take();
  set.key = std::string(TrimSpace(text.substr(begin, in.Peek().begin - begin)));
  RETURN_IF_ERROR(in.ExpectSymbol("="));
  if (in.Peek().kind == TokenKind::kString && in.Peek(1).kind == TokenKind::kEnd) {
    set.value = in.Take().text;
    return set;
  }
  set.value = std::string(TrimSpace(text.substr(in.Peek().begin)));
  while (!in.AtEnd()) in.Take();
  return set;
}

Result<AstReset> ParseReset(TokenStream& in, std::string_view text) {
  AstReset reset;
  if (in.AtEnd()) return reset;
  if (in.Peek().kind == TokenKind::kString) {
    reset.key = in.Take().text;
    return reset;
  }
  reset.key = std::string(TrimSpace(text.substr(in.Peek().begin)));
  while (!in.AtEnd()) in.Take();
  return reset;
}

Result<AstShow> ParseShow(TokenStream& in) {
  AstShow show;
  if (in.Peek().kind != TokenKind::kWord) return in.Unexpected("what to show");
  show.what = in.Take().upper;
  if (show.what == "CREATE" || show.what == "CURRENT") {
    if (in.Peek().kind != TokenKind::kWord) return in.Unexpected("what to show");
    show.what += " " + in.Take().upper;
  }
  if (show.what == "FULL" || show.what == "USER") show.what += " " + in.Take().upper;
  if (show.what == "COLUMNS" && !in.Accept("FROM")) RETURN_IF_ERROR(in.Expect("IN"));
  if (show.what == "COLUMNS" || show.what.starts_with("CREATE ")) {
    ASSIGN_OR_RETURN(show.name, in.Path("a name"));
  }
  return show;
}

Result<AstInsert> ParseInsert(TokenStream& in) {
  AstInsert insert;
  insert.position = in.position();
  in.Accept("EXECUTE");
  RETURN_IF_ERROR(in.Expect("INSERT"));
  insert.overwrite = in.Accept("OVERWRITE");
  if (!insert.overwrite) RETURN_IF_ERROR(in.Expect("INTO"));
  in.Accept("TABLE");
  ASSIGN_OR_RETURN(insert.table, in.Path("a table"));
  ASSIGN_OR_RETURN(insert.hints, ParseHints(in));
  if (in.Accept("PARTITION")) {
    RETURN_IF_ERROR(in.ExpectSymbol("("));
    do {
      ASSIGN_OR_RETURN(std::string column, in.Identifier("a column"));
      RETURN_IF_ERROR(in.ExpectSymbol("="));
      ASSIGN_OR_RETURN(AstExprPtr value, ParseExpr(in));
      insert.partition.emplace_back(std::move(column), std::move(value));
    } while (in.AcceptSymbol(","));
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
  }
  if (in.IsSymbol("(") && in.IsIdentifier(1) && (in.IsSymbol(",", 2) || in.IsSymbol(")", 2))) {
    ASSIGN_OR_RETURN(insert.columns, in.IdentifierList());
  }
  ASSIGN_OR_RETURN(insert.query, ParseQuery(in));
  if (in.Accept({"ON", "CONFLICT"})) {
    RETURN_IF_ERROR(in.Expect("DO"));
    if (!in.IsWord("NOTHING") && !in.IsWord("ERROR") && !in.IsWord("DEDUPLICATE")) {
      return in.Unexpected("NOTHING, ERROR or DEDUPLICATE");
    }
    insert.on_conflict = in.Take().upper;
  }
  return insert;
}

Result<AstStatementSet> ParseStatementSet(TokenStream& in) {
  AstStatementSet set;
  while (!in.IsWord("END")) {
    ASSIGN_OR_RETURN(AstInsert insert, ParseInsert(in));
    set.inserts.push_back(std::move(insert));
    if (!in.AcceptSymbol(";") && !in.IsWord("END")) return in.Unexpected("';' or END");
  }
  RETURN_IF_ERROR(in.Expect("END"));
  if (set.inserts.empty())
    return SqlError(ErrorNumber::kSyntax, in.position(), "a statement set needs an INSERT");
  return set;
}

Result<AstExplain> ParseExplain(TokenStream& in, std::string_view text) {
  AstExplain explain;
  while (in.IsWord("ESTIMATED_COST") || in.IsWord("CHANGELOG_MODE") || in.IsWord("JSON_EXECUTION_PLAN") ||
         in.IsWord("PLAN_ADVICE") || in.IsWord("STATE")) {
    explain.details.push_back(in.Take().upper);
    if (!in.AcceptSymbol(",")) break;
  }
  in.Accept({"PLAN", "FOR"});
  ASSIGN_OR_RETURN(AstStatement inner, ParseStatementTokens(in, text));
  explain.statement = std::make_shared<AstStatement>(std::move(inner));
  return explain;
}

template <typename T>
Result<AstStatement> Wrap(TextPosition at, Result<T> body) {
  if (!body) return body.error();
  AstStatement statement;
  statement.position = at;
  statement.body = std::move(*body);
  return statement;
}

// A statement of Flink that is not supported: what is left of it is not looked at.
Result<AstStatement> Unsupported(TokenStream& in, TextPosition at, std::string what) {
  while (!in.AtEnd()) in.Take();
  return Wrap(at, Result<AstUnsupported>(AstUnsupported{std::move(what)}));
}

// SHOW TABLES FROM db LIKE 'x', SHOW PARTITIONS t.
bool IsUnsupportedShow(const TokenStream& in, const AstShow& show) {
  bool filtered =
      in.IsWord("FROM") || in.IsWord("IN") || in.IsWord("NOT") || in.IsWord("LIKE") || in.IsWord("ILIKE");
  return filtered || show.what == "PARTITIONS" || show.what == "CREATE CATALOG" ||
         show.what == "CREATE MODEL";
}

bool StartsQuery(const TokenStream& in) {
  return in.IsWord("SELECT") || in.IsWord("WITH") || in.IsWord("VALUES") || in.IsSymbol("(") ||
         in.IsWord("TABLE");
}

Result<AstSelectStatement> ParseSelectStatement(TokenStream& in) {
  AstSelectStatement statement;
  ASSIGN_OR_RETURN(statement.query, ParseQuery(in));
  return statement;
}

}  // namespace

Result<AstStatement> ParseStatementTokens(TokenStream& in, std::string_view text) {
  TextPosition at = in.position();
  if (StartsQuery(in)) return Wrap(at, ParseSelectStatement(in));
  if (in.IsWord("CREATE")) return ParseCreate(in, text);
  if (in.IsWord("INSERT") || in.IsWords({"EXECUTE", "INSERT"})) return Wrap(at, ParseInsert(in));
  if (in.Accept({"EXECUTE", "STATEMENT", "SET", "BEGIN"}) || in.Accept({"BEGIN", "STATEMENT", "SET"})) {
    in.AcceptSymbol(";");
    return Wrap(at, ParseStatementSet(in));
  }
  if (in.Accept("DROP")) return Wrap(at, ParseDrop(in));
  if (in.Accept("SET")) return Wrap(at, ParseSet(in, text));
  if (in.Accept("RESET")) return Wrap(at, ParseReset(in, text));
  if (in.Accept("SHOW")) {
    ASSIGN_OR_RETURN(AstShow show, ParseShow(in));
    if (in.AtEnd() || !IsUnsupportedShow(in, show)) return Wrap(at, Result<AstShow>(std::move(show)));
    return Unsupported(in, at, "SHOW " + show.what + " with " + in.Peek().upper);
  }
  if (in.Accept("EXPLAIN")) return Wrap(at, ParseExplain(in, text));
  if (in.IsWord("DESCRIBE") || in.IsWord("DESC")) {
    in.Take();
    for (const char* word : {"JOB", "FUNCTION", "MODEL", "CATALOG", "DATABASE"}) {
      if (in.IsWord(word) && in.Peek(1).kind != TokenKind::kEnd)
        return Unsupported(in, at, std::string("DESCRIBE ") + word);
    }
    AstDescribe describe;
    ASSIGN_OR_RETURN(describe.name, in.Path("a table"));
    return Wrap(at, Result<AstDescribe>(std::move(describe)));
  }
  if (in.Accept("USE")) {
    if (in.IsWord("MODULES") && in.Peek(1).kind != TokenKind::kEnd) return Unsupported(in, at, "USE MODULES");
    AstUse use;
    use.catalog = in.Accept("CATALOG");
    ASSIGN_OR_RETURN(use.name, in.Path("a name"));
    return Wrap(at, Result<AstUse>(std::move(use)));
  }
  for (const char* word : {"ALTER", "ANALYZE", "CALL", "COMPILE", "DELETE", "EXECUTE", "LOAD", "TRUNCATE",
                           "UNLOAD", "UPDATE", "ADD", "REMOVE", "REPLACE", "STOP"}) {
    if (in.IsWord(word)) return Unsupported(in, at, word);
  }
  return in.Unexpected("a statement");
}

Result<AstStatement> ParseStatement(std::string_view text, TextPosition start) {
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text, start));
  TokenStream in(std::move(tokens));
  ASSIGN_OR_RETURN(AstStatement statement, ParseStatementTokens(in, text));
  if (!in.AtEnd()) return in.Unexpected("end of statement");
  return statement;
}

}  // namespace penstock::sql
