// Tests of casts: what wraps, what becomes NULL and what fails.
#include "expr/cast/cast.h"

#include <gtest/gtest.h>

#include "data/value_text.h"
#include "expr/type_rules.h"

namespace penstock {
namespace {

// The text of the converted value, or "error".
std::string Cast(const Value& value, const DataType& from, const DataType& to, bool nulls = false,
                 bool legacy = false) {
  EvalContext context;
  context.legacy_cast = legacy;
  Result<Kernel> kernel = MakeCast(from, to, context, nulls);
  if (!kernel) return "no cast";
  ColumnPtr column = Column::Constant(from, value, 1);
  Result<ColumnPtr> converted = (*kernel)(std::span(&column, 1), 1);
  return converted ? ValueToText((*converted)->ValueAt(0), to, TimeZone::Utc()) : "error";
}

std::string FromText(const char* text, const DataType& to, bool nulls = false) {
  return Cast(Value::String(text), DataType::String(), to, nulls);
}

TEST(CastTest, IntegersWrapAndDoublesSaturate) {
  EXPECT_EQ(Cast(Value::Int(300), DataType::Int(), DataType::TinyInt()), "44");
  EXPECT_EQ(Cast(Value::Double(1e20), DataType::Double(), DataType::Int()), "2147483647");
  EXPECT_EQ(Cast(Value::Double(-2.9), DataType::Double(), DataType::BigInt()), "-2");
}

TEST(CastTest, DecimalOverflowOfNumbersIsNullAndOfTextsFails) {
  EXPECT_EQ(Cast(Value::Int(1234), DataType::Int(), DataType::Decimal(5, 2)), "NULL");
  EXPECT_EQ(FromText("1234", DataType::Decimal(5, 2)), "error");
  EXPECT_EQ(FromText("1234", DataType::Decimal(5, 2), true), "NULL");
  EXPECT_EQ(FromText(" 12.345 ", DataType::Decimal(5, 2)), "12.35");
}

TEST(CastTest, TextsAreTrimmedAndIntegersLoseTheirFraction) {
  EXPECT_EQ(FromText(" -7.9 ", DataType::Int()), "-7");
  EXPECT_EQ(FromText("1e3", DataType::Int()), "error");
  EXPECT_EQ(FromText("128", DataType::TinyInt()), "error");
  EXPECT_EQ(FromText("1.5f", DataType::Double()), "1.5");
  EXPECT_EQ(FromText("inf", DataType::Double()), "error");
  EXPECT_EQ(FromText("Yes", DataType::Boolean()), "TRUE");
}

TEST(CastTest, LengthsCutAndPadUnlessLegacy) {
  EXPECT_EQ(FromText("äbcd", DataType::VarChar(2)), "äb");
  EXPECT_EQ(FromText("ab", DataType::Char(4)), "ab  ");
  EXPECT_EQ(Cast(Value::String("abcd"), DataType::String(), DataType::VarChar(2), false, true), "abcd");
  EXPECT_EQ(Cast(Value::String("abc"), DataType::Bytes(), DataType::Binary(2)), "ab");
}

TEST(CastTest, BytesMustBeTextToBecomeText) {
  EXPECT_EQ(Cast(Value::String("\xc3\xa4"), DataType::Bytes(), DataType::String()), "ä");
  EXPECT_EQ(Cast(Value::String("\x80"), DataType::Bytes(), DataType::String()), "error");
  EXPECT_EQ(Cast(Value::String("\x80"), DataType::Bytes(), DataType::String(), true), "NULL");
}

TEST(CastTest, OneBadElementMakesTheTriedValueNull) {
  DataType from = DataType::Array(DataType::String()), to = DataType::Array(DataType::Int());
  Value list = Value::List({Value::String("1"), Value::String("x")});
  EXPECT_EQ(Cast(list, from, to), "error");
  EXPECT_EQ(Cast(list, from, to, true), "NULL");
  EXPECT_EQ(Cast(Value::List({Value::String("1"), Value::Null()}), from, to, true), "[1, NULL]");
}

TEST(CastTest, VariantsConvertAsTheirKind) {
  auto variant = [](const char* json, const DataType& to) {
    return Cast(Value::String(json), DataType::Variant(), to);
  };
  EXPECT_EQ(variant("300", DataType::TinyInt()), "44");
  EXPECT_EQ(variant("2e10", DataType::Int()), "2147483647");
  EXPECT_EQ(variant("\"a\\u0062\"", DataType::String()), "ab");
  EXPECT_EQ(variant("\"1\"", DataType::Int()), "error");
  EXPECT_EQ(variant("null", DataType::Int()), "NULL");
}

TEST(CastTest, OnlyDocumentedCastsAreValid) {
  EXPECT_FALSE(CanCastExplicitly(DataType::Double(), DataType::Boolean()));
  EXPECT_FALSE(CanCastExplicitly(DataType::Date(), DataType::Time()));
  EXPECT_FALSE(CanCastExplicitly(DataType::Int(), DataType::Timestamp(3)));
  EXPECT_FALSE(CanCastImplicitly(DataType::Double(), DataType::Float()));
  EXPECT_TRUE(CanCastImplicitly(DataType::Timestamp(3), DataType::Date()));
  EXPECT_FALSE(CanCastImplicitly(DataType::Date(), DataType::Timestamp(3)));
}

}  // namespace
}  // namespace penstock
