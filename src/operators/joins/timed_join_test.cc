// Joins that depend on time: bounds, versions, windows, what is late and what is held back.
#include <gtest/gtest.h>

#include "operators/joins/interval_join.h"
#include "operators/joins/join_test_bench.h"
#include "operators/joins/temporal_join.h"
#include "operators/joins/window_join.h"

namespace penstock {
namespace {

using testing_bench::Bench;

constexpr int64_t kMilli = 1000;  // times are microseconds

// Both sides are (key, time, value).
JoinSpec Spec(JoinType type) {
  JoinSpec spec;
  spec.type = type;
  for (JoinSide& side : spec.sides) {
    side.types = {DataType::BigInt(), DataType::BigInt(), DataType::BigInt()};
    side.keys = {0};
    side.key_types = {DataType::BigInt()};
  }
  spec.null_safe = {false};
  return spec;
}

std::unique_ptr<Operator> Interval(JoinType type, int64_t lower, int64_t upper) {
  IntervalJoinSpec spec;
  spec.join = Spec(type);
  spec.time_columns = {1, 1};
  spec.lower_ms = lower;
  spec.upper_ms = upper;
  Result<IntervalJoinSpec> copy = IntervalJoinSpec::Parse(spec.Serialize());
  return std::make_unique<IntervalJoin>(std::move(*copy));
}

std::unique_ptr<Operator> Temporal(JoinType type) {
  TemporalJoinSpec spec;
  spec.join = Spec(type);
  spec.time_columns = {1, 1};
  Result<TemporalJoinSpec> copy = TemporalJoinSpec::Parse(spec.Serialize());
  return std::make_unique<TemporalJoin>(std::move(*copy));
}

std::unique_ptr<Operator> Window(JoinType type) {
  WindowJoinSpec spec;
  spec.join = Spec(type);
  spec.end_columns = {1, 1};
  Result<WindowJoinSpec> copy = WindowJoinSpec::Parse(spec.Serialize());
  return std::make_unique<WindowJoin>(std::move(*copy));
}

TEST(IntervalJoin, BoundsAreInclusive) {
  Bench bench([] { return Interval(JoinType::kInner, -5, 2); });
  bench.Feed(1, {{RowKind::kInsert, {1, 10 * kMilli, 0}}});
  bench.Feed(0, {{RowKind::kInsert, {1, 4 * kMilli, 4}},
                 {RowKind::kInsert, {1, 5 * kMilli, 5}},
                 {RowKind::kInsert, {1, 12 * kMilli, 12}},
                 {RowKind::kInsert, {1, 13 * kMilli, 13}},
                 {RowKind::kInsert, {2, 10 * kMilli, 2}}});
  EXPECT_EQ(bench.TakeText(), "+I[1, 5000, 5, 1, 10000, 0] +I[1, 12000, 12, 1, 10000, 0]");
}

TEST(IntervalJoin, PadsAtExpiryAndHoldsTheWatermarkBack) {
  Bench bench([] { return Interval(JoinType::kLeft, -5, 2); });
  bench.Feed(0, {{RowKind::kInsert, {1, 10 * kMilli, 7}}});
  bench.Watermark(0, 15);
  EXPECT_EQ(bench.TakeText(true), "W(9)");
  bench.SaveAndRestore();
  bench.Watermark(0, 16);
  EXPECT_EQ(bench.TakeText(true), "+I[1, 10000, 7, null, null, null] W(10)");
}

TEST(IntervalJoin, LateRowIsPaddedAtOnceWhenItsTimeHasPassed) {
  Bench bench([] { return Interval(JoinType::kLeft, -5, 2); });
  bench.Watermark(0, 100);
  bench.Feed(0, {{RowKind::kInsert, {1, 10 * kMilli, 7}}});
  EXPECT_EQ(bench.TakeText(), "+I[1, 10000, 7, null, null, null]");
}

TEST(IntervalJoin, BoundsThatExcludeEachOtherPadAtOnce) {
  Bench bench([] { return Interval(JoinType::kLeft, 5, 4); });
  bench.Feed(1, {{RowKind::kInsert, {1, 10 * kMilli, 0}}});
  bench.Feed(0, {{RowKind::kInsert, {1, 14 * kMilli, 7}}});
  EXPECT_EQ(bench.TakeText(), "+I[1, 14000, 7, null, null, null]");
}

TEST(TemporalJoin, MeetsTheVersionOfItsTime) {
  Bench bench([] { return Temporal(JoinType::kLeft); });
  bench.Feed(1, {{RowKind::kInsert, {1, 10 * kMilli, 100}},
                 {RowKind::kUpdateBefore, {1, 10 * kMilli, 100}},
                 {RowKind::kUpdateAfter, {1, 20 * kMilli, 200}},
                 {RowKind::kDelete, {1, 30 * kMilli, 200}}});
  bench.Feed(0, {{RowKind::kInsert, {1, 9 * kMilli, 1}},
                 {RowKind::kInsert, {1, 25 * kMilli, 2}},
                 {RowKind::kInsert, {1, 15 * kMilli, 3}},
                 {RowKind::kInsert, {1, 30 * kMilli, 4}}});
  bench.SaveAndRestore();
  bench.Watermark(0, 40);
  EXPECT_EQ(bench.TakeText(),
            "+I[1, 9000, 1, null, null, null] +I[1, 25000, 2, 1, 20000, 200] "
            "+I[1, 15000, 3, 1, 10000, 100] +I[1, 30000, 4, null, null, null]");
}

TEST(TemporalJoin, LateRowsAreCountedAndVersionsKept) {
  Bench bench([] { return Temporal(JoinType::kInner); });
  bench.Feed(1, {{RowKind::kInsert, {1, 10 * kMilli, 100}}});
  bench.Watermark(0, 40);
  bench.Feed(0, {{RowKind::kInsert, {1, 40 * kMilli, 1}}, {RowKind::kInsert, {1, 41 * kMilli, 2}}});
  bench.Watermark(0, 50);
  EXPECT_EQ(bench.TakeText(), "+I[1, 41000, 2, 1, 10000, 100]");
  EXPECT_EQ(bench.metrics().late_rows, 1);
}

TEST(WindowJoin, JoinsWhenTheWindowEnds) {
  Bench bench([] { return Window(JoinType::kFull); });
  bench.Feed(0,
             {{RowKind::kInsert, {1, 10 * kMilli, 1}}, {RowKind::kInsert, {std::nullopt, 10 * kMilli, 2}}});
  bench.Feed(1, {{RowKind::kInsert, {1, 20 * kMilli, 3}}, {RowKind::kInsert, {1, 10 * kMilli, 4}}});
  bench.Feed(1, {{RowKind::kInsert, {std::nullopt, 10 * kMilli, 5}}});
  bench.SaveAndRestore();
  bench.Watermark(0, 9);
  EXPECT_EQ(bench.TakeText(),
            "+I[1, 10000, 1, 1, 10000, 4] +I[null, 10000, 2, null, null, null] "
            "+I[null, null, null, null, 10000, 5]");
  bench.Feed(0, {{RowKind::kInsert, {1, 10 * kMilli, 6}}});
  EXPECT_EQ(bench.metrics().late_rows, 1);
}

}  // namespace
}  // namespace penstock
