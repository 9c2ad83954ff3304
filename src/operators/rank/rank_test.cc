// Facts about Top-N, deduplication and window Top-N, row by row and over restarts.
#include "operators/rank/rank.h"

#include "operators/rank/deduplicate.h"
#include "operators/rank/rank_testing.h"
#include "operators/rank/sort.h"
#include "operators/rank/window_rank.h"

namespace penstock {
namespace {

using Lines = std::vector<std::string>;
constexpr RowKind kIns = RowKind::kInsert, kBefore = RowKind::kUpdateBefore, kAfter = RowKind::kUpdateAfter;

std::vector<Value> R(std::vector<int64_t> cells) {
  std::vector<Value> row;
  for (int64_t cell : cells) row.push_back(Value::Int(cell));
  return row;
}

const std::vector<DataType> kTwo = {DataType::BigInt(), DataType::BigInt()};
const std::vector<DataType> kTimed = {DataType::BigInt(), DataType::Timestamp(3)};

// Columns: key, value; ordered by value.
RankSpec TopSpec(RankInput input, int64_t first, int64_t last, bool number) {
  RankSpec spec;
  spec.rows = {kTwo, {0}, {{1, false, false}}};
  spec.input = input;
  spec.first = first;
  spec.last = last;
  spec.number = number;
  return spec;
}

OperatorDriver TopDriver(const RankSpec& spec, size_t batch_rows = 1000) {
  return OperatorDriver(
      kTwo, [spec] { return std::make_unique<Rank>(spec); }, batch_rows);
}

TEST(Rank, WithNumberUpdatesEachPlaceThatChanges) {
  for (size_t batch_rows : {1U, 2U, 1000U}) {
    OperatorDriver top = TopDriver(TopSpec(RankInput::kAppend, 1, 2, true), batch_rows);
    top.Row(kIns, R({1, 30})).Row(kIns, R({1, 20})).Row(kIns, R({1, 10})).Row(kIns, R({1, 40}));
    EXPECT_EQ(top.Take(), (Lines{"+I 1 30 1", "-U 1 30 1", "+U 1 20 1", "+I 1 30 2", "-U 1 20 1", "+U 1 10 1",
                                 "-U 1 30 2", "+U 1 20 2"}));
  }
}

TEST(Rank, WithoutNumberOnlyRowsThatEnterOrLeaveAreSeen) {
  OperatorDriver top = TopDriver(TopSpec(RankInput::kAppend, 1, 2, false));
  top.Row(kIns, R({1, 30})).Row(kIns, R({1, 20})).Row(kIns, R({1, 10})).Row(kIns, R({1, 20}));
  EXPECT_EQ(top.Take(), (Lines{"+I 1 30", "+I 1 20", "-D 1 30", "+I 1 10"}));
}

TEST(Rank, BestRowAloneIsReplacedInPlace) {
  OperatorDriver top = TopDriver(TopSpec(RankInput::kAppend, 1, 1, false));
  top.Row(kIns, R({1, 30})).Row(kIns, R({1, 20})).Row(kIns, R({1, 20}));
  EXPECT_EQ(top.Take(), (Lines{"+I 1 30", "-U 1 30", "+U 1 20"}));
}

TEST(Rank, OffsetHidesTheFirstPlaces) {
  OperatorDriver top = TopDriver(TopSpec(RankInput::kAppend, 2, 3, false));
  top.Row(kIns, R({1, 10})).Row(kIns, R({1, 20})).Row(kIns, R({1, 5}));
  EXPECT_EQ(top.Take(), (Lines{"+I 1 20", "-U 1 20", "+U 1 10", "+I 1 20"}));
}

TEST(Rank, RetractionLetsTheNextRowIn) {
  OperatorDriver top = TopDriver(TopSpec(RankInput::kRetract, 1, 2, false));
  top.Row(kIns, R({1, 10})).Row(kIns, R({1, 20})).Row(kIns, R({1, 30}));
  EXPECT_EQ(top.Take(), (Lines{"+I 1 10", "+I 1 20"}));
  top.Restart();
  top.Row(kBefore, R({1, 10})).Row(kAfter, R({1, 40}));
  EXPECT_EQ(top.Take(), (Lines{"-D 1 10", "+I 1 30"}));
}

TEST(Rank, RetractionWithNumberClosesTheGap) {
  OperatorDriver top = TopDriver(TopSpec(RankInput::kRetract, 1, 2, true));
  top.Row(kIns, R({1, 10})).Row(kIns, R({1, 20})).Row(kIns, R({1, 30}));
  top.Take();
  top.Row(RowKind::kDelete, R({1, 10}));
  EXPECT_EQ(top.Take(), (Lines{"-U 1 10 1", "+U 1 20 1", "-U 1 20 2", "+U 1 30 2"}));
  top.Row(RowKind::kDelete, R({1, 30}));
  EXPECT_EQ(top.Take(), (Lines{"-D 1 30 2"}));
}

// Columns: row key, value; best is the largest.
TEST(Rank, RowThatMovesUpShiftsThoseItPasses) {
  RankSpec spec;
  spec.rows = {kTwo, {}, {{1, true, true}}};
  spec.input = RankInput::kUpdate;
  spec.row_key = {0};
  spec.last = 3;
  spec.number = true;
  OperatorDriver top = TopDriver(spec);
  top.Row(kIns, R({1, 5})).Row(kIns, R({2, 4})).Row(kIns, R({3, 3}));
  EXPECT_EQ(top.Take(), (Lines{"+I 1 5 1", "+I 2 4 2", "+I 3 3 3"}));
  top.Row(kAfter, R({3, 6}));
  EXPECT_EQ(top.Take(), (Lines{"-U 1 5 1", "+U 3 6 1", "-U 2 4 2", "+U 1 5 2", "-U 3 3 3", "+U 2 4 3"}));
}

OperatorDriver DeduplicateDriver(const DeduplicateSpec& spec) {
  return OperatorDriver(kTimed, [spec] { return std::make_unique<Deduplicate>(spec); });
}

TEST(Deduplicate, KeepFirstWaitsForTheWatermarkAndNeverUpdates) {
  DeduplicateSpec spec;
  spec.rows = {kTimed, {0}, {}};
  spec.time_column = 1;
  OperatorDriver first = DeduplicateDriver(spec);
  first.Row(kIns, R({1, 5000})).Row(kIns, R({1, 3000})).Watermark(4).Row(kIns, R({1, 1000}));
  EXPECT_EQ(first.Take(), (Lines{"+I 1 3000"}));
  EXPECT_EQ(first.late_rows(), 1);
  first.Restart();
  first.Row(kIns, R({1, 2000})).Row(kIns, R({2, 9000})).Watermark(9);
  EXPECT_EQ(first.Take(), (Lines{"+I 2 9000"}));
}

TEST(Deduplicate, KeepLastPrefersTheLaterArrivalAmongEqualTimes) {
  DeduplicateSpec spec;
  spec.rows = {kTimed, {}, {}};
  spec.time_column = 1;
  spec.keep_last = true;
  OperatorDriver last = DeduplicateDriver(spec);
  last.Row(kIns, R({1, 5000})).Row(kIns, R({2, 5000})).Row(kIns, R({3, 4000}));
  EXPECT_EQ(last.Take(), (Lines{"+I 1 5000", "-U 1 5000", "+U 2 5000"}));
}

TEST(WindowRank, FiresAtTheEndAndDropsRowsOfFiredWindows) {
  WindowRankSpec spec;  // columns: value, window end (also its start here)
  spec.rows = {kTimed, {}, {{0, false, false}}};
  spec.window_start = 1;
  spec.window_end = 1;
  spec.last = 2;
  spec.number = true;
  OperatorDriver top(kTimed, [spec] { return std::make_unique<WindowRank>(spec); });
  top.Row(kIns, R({3, 10000})).Row(kIns, R({2, 10000})).Row(kIns, R({1, 10000})).Watermark(8);
  EXPECT_EQ(top.Take(), Lines{});
  top.Restart();
  top.Watermark(9).Row(kIns, R({0, 10000}));
  EXPECT_EQ(top.Take(), (Lines{"+I 1 10000 1", "+I 2 10000 2"}));
  EXPECT_EQ(top.late_rows(), 1);
}

TEST(Sort, RowsOfATimeLeaveInTheOrderOfTheOtherKeys) {
  SortSpec spec{{kTimed, {}, {{0, false, false}}}, 1};
  OperatorDriver sort(kTimed, [spec] { return std::make_unique<Sort>(spec); });
  sort.Row(kIns, R({3, 2000})).Row(kIns, R({2, 1000})).Row(kIns, R({1, 2000})).Watermark(2);
  sort.Row(kIns, R({9, 2000}));
  EXPECT_EQ(sort.Take(), (Lines{"+I 2 1000", "+I 1 2000", "+I 3 2000"}));
}

}  // namespace
}  // namespace penstock
