// ORDER BY lists and the windows of OVER: partition, order and frame.
#include "sql/syntax/expression_parts.h"

namespace penstock::sql {

namespace {

Status ParseFrameBound(TokenStream& in, FrameBound* bound, AstExprPtr* offset) {
  if (in.Accept({"UNBOUNDED", "PRECEDING"})) {
    *bound = FrameBound::kUnboundedPreceding;
  } else if (in.Accept({"UNBOUNDED", "FOLLOWING"})) {
    *bound = FrameBound::kUnboundedFollowing;
  } else if (in.Accept({"CURRENT", "ROW"})) {
    *bound = FrameBound::kCurrentRow;
  } else {
    ASSIGN_OR_RETURN(*offset, ParseAdditive(in));
    if (in.Accept("PRECEDING")) {
      *bound = FrameBound::kPreceding;
    } else if (in.Accept("FOLLOWING")) {
      *bound = FrameBound::kFollowing;
    } else {
      return in.Unexpected("PRECEDING or FOLLOWING");
    }
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<AstOrderItem>> ParseOrderBy(TokenStream& in) {
  std::vector<AstOrderItem> items;
  do {
    AstOrderItem item;
    ASSIGN_OR_RETURN(item.expr, ParseExpr(in));
    if (in.Accept("DESC"))
      item.descending = true;
    else
      in.Accept("ASC");
    if (in.Accept({"NULLS", "FIRST"})) item.nulls_first = true;
    if (in.Accept({"NULLS", "LAST"})) item.nulls_first = false;
    items.push_back(std::move(item));
  } while (in.AcceptSymbol(","));
  return items;
}

Result<AstWindowSpec> ParseWindowSpec(TokenStream& in) {
  AstWindowSpec spec;
  RETURN_IF_ERROR(in.ExpectSymbol("("));
  if (in.Accept({"PARTITION", "BY"})) {
    ASSIGN_OR_RETURN(spec.partition_by, ParseExprList(in));
  }
  if (in.Accept({"ORDER", "BY"})) {
    ASSIGN_OR_RETURN(spec.order_by, ParseOrderBy(in));
  }
  if (in.IsWord("ROWS") || in.IsWord("RANGE")) {
    spec.has_frame = true;
    spec.rows = in.Take().upper == "ROWS";
    if (in.Accept("BETWEEN")) {
      RETURN_IF_ERROR(ParseFrameBound(in, &spec.start, &spec.start_offset));
      RETURN_IF_ERROR(in.Expect("AND"));
      RETURN_IF_ERROR(ParseFrameBound(in, &spec.end, &spec.end_offset));
    } else {
      RETURN_IF_ERROR(ParseFrameBound(in, &spec.start, &spec.start_offset));
    }
  }
  RETURN_IF_ERROR(in.ExpectSymbol(")"));
  return spec;
}
}  // namespace penstock::sql
