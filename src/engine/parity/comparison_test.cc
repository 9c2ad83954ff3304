// Rows of both sides: what counts as equal, how the rest is described, and what explains it.
#include "engine/parity/comparison.h"

#include <gtest/gtest.h>

#include <cmath>

#include "data/column_builder.h"
#include "env/files/memory_file_system.h"

namespace penstock {
namespace {

const DataType kTime = DataType::Timestamp(3);
constexpr int64_t kMinute = 60'000;

// Columns of the sink: k STRING, n BIGINT, x DOUBLE, e TIMESTAMP(3).
struct TestRow {
  std::string k;
  int64_t n = 0;
  double x = 0;
  int64_t e_ms = 0;
};

class ComparisonTest : public testing::Test {
 protected:
  ComparisonTest() {
    context_.files = &files_;
    context_.memory = &memory_;
    context_.work_directory = "/work";
    layout_.names = {"k", "n", "x", "e"};
    layout_.types = {DataType::String(), DataType::BigInt(), DataType::Double(), kTime};
    layout_.keys = {0};
    layout_.compared = {1, 2, 3};
    layout_.keyed = true;
  }
  static Batch Rows(const std::vector<TestRow>& rows) {
    ColumnBuilder k(DataType::String()), n(DataType::BigInt()), x(DataType::Double()), e(kTime);
    for (const TestRow& row : rows) {
      k.AppendString(row.k);
      n.Append(row.n);
      x.Append(row.x);
      e.Append(row.e_ms * 1000);
    }
    return Batch(static_cast<int64_t>(rows.size()), {k.Finish(), n.Finish(), x.Finish(), e.Finish()});
  }
  SinkParity Compare(const std::vector<TestRow>& batch, const std::vector<TestRow>& stream, int most = 10) {
    SortedRows expected(layout_, &context_), written(layout_, &context_);
    EXPECT_TRUE(expected.Add(Rows(batch), range_).ok());
    EXPECT_TRUE(written.Add(Rows(stream), range_).ok());
    SinkParity report;
    auto left = expected.Finish().value(), right = written.Finish().value();
    Comparison comparison(layout_, late_, expected, most, &report);
    EXPECT_TRUE(comparison.Compare(left.get(), right.get()).ok());
    EXPECT_EQ(report.unexplained + report.late + report.nondeterministic > 0, !report.first.empty());
    return report;
  }

