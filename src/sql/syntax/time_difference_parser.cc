// (a - b) DAY, (a - b) YEAR TO MONTH: the difference of two dates or times as an interval of the named units.
#include <unordered_set>

#include "sql/syntax/expression_parser.h"

namespace penstock::sql {

namespace {

bool IsUnit(const TokenStream& in) {
  static const std::unordered_set<std::string_view> kUnits = {"YEAR", "QUARTER", "MONTH",  "WEEK",
                                                              "DAY",  "HOUR",    "MINUTE", "SECOND"};
  return in.Peek().kind == TokenKind::kWord && kUnits.contains(in.Peek().upper);
}

Status SkipPrecision(TokenStream& in) {
  if (!in.AcceptSymbol("(")) return Status::Ok();
  while (!in.AtEnd() && !in.IsSymbol(")")) in.Take();
  return in.ExpectSymbol(")");
}

}  // namespace

Result<AstExprPtr> ParseTimeDifference(TokenStream& in, AstExprPtr operand) {
  bool difference = operand->kind == AstKind::kCall && operand->name == "-" && operand->args.size() == 2;
  if (!difference || !IsUnit(in)) return operand;
  auto unit = std::make_shared<AstExpr>();
  unit->kind = AstKind::kSymbol;
  unit->position = in.position();
  unit->name = in.Take().upper;
  RETURN_IF_ERROR(SkipPrecision(in));
  if (in.Accept("TO")) {
    if (!IsUnit(in)) return in.Unexpected("an interval unit");
    in.Take();
    RETURN_IF_ERROR(SkipPrecision(in));
  }
  operand->name = "MINUS TIME";
  operand->args.push_back(std::move(unit));
  return operand;
}

}  // namespace penstock::sql
