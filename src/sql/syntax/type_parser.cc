// Types as SQL writes them: INT NOT NULL, DECIMAL(10, 2), ROW<a INT, b STRING 'comment'>, INT ARRAY,
// TIMESTAMP(3) WITH LOCAL TIME ZONE, INTERVAL DAY TO SECOND.
#include <charconv>

#include "sql/syntax/expression_parser.h"
#include "sql/syntax/parser.h"

namespace penstock::sql {

namespace {

// "(n)" or "(n, m)"; leaves the defaults where nothing is given.
Status Numbers(TokenStream& in, int* first, int* second = nullptr) {
  if (!in.IsSymbol("(") || in.Peek(1).kind != TokenKind::kNumber) return Status::Ok();
  in.Take();
  for (int* number : {first, second}) {
    const Token& token = in.Peek();
    auto [end, error] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), *number);
    if (token.kind != TokenKind::kNumber || error != std::errc() ||
        end != token.text.data() + token.text.size()) {
      return in.Unexpected("a number");
    }
    in.Take();
    if (second == nullptr || !in.AcceptSymbol(",")) break;
  }
  return in.ExpectSymbol(")");
}

Status CheckRange(TextPosition at, const char* what, int value, int low, int high) {
  if (value >= low && value <= high) return Status::Ok();
  return SqlError(ErrorNumber::kUnknownType, at,
                  std::string(what) + " must be between " + std::to_string(low) + " and " +
                      std::to_string(high) + " but was " + std::to_string(value));
}

Result<DataType> ParseRow(TokenStream& in) {
  std::string_view close = in.IsSymbol("(") ? ")" : ">";
  RETURN_IF_ERROR(in.ExpectSymbol(close == ")" ? "(" : "<"));
  std::vector<Field> fields;
  if (in.IsSymbol("<>")) return in.Unexpected("a field");
  while (!in.IsSymbol(close)) {
    const Token& token = in.Peek();
    if (token.kind != TokenKind::kWord && token.kind != TokenKind::kQuoted)
      return in.Unexpected("a field name");
    std::string name = in.Take().text;
    ASSIGN_OR_RETURN(DataType type, ParseDataType(in));
    if (in.Peek().kind == TokenKind::kString) in.Take();  // a comment
    fields.push_back({std::move(name), std::move(type)});
    if (!in.AcceptSymbol(",")) break;
  }
  RETURN_IF_ERROR(in.ExpectSymbol(close));
  return DataType::Row(std::move(fields));
}

Result<DataType> ParseInterval(TokenStream& in) {
  auto is_year_month = [](const Token& token) {
    return token.upper == "YEAR" || token.upper == "MONTH" || token.upper == "QUARTER";
  };
  const Token& unit = in.Take();
  bool year_month = is_year_month(unit);
  int ignored = 0;
  RETURN_IF_ERROR(Numbers(in, &ignored, &ignored));
  if (in.Accept("TO")) {
    in.Take();
    RETURN_IF_ERROR(Numbers(in, &ignored, &ignored));
  }
  return year_month ? DataType::IntervalYearMonth() : DataType::IntervalDayTime();
}

Result<DataType> ParseTimestamp(TokenStream& in, bool local) {
  TextPosition at = in.position();
  int precision = 6;
  RETURN_IF_ERROR(Numbers(in, &precision));
  if (in.Accept({"WITH", "LOCAL", "TIME", "ZONE"})) {
    local = true;
  } else if (in.IsWords({"WITH", "TIME", "ZONE"})) {
    return SqlError(ErrorNumber::kUnsupported, at, "TIMESTAMP WITH TIME ZONE is not supported",
                    "use TIMESTAMP_LTZ, an instant shown in the session's time zone");
  } else {
    in.Accept({"WITHOUT", "TIME", "ZONE"});
  }
  RETURN_IF_ERROR(CheckRange(at, "the precision of a timestamp", precision, 0, 9));
  return local ? DataType::TimestampLtz(precision) : DataType::Timestamp(precision);
}

Result<DataType> ParseSized(TokenStream& in, TypeKind kind, int length, bool required_varying) {
  TextPosition at = in.position();
  if (required_varying && in.Accept("VARYING")) {
    kind = kind == TypeKind::kChar ? TypeKind::kVarChar : TypeKind::kVarBinary;
    length = 1;
  }
  RETURN_IF_ERROR(Numbers(in, &length));
  RETURN_IF_ERROR(CheckRange(at, "the length of a string type", length, 1, DataType::kMaxLength));
  return DataType(kind, length);
}

