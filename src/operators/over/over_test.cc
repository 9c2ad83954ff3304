// Facts about OVER windows and sessions.
#include "operators/over/over_aggregate.h"
#include "operators/over/over_changes.h"
#include "operators/rank/rank_testing.h"
#include "operators/windows/session_window.h"

namespace penstock {
namespace {

using Lines = std::vector<std::string>;
constexpr RowKind kIns = RowKind::kInsert;

std::vector<Value> R(std::vector<int64_t> cells) {
  std::vector<Value> row;
  for (int64_t cell : cells) row.push_back(Value::Int(cell));
  return row;
}

// Columns: key, value, time.
const std::vector<DataType> kTypes = {DataType::BigInt(), DataType::BigInt(), DataType::Timestamp(3)};

OverFunctions SumAndLag() {
  OverFunctions functions;
  AggregateCall sum{"SUM", {1}, {DataType::BigInt()}, {Value()}, -1, false, DataType::BigInt()};
  functions.calls.push_back(sum);
  OverFunction aggregate, lag;
  aggregate.type = DataType::BigInt();
  lag.kind = OverFunction::Kind::kLag;
  lag.column = 1;
  lag.type = DataType::BigInt();
  functions.functions = {aggregate, lag};
  return functions;
}

OperatorDriver OverDriver(bool row_frame, int64_t preceding, size_t batch_rows = 1000) {
  OverAggregateSpec spec;
  spec.rows = {kTypes, {0}, {}};
  spec.time_column = 2;
  spec.row_frame = row_frame;
  spec.preceding = preceding;
  spec.functions = SumAndLag();
  return OperatorDriver(
      kTypes, [spec] { return std::make_unique<OverAggregate>(spec); }, batch_rows);
}

TEST(OverAggregate, RangePeersShareTheirResult) {
  for (size_t batch_rows : {1U, 1000U}) {
    OperatorDriver over = OverDriver(false, -1, batch_rows);
    over.Row(kIns, R({1, 1, 2000})).Row(kIns, R({1, 2, 1000})).Row(kIns, R({1, 4, 2000})).Watermark(2);
    EXPECT_EQ(over.Take(), (Lines{"+I 1 2 1000 2 null", "+I 1 1 2000 7 1", "+I 1 4 2000 7 1"}));
  }
}

TEST(OverAggregate, RowsFrameTakesBackWhatFallsOut) {
  OperatorDriver over = OverDriver(true, 1);
  over.Row(kIns, R({1, 1, 1000})).Row(kIns, R({1, 2, 1000})).Watermark(1);
  EXPECT_EQ(over.Take(), (Lines{"+I 1 1 1000 1 1", "+I 1 2 1000 3 1"}));
  over.Restart();
  over.Row(kIns, R({1, 4, 2000})).Watermark(5);
  EXPECT_EQ(over.Take(), (Lines{"+I 1 4 2000 6 2"}));
}

TEST(OverAggregate, RangeFrameReachesBackByTime) {
  OperatorDriver over = OverDriver(false, 2);
  over.Row(kIns, R({1, 1, 1000})).Row(kIns, R({1, 2, 3000})).Row(kIns, R({1, 4, 4000})).Watermark(9);
  EXPECT_EQ(over.Take(), (Lines{"+I 1 1 1000 1 null", "+I 1 2 3000 3 1", "+I 1 4 4000 6 2"}));
}

TEST(OverAggregate, LatenessIsByKeyNotByWatermark) {
  OperatorDriver over = OverDriver(true, -1);
  over.Row(kIns, R({1, 1, 2000})).Watermark(5);
  over.Row(kIns, R({1, 9, 2000})).Row(kIns, R({2, 3, 1000})).Watermark(6);
  EXPECT_EQ(over.Take(), (Lines{"+I 1 1 2000 1 null", "+I 2 3 1000 3 null"}));
  EXPECT_EQ(over.late_rows(), 1);
}

TEST(OverChanges, RowsBehindAChangeAreUpdated) {
  OverChangesSpec spec;
  spec.rows = {kTypes, {0}, {{1, false, false}}};
  spec.row_frame = true;
  spec.functions = SumAndLag();
  OperatorDriver over(kTypes, [spec] { return std::make_unique<OverChanges>(spec); });
  over.Row(kIns, R({1, 1, 0})).Row(kIns, R({1, 5, 0})).Row(RowKind::kUpdateAfter, R({1, 3, 0}));
  EXPECT_EQ(over.Take(),
            (Lines{"+I 1 1 0 1 null", "+I 1 5 0 6 1", "+U 1 3 0 4 1", "-U 1 5 0 6 1", "+U 1 5 0 9 3"}));
  over.Restart();
  over.Row(RowKind::kUpdateBefore, R({1, 1, 0}));
  EXPECT_EQ(over.Take(),
            (Lines{"-D 1 1 0 1 null", "-U 1 3 0 4 1", "+U 1 3 0 3 null", "-U 1 5 0 9 3", "+U 1 5 0 8 3"}));
}

OperatorDriver SessionDriver() {
  SessionWindowSpec spec;
  spec.rows = {kTypes, {0}, {}};
  spec.time_column = 2;
  spec.gap = 3;
  spec.time_type = DataType::Timestamp(3);
  return OperatorDriver(kTypes, [spec] { return std::make_unique<SessionWindow>(spec); });
}

TEST(SessionWindow, RowBetweenTwoSessionsMergesThem) {
  OperatorDriver session = SessionDriver();
  session.Row(kIns, R({1, 1, 0})).Row(kIns, R({1, 2, 6000})).Row(kIns, R({1, 3, 3000})).Watermark(7);
  EXPECT_EQ(session.Take(), Lines{});
  session.Restart();
  session.Watermark(8);
  EXPECT_EQ(session.Take(),
            (Lines{"+I 1 1 0 0 9000 8000", "+I 1 2 6000 0 9000 8000", "+I 1 3 3000 0 9000 8000"}));
}

// Rows of a batch that follow each other in a session are kept together.
TEST(SessionWindow, RowsOfABatchLeaveInTheirOrderWhateverSessionsWereBetween) {
  OperatorDriver session = SessionDriver();
  session.Row(kIns, R({1, 1, 1000})).Row(kIns, R({2, 2, 9000})).Row(kIns, R({1, 3, 2000}));
  session.Row(kIns, R({1, 4, 9000})).Row(kIns, R({1, 5, 0})).Row(kIns, R({1, 6, 3000}));
  session.Restart();
  session.Row(kIns, R({1, 7, 7000})).Row(kIns, R({1, 8, 6000})).Row(kIns, R({1, 9, 4000}));
  session.Row(kIns, R({3, 10, 1000})).Row(kIns, R({3, 11, 2000})).Watermark(4);
  EXPECT_EQ(session.Take(), (Lines{"+I 3 10 1000 1000 5000 4000", "+I 3 11 2000 1000 5000 4000"}));
  session.Restart();
  session.Watermark(11);
  EXPECT_EQ(
      session.Take(),
      (Lines{"+I 1 1 1000 0 12000 11000", "+I 1 3 2000 0 12000 11000", "+I 1 4 9000 0 12000 11000",
             "+I 1 5 0 0 12000 11000", "+I 1 6 3000 0 12000 11000", "+I 1 7 7000 0 12000 11000",
             "+I 1 8 6000 0 12000 11000", "+I 1 9 4000 0 12000 11000", "+I 2 2 9000 9000 12000 11000"}));
}

TEST(SessionWindow, RowBehindTheWatermarkStillJoinsAnOpenSession) {
  OperatorDriver session = SessionDriver();
  session.Row(kIns, R({1, 1, 5000})).Watermark(6).Row(kIns, R({1, 2, 2000})).Row(kIns, R({2, 3, 2000}));
  session.Watermark(9);
  EXPECT_EQ(session.Take(), (Lines{"+I 1 1 5000 2000 8000 7000", "+I 1 2 2000 2000 8000 7000"}));
  EXPECT_EQ(session.late_rows(), 1);
}

}  // namespace
}  // namespace penstock
