// Sketch aggregates as kernels: their bounds on skewed data, and that parts add up to the whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "expr/aggregates/aggregate_testing.h"

namespace penstock {
namespace {

struct Call {
  std::string name;
  std::vector<DataType> types;
  std::vector<Value> constants;
  bool retracts = false;
};

TestGroup GroupOf(const Call& call) {
  const AggregateFunction* function = AggregateRegistry::BuiltIn().Find(call.name);
  std::vector<ArgInfo> infos;
  for (size_t i = 0; i < call.types.size(); ++i)
    infos.push_back({call.types[i], call.constants[i].is_null() ? nullptr : &call.constants[i]});
  auto signature = function->ResolveCall(infos);
  CHECK(signature.has_value());
  auto kernel =
      function->BindCall({signature->args, call.constants, signature->result, call.retracts, nullptr});
  CHECK(kernel.has_value());
  return TestGroup(std::move(*kernel));
}

template <typename T>
ColumnPtr ColumnOf(const DataType& type, const std::vector<T>& values) {
  ColumnBuilder builder(type);
  for (T value : values) builder.Append(value);
  return builder.Finish();
}

// 1/rank-distributed values below `distinct`, in a fixed shuffled order.
std::vector<int64_t> Skewed(int64_t distinct, int64_t most) {
  std::vector<int64_t> values;
  for (int64_t rank = 1; rank <= distinct; ++rank)
    values.insert(values.end(), static_cast<size_t>(most / rank), rank);
  uint64_t random = 88172645463325252ULL;
  for (size_t i = values.size(); i > 1; --i) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    std::swap(values[i - 1], values[random % i]);
  }
  return values;
}

const DataType kBig = DataType::BigInt();

TEST(ApproximateTopK, FindsTheMostFrequentWithinItsBound) {
  Call call{"APPROX_TOP_K", {kBig, DataType::Int().NotNull()}, {Value::Null(), Value::Int(5)}};
  TestGroup group = GroupOf(call);
  std::vector<int64_t> values = Skewed(5000, 5000);
  ASSERT_TRUE(
      group.Update({ColumnOf(kBig, values), Column::Constant(DataType::Int(), Value::Int(5), 1)}).ok());
  DataType type = DataType::Array(DataType::Row({{"item", kBig}, {"count", kBig}}));
  ColumnPtr top = group.Result(type);
  ASSERT_EQ(top->ListEnd(0) - top->ListBegin(0), 5);
  double bound = 2.0 / 256 * static_cast<double>(values.size());
  for (int32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(top->child(0)->child(0)->At<int64_t>(i), i + 1);
    int64_t over = top->child(0)->child(1)->At<int64_t>(i) - 5000 / (i + 1);
    EXPECT_GE(over, 0);
    EXPECT_LE(static_cast<double>(over), bound);
  }
}

TEST(ApproximatePercentile, IsOffByAtMostItsAccuracy) {
  DataType fraction = DataType::Double().NotNull();
  for (double accuracy : {0.01, 0.001}) {
    for (double p : {0.0, 0.01, 0.5, 0.9, 0.999, 1.0}) {
      Call call{"APPROX_PERCENTILE",
                {DataType::Double(), fraction, fraction},
                {Value::Null(), Value::Double(p), Value::Double(accuracy)}};
      TestGroup group = GroupOf(call);
      std::vector<double> values;
      for (int64_t v : Skewed(3000, 3000))
        values.push_back((v % 7 == 0 ? -1.0 : 1.0) * std::exp(0.004 * static_cast<double>(v)));
      ColumnPtr percentage =
          Column::Constant(fraction, Value::Double(p), static_cast<int64_t>(values.size()));
      ASSERT_TRUE(group.Update({ColumnOf(DataType::Double(), values), percentage}).ok());
      std::sort(values.begin(), values.end());
      double exact = values[static_cast<size_t>(p * static_cast<double>(values.size() - 1))];
      EXPECT_LE(std::abs(group.Result(DataType::Double())->At<double>(0) - exact),
                std::abs(exact) * accuracy * 1.0001)
          << p;
    }
  }
}

TEST(SketchAggregates, PartsAddUpToTheWhole) {
  DataType fraction = DataType::Double().NotNull();
  const Value none = Value::Null();
  const Call calls[] = {{"APPROX_COUNT_DISTINCT", {kBig}, {none}},
                        {"APPROX_COUNT_DISTINCT", {kBig}, {none}, true},
                        {"HLL_SKETCH_AGG", {kBig}, {none}},
                        {"COUNT_MIN_SKETCH_AGG", {kBig}, {none}},
                        {"BLOOM_FILTER_AGG", {kBig}, {none}},
                        {"SUM", {kBig}, {none}},
                        {"MIN", {kBig}, {none}, true},
                        {"MAX", {kBig}, {none}},
                        {"COUNT", {kBig, kBig}, {none, none}}};
  std::vector<int64_t> values = Skewed(2000, 4000);
  std::vector<int64_t> first(values.begin(), values.begin() + 700), rest(values.begin() + 700, values.end());
  for (const Call& call : calls) {
    TestGroup whole = GroupOf(call), a = GroupOf(call), b = GroupOf(call);
    auto args = [&](const std::vector<int64_t>& some) {
      return std::vector<ColumnPtr>(call.types.size(), ColumnOf(kBig, some));
    };
    ASSERT_TRUE(a.kernel().has_partials()) << call.name;
    ASSERT_TRUE(whole.Update(args(values)).ok() && a.Update(args(first)).ok() && b.Update(args(rest)).ok());
    ASSERT_TRUE(a.MergeFrom(b).ok()) << call.name;
    bool bytes = call.name.ends_with("_AGG");
    DataType type = bytes ? DataType::Bytes() : kBig;
    EXPECT_EQ(a.Result(type)->ValueAt(0), whole.Result(type)->ValueAt(0)) << call.name;
  }
}

TEST(SketchAggregates, WhatCanBeTakenBackLeavesNothing) {
  TestGroup group = GroupOf({"COUNT_MIN_SKETCH_AGG", {kBig}, {Value::Null()}, true});
  ColumnPtr values = ColumnOf(kBig, Skewed(500, 10));
  ASSERT_TRUE(group.Update({values}).ok());
  EXPECT_FALSE(group.Result(DataType::Bytes())->IsNull(0));
  ASSERT_TRUE(group.Update({values}, -1).ok());
  EXPECT_TRUE(group.Result(DataType::Bytes())->IsNull(0));
}

TEST(SketchAggregates, OrderSensitiveOnesHaveNoParts) {
  for (const char* name : {"FIRST_VALUE", "LAST_VALUE", "LISTAGG", "ARRAY_AGG"}) {
    for (const DataType& type : {DataType::String(), kBig}) {
      if (name == std::string("LISTAGG") && !type.is_character()) continue;
      EXPECT_FALSE(GroupOf({name, {type}, {Value::Null()}}).kernel().has_partials()) << name;
    }
  }
}

}  // namespace
}  // namespace penstock
