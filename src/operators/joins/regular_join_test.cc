// Changes of the regular join, by kind of join, and their independence of batches.
#include "operators/joins/regular_join.h"

#include <gtest/gtest.h>

#include "data/row_codec.h"
#include "operators/joins/join_test_bench.h"

namespace penstock {
namespace {

using testing_bench::Bench;
using testing_bench::Change;

// Both sides are (key, value); rows meet on the key.
RegularJoinSpec Spec(JoinType type) {
  RegularJoinSpec spec;
  spec.join.type = type;
  for (JoinSide& side : spec.join.sides) {
    side.types = {DataType::BigInt(), DataType::BigInt()};
    side.keys = {0};
    side.key_types = {DataType::BigInt()};
  }
  spec.join.null_safe = {false};
  return spec;
}

std::unique_ptr<Operator> Make(const RegularJoinSpec& spec) {
  Result<RegularJoinSpec> copy = RegularJoinSpec::Parse(spec.Serialize());
  EXPECT_TRUE(copy.has_value());
  return std::make_unique<RegularJoin>(std::move(*copy));
}

TEST(RegularJoin, InnerPassesKindsOn) {
  Bench bench([] { return Make(Spec(JoinType::kInner)); });
  bench.Feed(1, {{RowKind::kInsert, {1, 10}}, {RowKind::kInsert, {1, 11}}});
  bench.Feed(0, {{RowKind::kUpdateAfter, {1, 5}}, {RowKind::kInsert, {2, 6}}});
  bench.Feed(1, {{RowKind::kUpdateBefore, {1, 10}}});
  EXPECT_EQ(bench.TakeText(), "+U[1, 5, 1, 10] +U[1, 5, 1, 11] -U[1, 5, 1, 10]");
}

TEST(RegularJoin, LeftSendsInsertsAndDeletesForPadding) {
  Bench bench([] { return Make(Spec(JoinType::kLeft)); });
  bench.Feed(0, {{RowKind::kInsert, {1, 5}}});
  bench.Feed(1, {{RowKind::kInsert, {1, 10}}, {RowKind::kInsert, {1, 11}}});
  bench.Feed(1, {{RowKind::kDelete, {1, 11}}, {RowKind::kUpdateBefore, {1, 10}}});
  EXPECT_EQ(bench.TakeText(),
            "+I[1, 5, null, null] -D[1, 5, null, null] +I[1, 5, 1, 10] +I[1, 5, 1, 11] "
            "-D[1, 5, 1, 11] -U[1, 5, 1, 10] +I[1, 5, null, null]");
}

TEST(RegularJoin, FullPadsBothSides) {
  Bench bench([] { return Make(Spec(JoinType::kFull)); });
  bench.Feed(0, {{RowKind::kInsert, {1, 5}}});
  bench.Feed(1, {{RowKind::kInsert, {2, 10}}, {RowKind::kInsert, {1, 11}}});
  bench.Feed(0, {{RowKind::kDelete, {1, 5}}});
  EXPECT_EQ(bench.TakeText(),
            "+I[1, 5, null, null] +I[null, null, 2, 10] -D[1, 5, null, null] +I[1, 5, 1, 11] "
            "-D[1, 5, 1, 11] +I[null, null, 1, 11]");
}

TEST(RegularJoin, AntiTakesBackRowsThatFindAPartner) {
  Bench bench([] { return Make(Spec(JoinType::kAnti)); });
  bench.Feed(0, {{RowKind::kInsert, {1, 5}}});
  bench.Feed(1, {{RowKind::kInsert, {1, 10}}, {RowKind::kInsert, {1, 11}}});
  bench.Feed(1, {{RowKind::kDelete, {1, 11}}, {RowKind::kDelete, {1, 10}}});
  EXPECT_EQ(bench.TakeText(), "+I[1, 5] -D[1, 5] +I[1, 5]");
}

TEST(RegularJoin, SemiEmitsARowOnce) {
  Bench bench([] { return Make(Spec(JoinType::kSemi)); });
  bench.Feed(1, {{RowKind::kInsert, {1, 10}}, {RowKind::kInsert, {1, 11}}});
  bench.Feed(0, {{RowKind::kInsert, {1, 5}}, {RowKind::kInsert, {2, 6}}});
  bench.Feed(1, {{RowKind::kDelete, {1, 11}}, {RowKind::kInsert, {2, 1}}});
  EXPECT_EQ(bench.TakeText(), "+I[1, 5] +I[2, 6]");
}

TEST(RegularJoin, NullMatchesNothingUnlessAsked) {
  RegularJoinSpec spec = Spec(JoinType::kInner);
  Bench plain([&] { return Make(spec); });
  plain.Feed(0, {{RowKind::kInsert, {std::nullopt, 5}}});
  plain.Feed(1, {{RowKind::kInsert, {std::nullopt, 6}}});
  EXPECT_EQ(plain.TakeText(), "");
  spec.join.null_safe = {true};
  Bench safe([&] { return Make(spec); });
  safe.Feed(0, {{RowKind::kInsert, {std::nullopt, 5}}});
  safe.Feed(1, {{RowKind::kInsert, {std::nullopt, 6}}});
  EXPECT_EQ(safe.TakeText(), "+I[null, 5, null, 6]");
}

TEST(RegularJoin, UniqueKeyReplacesItsRow) {
  RegularJoinSpec spec = Spec(JoinType::kLeft);
  spec.states[kRightSide].has_unique_key = true;
  spec.states[kRightSide].unique_in_join_key = true;
  spec.states[kRightSide].unique_key = {0};
  Bench bench([&] { return Make(spec); });
  bench.Feed(0, {{RowKind::kInsert, {1, 5}}});
  bench.Feed(1, {{RowKind::kInsert, {1, 10}}, {RowKind::kUpdateAfter, {1, 11}}, {RowKind::kDelete, {1, 11}}});
  EXPECT_EQ(bench.TakeText(),
            "+I[1, 5, null, null] -D[1, 5, null, null] +I[1, 5, 1, 10] +I[1, 5, 1, 11] "
            "-D[1, 5, 1, 11] +I[1, 5, null, null]");
}

TEST(RegularJoin, BatchesDoNotMatterAndStateSurvives) {
  std::vector<Change> left, right;
  for (int i = 0; i < 60; ++i) {
    RowKind kind = i % 7 == 6 ? RowKind::kDelete : RowKind::kInsert;
    left.push_back({kind, {i % 4, i % 3}});
    right.push_back({kind, {i % 5, i % 2}});
  }
  for (JoinType type : {JoinType::kInner, JoinType::kFull, JoinType::kAnti}) {
    Bench whole([&] { return Make(Spec(type)); });
    Bench single([&] { return Make(Spec(type)); });
    whole.Feed(0, left);
    whole.Feed(1, right);
    for (const Change& change : left) single.Feed(0, {change});
    single.SaveAndRestore();
    for (const Change& change : right) single.Feed(1, {change});
    EXPECT_EQ(whole.TakeText(), single.TakeText());
  }
}

}  // namespace
}  // namespace penstock