Result<DataType> ParseRoot(TokenStream& in) {
  const Token token = in.Peek();
  if (token.kind != TokenKind::kWord) return in.Unexpected("a type");
  in.Take();
  const std::string& word = token.upper;
  if (word == "BOOLEAN") return DataType::Boolean();
  if (word == "TINYINT") return DataType::TinyInt();
  if (word == "SMALLINT") return DataType::SmallInt();
  if (word == "INT" || word == "INTEGER") return DataType::Int();
  if (word == "BIGINT") return DataType::BigInt();
  if (word == "FLOAT" || word == "REAL") return DataType::Float();
  if (word == "DOUBLE") {
    in.Accept("PRECISION");
    return DataType::Double();
  }
  if (word == "DECIMAL" || word == "NUMERIC" || word == "DEC") {
    int precision = 10, scale = 0;
    RETURN_IF_ERROR(Numbers(in, &precision, &scale));
    RETURN_IF_ERROR(CheckRange(token.position, "the precision of DECIMAL", precision, 1, 38));
    RETURN_IF_ERROR(CheckRange(token.position, "the scale of DECIMAL", scale, 0, precision));
    return DataType::Decimal(precision, scale);
  }
  if (word == "CHAR" || word == "CHARACTER") return ParseSized(in, TypeKind::kChar, 1, true);
  if (word == "VARCHAR") return ParseSized(in, TypeKind::kVarChar, DataType::kMaxLength, false);
  if (word == "STRING") return DataType::String();
  if (word == "BINARY") return ParseSized(in, TypeKind::kBinary, 1, true);
  if (word == "VARBINARY") return ParseSized(in, TypeKind::kVarBinary, DataType::kMaxLength, false);
  if (word == "BYTES") return DataType::Bytes();
  if (word == "DATE") return DataType::Date();
  if (word == "TIME") {
    int precision = 0;
    RETURN_IF_ERROR(Numbers(in, &precision));
    in.Accept({"WITHOUT", "TIME", "ZONE"});
    RETURN_IF_ERROR(CheckRange(token.position, "the precision of TIME", precision, 0, 9));
    return DataType::Time(precision);
  }
  if (word == "TIMESTAMP") return ParseTimestamp(in, false);
  if (word == "TIMESTAMP_LTZ") return ParseTimestamp(in, true);
  if (word == "INTERVAL") return ParseInterval(in);
  if (word == "VARIANT") return DataType::Variant();
  if (word == "BITMAP") return DataType::Bitmap();
  if (word == "NULL") return DataType::Null();
  if (word == "ROW") return ParseRow(in);
  if (word == "ARRAY" || word == "MULTISET") {
    RETURN_IF_ERROR(in.ExpectSymbol("<"));
    ASSIGN_OR_RETURN(DataType element, ParseDataType(in));
    RETURN_IF_ERROR(in.ExpectSymbol(">"));
    return word == "ARRAY" ? DataType::Array(element) : DataType::Multiset(element);
  }
  if (word == "MAP") {
    RETURN_IF_ERROR(in.ExpectSymbol("<"));
    ASSIGN_OR_RETURN(DataType key, ParseDataType(in));
    RETURN_IF_ERROR(in.ExpectSymbol(","));
    ASSIGN_OR_RETURN(DataType value, ParseDataType(in));
    RETURN_IF_ERROR(in.ExpectSymbol(">"));
    return DataType::Map(key, value);
  }
  if (word == "RAW" || word == "STRUCTURED") {
    return SqlError(ErrorNumber::kUnsupported, token.position, "type " + word + " is not supported");
  }
  return SqlError(ErrorNumber::kUnknownType, token.position, "unknown type '" + token.text + "'");
}

}  // namespace

Result<DataType> ParseDataType(TokenStream& in) {
  if (!in.Enter()) return SqlError(ErrorNumber::kTooDeep, in.position(), "types are nested too deeply");
  ASSIGN_OR_RETURN(DataType type, ParseRoot(in));
  while (true) {
    if (in.Accept({"NOT", "NULL"})) {
      type = type.NotNull();
    } else if (in.IsWord("NULL")) {
      in.Take();
    } else if (in.Accept("ARRAY")) {
      type = DataType::Array(type);
    } else if (in.Accept("MULTISET")) {
      type = DataType::Multiset(type);
    } else {
      break;
    }
  }
  in.Leave();
  return type;
}

Result<DataType> ParseType(std::string_view text) {
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text));
  TokenStream in(std::move(tokens));
  ASSIGN_OR_RETURN(DataType type, ParseDataType(in));
  if (!in.AtEnd()) return in.Unexpected("end of type");
  return type;
}

}  // namespace penstock::sql