  MemoryFileSystem files_;
  MemoryBudget memory_;
  OperatorContext context_;
  SinkLayout layout_;
  sql::ReadRange range_;
  std::deque<LateRowsIndex> late_;
};

TEST_F(ComparisonTest, EqualRowsAreEqualInWhateverOrder) {
  SinkParity report = Compare({{"a", 1, 0.5}, {"b", 2, 1}}, {{"b", 2, 1}, {"a", 1, 0.5}});
  EXPECT_EQ(report.equal, 2);
  EXPECT_EQ(report.batch_rows, 2);
  EXPECT_EQ(report.stream_rows, 2);
  EXPECT_EQ(report.unexplained, 0);
  EXPECT_EQ(Compare({}, {}).equal, 0);
}

TEST_F(ComparisonTest, RowsWithoutAKeyAreComparedAsOftenAsTheyOccur) {
  layout_.keys = {0, 1, 3};
  layout_.compared = {2};
  layout_.keyed = false;
  SinkParity report = Compare({{"a"}, {"a"}, {"a"}, {"b"}}, {{"a"}, {"a"}, {"c"}, {"c"}});
  EXPECT_EQ(report.equal, 2);
  EXPECT_EQ(report.unexplained, 4) << "a and b once are missing, c is there twice";
  int missing = 0, extra = 0;
  for (const ParityDifference& one : report.first) {
    missing += one.kind == ParityDifference::Kind::kMissing ? 1 : 0;
    extra += one.kind == ParityDifference::Kind::kOnlyInStream ? 1 : 0;
  }
  EXPECT_EQ(missing, 2);
  EXPECT_EQ(extra, 1) << "equal ones are shown once";
}

TEST_F(ComparisonTest, OtherValuesOfAKeyAreOneDifferenceWithTheColumnsThatDiffer) {
  SinkParity report = Compare({{"a", 1, 0.5}}, {{"a", 3, 0.5}});
  EXPECT_EQ(report.unexplained, 1);
  ASSERT_EQ(report.first.size(), 1u);
  const ParityDifference& one = report.first[0];
  EXPECT_EQ(one.kind, ParityDifference::Kind::kValues);
  ASSERT_EQ(one.key.size(), 1u);
  EXPECT_EQ(one.key[0].column, "k");
  EXPECT_EQ(one.key[0].stream, "a");
  ASSERT_EQ(one.cells.size(), 1u);
  EXPECT_EQ(one.cells[0].column, "n");
  EXPECT_EQ(one.cells[0].batch, "1");
  EXPECT_EQ(one.cells[0].stream, "3");
}

TEST_F(ComparisonTest, RoundingIsNoDifference) {
  EXPECT_EQ(Compare({{"a", 1, 0.1 + 0.2}}, {{"a", 1, 0.3}}).equal, 1);
  EXPECT_EQ(Compare({{"a", 1, 0.3001}}, {{"a", 1, 0.3}}).unexplained, 1);
  EXPECT_EQ(Compare({{"a", 1, 0.1 + 0.2}}, {{"a", 2, 0.3}}).unexplained, 1) << "the other column counts";
}

TEST_F(ComparisonTest, ColumnsThatAReplayChangesDoNotCount) {
  layout_.compared = {2, 3};
  layout_.left_out = {1};
  SinkParity report = Compare({{"a", 1}, {"b", 1}}, {{"a", 99}, {"b", 1}});
  EXPECT_EQ(report.equal, 2);
  EXPECT_EQ(report.nondeterministic_rows, 1);
  EXPECT_EQ(report.unexplained, 0);
}

TEST_F(ComparisonTest, UnexplainedDifferencesAreShownFirst) {
  SinkParity plain = Compare({{"a"}, {"b"}, {"c"}}, {}, 2);
  EXPECT_EQ(plain.unexplained, 3);
  EXPECT_EQ(plain.first.size(), 2u);
  layout_.conditions = "RAND";
  SinkParity drawn = Compare({{"a"}}, {});
  EXPECT_EQ(drawn.nondeterministic, 1);
  EXPECT_EQ(drawn.first[0].what, ParityClass::kNondeterministic);
}

TEST_F(ComparisonTest, ALateRowOfTheWindowExplainsADifference) {
  layout_.place.kind = sql::RowPlace::Kind::kWindow;
  layout_.place.end = 3;
  layout_.place.window.kind = sql::WindowKind::kTumble;
  layout_.place.window.size = kMinute;
  layout_.keys = {0, 3};
  layout_.compared = {1, 2};
  auto table = std::make_shared<Table>();
  for (const auto& [name, type] : {std::pair("k", DataType::String()), std::pair("ts", kTime)}) {
    TableColumn& column = table->columns.emplace_back();
    column.name = name;
    column.type = type;
  }
  LateLane lane{table, {"k", "ts"}, {0}, 1, -1};
  late_.emplace_back(layout_, lane);
  ColumnBuilder k(DataType::String()), ts(kTime);
  k.AppendString("a");
  ts.Append((kMinute + 1) * 1000);
  late_[0].Add(Batch(1, {k.Finish(), ts.Finish()}));
  late_[0].Finish();
  EXPECT_EQ(late_[0].rows(), 1);
  auto differs = [&](const std::string& key, int64_t end_ms) {
    return Compare({{key, 2, 0, end_ms}}, {{key, 1, 0, end_ms}});
  };
  SinkParity late = differs("a", 2 * kMinute);
  EXPECT_EQ(late.late, 1);
  EXPECT_EQ(late.first[0].what, ParityClass::kLate);
  EXPECT_EQ(late.first[0].window, "[1970-01-01 00:01:00.000, 1970-01-01 00:02:00.000)");
  EXPECT_TRUE(late.first[0].key.size() == 1) << "the window tells the other";
  EXPECT_EQ(differs("a", 3 * kMinute).unexplained, 1) << "another window";
  EXPECT_EQ(differs("b", 2 * kMinute).unexplained, 1) << "another key";
}

TEST_F(ComparisonTest, RowsOutsideOfTheRangeAreNotCompared) {
  layout_.place.kind = sql::RowPlace::Kind::kTime;
  layout_.place.time = 3;
  range_ = {1000, 2000};
  SinkParity report = Compare({{"a", 1, 0, 1000}, {"b", 1, 0, 999}, {"c", 1, 0, 2000}}, {{"a", 1, 0, 1000}});
  EXPECT_EQ(report.equal, 1);
  EXPECT_EQ(report.batch_rows, 1);
  EXPECT_EQ(report.unexplained, 0);
}

TEST_F(ComparisonTest, OfASinkThatKeepsTheLastRowOfAKeyThatCounts) {
  layout_.folds = true;
  SinkParity report = Compare({{"a", 3}}, {{"a", 1}, {"a", 2}, {"a", 3}});
  EXPECT_EQ(report.equal, 1);
  EXPECT_EQ(report.stream_rows, 1);
  EXPECT_EQ(report.unexplained, 0);
}

TEST(NearlyEqual, IsRelativeAndExactForTheRest) {
  DataType twice = DataType::Double(), once = DataType::Float();
  auto number = [](double value) { return Value::Double(value); };
  EXPECT_TRUE(NearlyEqual(number(1e20), number(1e20 + 1e5), twice));
  EXPECT_FALSE(NearlyEqual(number(1e20), number(1.0000001e20), twice));
  EXPECT_TRUE(NearlyEqual(number(1), number(1.0000001), once));
  EXPECT_TRUE(NearlyEqual(number(NAN), number(NAN), twice));
  EXPECT_FALSE(NearlyEqual(number(INFINITY), number(1e300), twice));
  EXPECT_FALSE(NearlyEqual(number(0), number(1e-300), twice));
  EXPECT_TRUE(NearlyEqual(Value::Null(), Value::Null(), twice));
  EXPECT_FALSE(NearlyEqual(Value::Null(), number(0), twice));
}

}  // namespace
}  // namespace penstock
