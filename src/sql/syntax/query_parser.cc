// Queries: SELECT, VALUES, set operations, WITH, FROM clauses with joins, window table functions and hints.
#include "sql/syntax/expression_parser.h"

#include "base/strings.h"

namespace penstock::sql {

namespace {

Result<AstTableRefPtr> ParseFrom(TokenStream& in);

AstTableRefPtr Ref(TableRefKind kind, TextPosition at) {
  auto ref = std::make_shared<AstTableRef>();
  ref->kind = kind;
  ref->position = at;
  return ref;
}

// [AS] alias [(a, b)]
Status ParseAlias(TokenStream& in, AstTableRef* ref) {
  bool as = in.Accept("AS");
  if (as || in.IsIdentifier()) {
    ASSIGN_OR_RETURN(ref->alias, in.Identifier("an alias"));
    if (in.IsSymbol("(")) {
      ASSIGN_OR_RETURN(ref->alias_columns, in.IdentifierList());
    }
  }
  return Status::Ok();
}

Result<AstTableRefPtr> ParseTableFunction(TokenStream& in) {
  AstTableRefPtr ref = Ref(TableRefKind::kFunction, in.position());
  bool wrapped = in.Accept("TABLE");
  if (wrapped) RETURN_IF_ERROR(in.ExpectSymbol("("));
  ASSIGN_OR_RETURN(ref->call, ParseExpr(in));
  if (ref->call->kind != AstKind::kCall) {
    return SqlError(ErrorNumber::kSyntax, ref->position, "TABLE(...) needs a function call");
  }
  if (wrapped) RETURN_IF_ERROR(in.ExpectSymbol(")"));
  return ref;
}

Result<AstTableRefPtr> ParseTablePrimary(TokenStream& in) {
  TextPosition at = in.position();
  bool lateral = in.Accept("LATERAL");
  AstTableRefPtr ref;
  if (in.IsWord("TABLE") && in.IsSymbol("(", 1)) {
    ASSIGN_OR_RETURN(ref, ParseTableFunction(in));
  } else if (in.Accept("UNNEST")) {
    ref = Ref(TableRefKind::kUnnest, at);
    RETURN_IF_ERROR(in.ExpectSymbol("("));
    ASSIGN_OR_RETURN(ref->call, ParseExpr(in));
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
    ref->with_ordinality = in.Accept({"WITH", "ORDINALITY"});
  } else if (in.IsSymbol("(")) {
    size_t mark = in.mark();
    in.Take();
    bool query = in.IsWord("SELECT") || in.IsWord("WITH") || in.IsWord("VALUES") || in.IsSymbol("(") ||
                 in.IsWord("TABLE");
    if (query) {
      ref = Ref(TableRefKind::kSubquery, at);
      Result<AstQueryPtr> parsed = ParseQuery(in);
      if (parsed && in.IsSymbol(")")) {
        ref->subquery = *parsed;
        in.Take();
      } else if (!parsed && !in.IsSymbol("(", 0)) {
        return parsed.error();
      } else {
        in.Rewind(mark);
        in.Take();
        query = false;
      }
    }
    if (!query) {
      ASSIGN_OR_RETURN(ref, ParseFrom(in));
      RETURN_IF_ERROR(in.ExpectSymbol(")"));
    }
  } else if (in.IsIdentifier() && in.IsSymbol("(", 1)) {
    ASSIGN_OR_RETURN(ref, ParseTableFunction(in));
  } else {
    ref = Ref(TableRefKind::kTable, at);
    in.Accept("TABLE");
    ASSIGN_OR_RETURN(ref->path, in.Path("a table"));
    ASSIGN_OR_RETURN(ref->hints, ParseHints(in));
  }
  ref->lateral = lateral;
  if (in.IsWords({"FOR", "SYSTEM_TIME"})) {
    in.Take();
    in.Take();
    RETURN_IF_ERROR(in.Expect("AS"));
    RETURN_IF_ERROR(in.Expect("OF"));
    ASSIGN_OR_RETURN(ref->system_time, ParseExpr(in));
  }
  if (in.IsWord("MATCH_RECOGNIZE")) {
    AstTableRefPtr match = Ref(TableRefKind::kMatchRecognize, in.position());
    match->match = std::make_shared<AstMatchRecognize>();
    match->match->position = in.position();
    match->left = ref;
    in.Take();
    int depth = 0;
    do {  // the clause is skipped: it is refused as unsupported
      if (in.IsSymbol("(")) ++depth;
      if (in.IsSymbol(")")) --depth;
      if (in.AtEnd()) return in.Unexpected("')'");
      in.Take();
    } while (depth > 0);
    ref = match;
  }
  if (ref->alias.empty()) RETURN_IF_ERROR(ParseAlias(in, ref.get()));
  if (in.IsWord("TABLESAMPLE")) {
    return SqlError(ErrorNumber::kUnsupported, in.position(), "TABLESAMPLE is not supported");
  }
  return ref;
}

std::optional<JoinKind> AcceptJoin(TokenStream& in, bool* natural) {
  size_t mark = in.mark();
  *natural = in.Accept("NATURAL");
  JoinKind kind = JoinKind::kInner;
  if (in.Accept("CROSS")) {
    kind = JoinKind::kCross;
  } else if (in.Accept("LEFT")) {
    kind = JoinKind::kLeft;
    if (in.Accept("SEMI"))
      kind = JoinKind::kSemi;
    else if (in.Accept("ANTI"))
      kind = JoinKind::kAnti;
    else
      in.Accept("OUTER");
  } else if (in.Accept("RIGHT")) {
    kind = JoinKind::kRight;
    in.Accept("OUTER");
  } else if (in.Accept("FULL")) {
    kind = JoinKind::kFull;
    in.Accept("OUTER");
  } else {
    in.Accept("INNER");
  }
  if (in.Accept("JOIN")) return kind;
  in.Rewind(mark);
  return std::nullopt;
}

Result<AstTableRefPtr> ParseFrom(TokenStream& in) {
  ASSIGN_OR_RETURN(AstTableRefPtr left, ParseTablePrimary(in));
  while (true) {
    TextPosition at = in.position();
    bool natural = false;
    std::optional<JoinKind> kind;
    if (in.AcceptSymbol(",")) {
      kind = JoinKind::kCross;
    } else {
      kind = AcceptJoin(in, &natural);
    }
    if (!kind) return left;
    AstTableRefPtr join = Ref(TableRefKind::kJoin, at);
    join->join = *kind;
    join->natural = natural;
    join->left = std::move(left);
    ASSIGN_OR_RETURN(join->right, ParseTablePrimary(in));
    if (in.Accept("ON")) {
      ASSIGN_OR_RETURN(join->condition, ParseExpr(in));
    } else if (in.Accept("USING")) {
      ASSIGN_OR_RETURN(join->using_columns, in.IdentifierList());
    }
    left = std::move(join);
  }
}

Result<std::vector<AstGrouping>> ParseGroupBy(TokenStream& in) {
  std::vector<AstGrouping> groups;
  do {
    AstGrouping group;
    if (in.Accept({"GROUPING", "SETS"})) {
      group.kind = GroupingKind::kSets;
      RETURN_IF_ERROR(in.ExpectSymbol("("));
      do {
        std::vector<AstExprPtr> set;
        if (in.AcceptSymbol("(")) {
          if (!in.IsSymbol(")")) {
            ASSIGN_OR_RETURN(set, ParseExprList(in));
          }
          RETURN_IF_ERROR(in.ExpectSymbol(")"));
        } else {
          ASSIGN_OR_RETURN(AstExprPtr one, ParseExpr(in));
          set.push_back(std::move(one));
        }
        group.sets.push_back(std::move(set));
      } while (in.AcceptSymbol(","));
      RETURN_IF_ERROR(in.ExpectSymbol(")"));
    } else if (in.IsWord("CUBE") || in.IsWord("ROLLUP")) {
      group.kind = in.Take().upper == "CUBE" ? GroupingKind::kCube : GroupingKind::kRollup;
      RETURN_IF_ERROR(in.ExpectSymbol("("));
      ASSIGN_OR_RETURN(group.exprs, ParseExprList(in));
      RETURN_IF_ERROR(in.ExpectSymbol(")"));
    } else if (in.IsSymbol("(") && in.IsSymbol(")", 1)) {
      in.Take();
      in.Take();
    } else {
      ASSIGN_OR_RETURN(AstExprPtr expr, ParseExpr(in));
      group.exprs.push_back(std::move(expr));
    }
    groups.push_back(std::move(group));
  } while (in.AcceptSymbol(","));
  return groups;
}

Result<std::shared_ptr<AstSelect>> ParseSelect(TokenStream& in) {
  auto select = std::make_shared<AstSelect>();
  select->position = in.position();
  RETURN_IF_ERROR(in.Expect("SELECT"));
  ASSIGN_OR_RETURN(select->hints, ParseHints(in));
  if (in.Accept("DISTINCT"))
    select->distinct = true;
  else
    in.Accept("ALL");
  do {
    AstSelectItem item;
    ASSIGN_OR_RETURN(item.expr, ParseExpr(in));
    if (in.Accept("AS")) {
      ASSIGN_OR_RETURN(item.alias, in.Identifier("an alias"));
    } else if (in.IsIdentifier()) {
      item.alias = in.Take().text;
    }
    select->items.push_back(std::move(item));
  } while (in.AcceptSymbol(","));
  if (in.Accept("FROM")) {
    ASSIGN_OR_RETURN(select->from, ParseFrom(in));
  }
  if (in.Accept("WHERE")) {
    ASSIGN_OR_RETURN(select->where, ParseExpr(in));
  }
  if (in.Accept({"GROUP", "BY"})) {
    select->has_group_by = true;
    ASSIGN_OR_RETURN(select->group_by, ParseGroupBy(in));
  }
  if (in.Accept("HAVING")) {
    ASSIGN_OR_RETURN(select->having, ParseExpr(in));
  }
  if (in.Accept("WINDOW")) {
    do {
      ASSIGN_OR_RETURN(std::string name, in.Identifier("a window name"));
      RETURN_IF_ERROR(in.Expect("AS"));
      ASSIGN_OR_RETURN(AstWindowSpec spec, ParseWindowSpec(in));
      spec.name = std::move(name);
      select->windows.push_back(std::move(spec));
    } while (in.AcceptSymbol(","));
  }
  if (in.Accept("QUALIFY")) {
    ASSIGN_OR_RETURN(select->qualify, ParseExpr(in));
  }
  return select;
}

AstQueryPtr NewQuery(TextPosition at) {
  auto query = std::make_shared<AstQuery>();
  query->position = at;
  return query;
}

Result<AstQueryPtr> ParseQueryPrimary(TokenStream& in) {
  AstQueryPtr query = NewQuery(in.position());
  if (in.AcceptSymbol("(")) {
    ASSIGN_OR_RETURN(query, ParseQuery(in));
    RETURN_IF_ERROR(in.ExpectSymbol(")"));
    return query;
  }
  if (in.Accept("VALUES")) {
    query->is_values = true;
    do {
      ASSIGN_OR_RETURN(AstExprPtr row, ParseExpr(in));
      if (row->kind != AstKind::kRow) {
        auto single = std::make_shared<AstExpr>();
        single->kind = AstKind::kRow;
        single->position = row->position;
        single->args = {std::move(row)};
        row = std::move(single);
      }
      query->values.push_back(std::move(row));
    } while (in.AcceptSymbol(","));
    return query;
  }
  if (in.IsWord("TABLE")) {  // TABLE t is SELECT * FROM t
    in.Take();
    auto select = std::make_shared<AstSelect>();
    select->position = query->position;
    auto star = std::make_shared<AstExpr>();
    star->kind = AstKind::kStar;
    select->items.push_back({star, ""});
    select->from = Ref(TableRefKind::kTable, in.position());
    ASSIGN_OR_RETURN(select->from->path, in.Path("a table"));
    query->select = std::move(select);
    return query;
  }
  ASSIGN_OR_RETURN(query->select, ParseSelect(in));
  return query;
}

AstQueryPtr Combine(SetOp op, bool all, AstQueryPtr left, AstQueryPtr right) {
  AstQueryPtr query = NewQuery(left->position);
  query->op = op;
  query->all = all;
  query->left = std::move(left);
  query->right = std::move(right);
  return query;
}

bool AcceptAll(TokenStream& in) {
  if (in.Accept("ALL")) return true;
  in.Accept("DISTINCT");
  return false;
}

// Each is a level of the query's tree, which everything behind the parser walks recursively.
constexpr int kMaxSetOperations = 500;

Status TooManySetOperations(const TokenStream& in) {
  return SqlError(ErrorNumber::kTooDeep, in.position(),
                  "more than " + std::to_string(kMaxSetOperations) + " set operations in a row");
}

Result<AstQueryPtr> ParseIntersect(TokenStream& in) {
  ASSIGN_OR_RETURN(AstQueryPtr left, ParseQueryPrimary(in));
  for (int links = 0; in.Accept("INTERSECT"); ++links) {
    if (links >= kMaxSetOperations) return TooManySetOperations(in);
    bool all = AcceptAll(in);
    ASSIGN_OR_RETURN(AstQueryPtr right, ParseQueryPrimary(in));
    left = Combine(SetOp::kIntersect, all, std::move(left), std::move(right));
  }
  return left;
}

Result<AstQueryPtr> ParseUnion(TokenStream& in) {
  ASSIGN_OR_RETURN(AstQueryPtr left, ParseIntersect(in));
  for (int links = 0; in.IsWord("UNION") || in.IsWord("EXCEPT") || in.IsWord("MINUS"); ++links) {
    if (links >= kMaxSetOperations) return TooManySetOperations(in);
    SetOp op = in.Take().upper == "UNION" ? SetOp::kUnion : SetOp::kExcept;
    bool all = AcceptAll(in);
    ASSIGN_OR_RETURN(AstQueryPtr right, ParseIntersect(in));
    left = Combine(op, all, std::move(left), std::move(right));
  }
  return left;
}

}  // namespace

Result<AstQueryPtr> ParseQuery(TokenStream& in) {
  if (!in.Enter()) return SqlError(ErrorNumber::kTooDeep, in.position(), "queries are nested too deeply");
  std::vector<AstCommonTable> with;
  if (in.Accept("WITH")) {
    do {
      AstCommonTable common;
      ASSIGN_OR_RETURN(common.name, in.Identifier("a name"));
      if (in.IsSymbol("(")) {
        ASSIGN_OR_RETURN(common.columns, in.IdentifierList());
      }
      RETURN_IF_ERROR(in.Expect("AS"));
      RETURN_IF_ERROR(in.ExpectSymbol("("));
      ASSIGN_OR_RETURN(common.query, ParseQuery(in));
      RETURN_IF_ERROR(in.ExpectSymbol(")"));
      with.push_back(std::move(common));
    } while (in.AcceptSymbol(","));
  }
  ASSIGN_OR_RETURN(AstQueryPtr query, ParseUnion(in));
  bool wrapped = !query->order_by.empty() || query->limit || query->offset || !query->with.empty();
  bool more = in.IsWords({"ORDER", "BY"}) || in.IsWord("LIMIT") || in.IsWord("OFFSET") ||
              in.IsWord("FETCH") || !with.empty();
  if (wrapped && more) {  // (SELECT .. ORDER BY ..) LIMIT 1: keep the inner clauses apart
    AstQueryPtr outer = NewQuery(query->position);
    outer->select = std::make_shared<AstSelect>();
    auto star = std::make_shared<AstExpr>();
    star->kind = AstKind::kStar;
    outer->select->items.push_back({star, ""});
    outer->select->from = Ref(TableRefKind::kSubquery, query->position);
    outer->select->from->subquery = query;
    query = outer;
  }
  if (!with.empty()) query->with = std::move(with);
  if (in.Accept({"ORDER", "BY"})) {
    ASSIGN_OR_RETURN(query->order_by, ParseOrderBy(in));
  }
  if (in.Accept("LIMIT")) {
    if (!in.Accept("ALL")) {
      ASSIGN_OR_RETURN(query->limit, ParseExpr(in));
    }
  }
  if (in.Accept("OFFSET")) {
    ASSIGN_OR_RETURN(query->offset, ParseExpr(in));
    if (!in.Accept("ROWS")) in.Accept("ROW");
  }
  if (in.Accept("FETCH")) {
    if (!in.Accept("FIRST")) in.Accept("NEXT");
    ASSIGN_OR_RETURN(query->limit, ParseExpr(in));
    if (!in.Accept("ROWS")) in.Accept("ROW");
    in.Accept("ONLY");
  }
  in.Leave();
  return query;
}

Result<std::vector<AstHint>> ParseHints(TokenStream& in) {
  std::vector<AstHint> hints;
  if (in.Peek().kind != TokenKind::kHintStart) return hints;
  in.Take();
  while (in.Peek().kind != TokenKind::kHintEnd) {
    if (in.Peek().kind != TokenKind::kWord) return in.Unexpected("a hint");
    AstHint hint;
    hint.name = in.Take().upper;
    if (in.AcceptSymbol("(")) {
      while (!in.IsSymbol(")")) {
        const Token item = in.Take();
        if (item.kind == TokenKind::kEnd) return in.Unexpected("')'");
        if (in.AcceptSymbol("=")) {
          const Token value = in.Take();
          hint.options.emplace_back(item.text, value.text);
        } else {
          hint.arguments.push_back(item.text);
        }
        if (!in.AcceptSymbol(",")) break;
      }
      RETURN_IF_ERROR(in.ExpectSymbol(")"));
    }
    hints.push_back(std::move(hint));
    in.AcceptSymbol(",");
  }
  in.Take();
  return hints;
}

}  // namespace penstock::sql
