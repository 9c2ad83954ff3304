// Facts about the early lane of window aggregations.
#include "operators/rank/rank_testing.h"
#include "operators/windows/window_aggregate.h"

namespace penstock {
namespace {

using Lines = std::vector<std::string>;
constexpr RowKind kIns = RowKind::kInsert;

// Columns: key, value, time (microseconds).
const std::vector<DataType> kTypes = {DataType::BigInt(), DataType::BigInt(), DataType::Timestamp(3)};

std::vector<Value> R(int64_t key, int64_t value, int64_t seconds) {
  return {Value::Int(key), Value::Int(value), Value::Int(seconds * 1'000'000)};
}

// SUM(value) per key and window; its rows: key, window end, sum, and in the early lane is_final.
WindowAggregateSpec SumPerWindow(WindowShape shape, int64_t size, int64_t slide, int64_t early_interval_ms) {
  WindowAggregateSpec spec;
  spec.window = {shape, size, slide, 0};
  spec.time_column = 2;
  spec.groups = {0};
  spec.group_types = {DataType::BigInt()};
  spec.calls = {AggregateCall{"SUM", {1}, {DataType::BigInt()}, {Value()}, -1, false, DataType::BigInt()}};
  spec.output = {{WindowOutputColumn::Kind::kKey, 0, DataType::BigInt()},
                 {WindowOutputColumn::Kind::kEnd, 0, DataType::Timestamp(3)},
                 {WindowOutputColumn::Kind::kAggregate, 0, DataType::BigInt()}};
  spec.retracts = true;
  spec.early_interval_ms = early_interval_ms;
  return *WindowAggregateSpec::Parse(spec.Serialize());
}

OperatorDriver Driver(const WindowAggregateSpec& spec) {
  return OperatorDriver(kTypes, [spec] { return std::make_unique<WindowAggregate>(spec); });
}

OperatorDriver Tumble(int64_t early_interval_ms = 1000) {
  return Driver(SumPerWindow(WindowShape::kTumble, 10'000, 10'000, early_interval_ms));
}

TEST(EarlyResults, OpenWindowsAreToldWhenTheIntervalIsOver) {
  OperatorDriver sums = Tumble();
  sums.Row(kIns, R(1, 5, 1)).Row(kIns, R(2, 6, 2)).Row(kIns, R(1, 7, 11)).Advance(999);
  EXPECT_EQ(sums.TakeLane(kEarlyLane), Lines{});
  sums.Advance(1);
  EXPECT_EQ(sums.TakeLane(kEarlyLane),
            (Lines{"+U 1 10000000 5 0", "+U 2 10000000 6 0", "+U 1 20000000 7 0"}));
  EXPECT_EQ(sums.Take(), Lines{});
}

TEST(EarlyResults, OnlyWindowsThatChangedAreToldAgain) {
  OperatorDriver sums = Tumble();
  sums.Row(kIns, R(1, 5, 1)).Row(kIns, R(1, 7, 11)).Advance(1000);
  sums.TakeLane(kEarlyLane);
  sums.Advance(5000);
  EXPECT_EQ(sums.TakeLane(kEarlyLane), Lines{});
  sums.Row(kIns, R(1, 1, 12)).Advance(1000);
  EXPECT_EQ(sums.TakeLane(kEarlyLane), (Lines{"+U 1 20000000 8 0"}));
}

TEST(EarlyResults, AWindowThatFiresIsToldAsFinal) {
  OperatorDriver sums = Tumble();
  sums.Row(kIns, R(1, 5, 1)).Watermark(10'000);
  EXPECT_EQ(sums.Take(), (Lines{"+I 1 10000000 5"}));
  EXPECT_EQ(sums.TakeLane(kEarlyLane), (Lines{"+U 1 10000000 5 1"}));
  sums.Advance(1000);
  EXPECT_EQ(sums.TakeLane(kEarlyLane), Lines{});
}

TEST(EarlyResults, TheMainLaneIsTheSameWithAndWithoutThem) {
  OperatorDriver with = Tumble(), without = Tumble(0);
  for (OperatorDriver* sums : {&with, &without}) {
    sums->Row(kIns, R(1, 5, 1)).Advance(1000).Row(kIns, R(1, 6, 2)).Advance(1000);
    sums->Row(kIns, R(1, 7, 12)).Watermark(20'000);
  }
  EXPECT_EQ(with.Take(), without.Take());
  EXPECT_EQ(without.TakeLane(kEarlyLane), Lines{});
}

TEST(EarlyResults, AGroupWhoseRowsAreTakenBackIsDeleted) {
  OperatorDriver sums = Tumble();
  sums.Row(kIns, R(1, 5, 1)).Row(kIns, R(2, 3, 1)).Advance(1000);
  sums.TakeLane(kEarlyLane);
  sums.Row(RowKind::kDelete, R(1, 5, 1)).Advance(1000);
  EXPECT_EQ(sums.TakeLane(kEarlyLane), (Lines{"+U 2 10000000 3 0", "-D 1 10000000 null 0"}));
}

TEST(EarlyResults, HoppingWindowsAreMergedFromTheirSlices) {
  OperatorDriver sums = Driver(SumPerWindow(WindowShape::kHop, 20'000, 10'000, 1000));
  sums.Row(kIns, R(1, 5, 1)).Row(kIns, R(1, 7, 11)).Watermark(10'000).Advance(1000);
  EXPECT_EQ(sums.TakeLane(kEarlyLane),
            (Lines{"+U 1 10000000 5 1", "+U 1 20000000 12 0", "+U 1 30000000 7 0"}));
  sums.Watermark(40'000);
  EXPECT_EQ(sums.Take(), (Lines{"+I 1 10000000 5", "+I 1 20000000 12", "+I 1 30000000 7"}));
}

TEST(EarlyResults, WindowsOfASavepointAreTold) {
  OperatorDriver sums = Tumble();
  sums.Row(kIns, R(1, 5, 1));
  sums.Restart();
  sums.Advance(1000);
  EXPECT_EQ(sums.TakeLane(kEarlyLane), (Lines{"+U 1 10000000 5 0"}));
}

}  // namespace
}  // namespace penstock
