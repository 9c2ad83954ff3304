// Aggregates over a view in memory: what rows that are taken back do to results.
#include <gtest/gtest.h>

#include "data/value_text.h"
#include "expr/aggregates/aggregate_testing.h"

namespace penstock {
namespace {

struct Change {
  int sign;
  Value value;
};

// The result of one group after the changes, as JSON.
std::string ResultOf(const std::string& name, const DataType& type, const std::vector<Change>& changes,
                     bool retracts = true) {
  const AggregateFunction* function = AggregateRegistry::BuiltIn().Find(name);
  ArgInfo info{type, nullptr};
  Result<Signature> signature = function->ResolveCall(std::span(&info, 1));
  EXPECT_TRUE(signature.has_value());
  AggregateSite site{signature->args, {Value::Null()}, signature->result, retracts, nullptr};
  Result<std::unique_ptr<AggregateKernel>> kernel = function->BindCall(site);
  EXPECT_TRUE(kernel.has_value());
  MemoryView views[2];
  std::vector<AggregateView*> handed;
  for (int v = 0; v < (*kernel)->view_count(); ++v) handed.push_back(&views[v]);
  (*kernel)->SetViews(handed);
  std::vector<uint64_t> state((*kernel)->width() / 8 + 1);
  auto* bytes = reinterpret_cast<uint8_t*>(state.data());
  (*kernel)->Init(bytes);

  AggregateInput input;
  ColumnBuilder column(signature->args[0]);
  std::vector<int8_t> signs;
  for (const Change& change : changes) {
    column.AppendValue(change.value);
    signs.push_back(static_cast<int8_t>(change.sign));
  }
  std::vector<std::string_view> groups(changes.size(), "g");
  std::vector<uint8_t*> states(changes.size(), bytes);
  input.args = {column.Finish()};
  input.rows = static_cast<int64_t>(changes.size());
  input.signs = signs;
  input.groups = groups;
  ColumnBuilder out(signature->result);
  EXPECT_TRUE((*kernel)->UpdateAndEmit(input, states, &out).ok());
  ColumnPtr results = out.Finish();
  return ValueToJson(results->ValueAt(results->length() - 1), signature->result);
}

Value Text(const char* text) { return Value::String(text); }

TEST(AggregateTest, MaxFallsBackToTheNextValueWhenTheLargestIsTakenBack) {
  EXPECT_EQ(ResultOf("MAX", DataType::Int(), {{1, Value::Int(3)}, {1, Value::Int(7)}, {-1, Value::Int(7)}}),
            "3");
  EXPECT_EQ(ResultOf("MIN", DataType::String(), {{1, Text("b")}, {1, Text("a")}, {-1, Text("a")}}), "\"b\"");
}

TEST(AggregateTest, MinIgnoresAValueTakenBackBeforeItCame) {
  EXPECT_EQ(ResultOf("MIN", DataType::Int(), {{-1, Value::Int(1)}, {1, Value::Int(5)}}), "5");
}

TEST(AggregateTest, TextsOfInsertOnlyInputKeepTheBest) {
  EXPECT_EQ(ResultOf("MAX", DataType::String(), {{1, Text("ab")}, {1, Text("b")}, {1, Value::Null()}}, false),
            "\"b\"");
}

TEST(AggregateTest, FirstValueMovesOnWhenTheFirstIsTakenBack) {
  std::vector<Change> changes = {{1, Text("x")}, {1, Text("y")}, {1, Text("x")}, {-1, Text("x")}};
  EXPECT_EQ(ResultOf("FIRST_VALUE", DataType::String(), changes), "\"y\"");
  EXPECT_EQ(ResultOf("LAST_VALUE", DataType::String(), changes), "\"x\"");
}

TEST(AggregateTest, ListsKeepTheOrderOfArrival) {
  std::vector<Change> changes = {{1, Text("b")}, {1, Text("a")}, {1, Text("b")}, {-1, Text("b")}};
  EXPECT_EQ(ResultOf("LISTAGG", DataType::String(), changes), "\"a,b\"");
  EXPECT_EQ(ResultOf("ARRAY_AGG", DataType::String(), {{1, Value::Null()}, {1, Text("a")}}), "[null,\"a\"]");
  EXPECT_EQ(ResultOf("JSON_ARRAYAGG", DataType::String(), {{1, Value::Null()}, {1, Text("a")}}),
            "\"[\\\"a\\\"]\"");
}

TEST(AggregateTest, VarianceIsExactlyZeroForEqualValues) {
  Change same{1, Value::Double(0.27)};
  EXPECT_EQ(ResultOf("STDDEV_SAMP", DataType::Double(), {same, same, same}), "0");
  EXPECT_EQ(ResultOf("VAR_SAMP", DataType::Double(), {same}), "null");
}

}  // namespace
}  // namespace penstock
