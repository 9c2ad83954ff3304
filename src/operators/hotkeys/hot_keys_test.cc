// Salting: rows of a hot key go to every subtask, each content to one of them, and a restored operator salts
// from its first row on.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "operators/hotkeys/hot_key_salt.h"
#include "state/key_group.h"

namespace penstock {
namespace {

class CollectedRoutes : public Output {
 public:
  void Emit(int, Batch batch) override {
    const Column& keys = *batch.column(0);
    KeyCodec codec({DataType::BigInt().NotNull()});
    for (int64_t row = 0; row < batch.rows; ++row) {
      std::string key;
      codec.EncodeRow(std::span(&batch.columns.back(), 1), row, &key);
      int target = SubtaskOf(KeyGroupOf(HashKey(key), 128), 128, 4);
      targets[keys.At<int64_t>(row)][target] += 1;
      contents[{keys.At<int64_t>(row), batch.column(1)->At<int64_t>(row)}].insert(target);
    }
  }
  bool full() const override { return false; }
  std::map<int64_t, std::map<int, int>> targets;  // key -> target -> rows
  std::map<std::pair<int64_t, int64_t>, std::set<int>> contents;
};

// Columns key and value; key 7 has nine rows in ten.
Batch Rows(int64_t from, int64_t count) {
  ColumnBuilder keys(DataType::BigInt()), values(DataType::BigInt());
  for (int64_t i = from; i < from + count; ++i) {
    keys.Append(i % 10 == 0 ? 1000 + i % 770 : int64_t{7});
    values.Append(i % 97);
  }
  return Batch(count, {keys.Finish(), values.Finish()});
}

class HotKeySaltTest : public testing::Test {
 protected:
  HotKeySaltTest() {
    context_.eval = &eval_;
    context_.metrics = &metrics_;
    HotKeySaltSpec spec{{0}, {DataType::BigInt()}, {1}, {DataType::BigInt()}, 128};
    context_.next_parallelism = 4;
    spec_ = *HotKeySaltSpec::Parse(spec.Serialize());
  }
  EvalContext eval_;
  OperatorMetrics metrics_;
  OperatorContext context_;
  HotKeySaltSpec spec_;
};

TEST_F(HotKeySaltTest, AHotKeyIsSpreadEvenlyAndTheOthersStayWhole) {
  HotKeySalt salt(spec_);
  ASSERT_TRUE(salt.Open(&context_).ok());
  CollectedRoutes warm, out;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(salt.Process(0, Rows(i * 1000, 1000), warm).has_value());
  for (int i = 20; i < 40; ++i) ASSERT_TRUE(salt.Process(0, Rows(i * 1000, 1000), out).has_value());
  ASSERT_EQ(out.targets[7].size(), 4u);
  for (const auto& [target, rows] : out.targets[7]) EXPECT_NEAR(rows, 18000 / 4, 1500);
  for (const auto& [key, targets] : out.targets) EXPECT_TRUE(key == 7 || targets.size() == 1) << key;
  for (const auto& [content, targets] : out.contents) EXPECT_EQ(targets.size(), 1u);
  auto found = std::dynamic_pointer_cast<HotKeyFindings>(metrics_.findings())->keys();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text, "(7)");
  EXPECT_EQ(found[0].subtasks, 4);
}

TEST_F(HotKeySaltTest, ARestoredOperatorSaltsFromTheFirstRow) {
  HotKeySalt salt(spec_);
  ASSERT_TRUE(salt.Open(&context_).ok());
  CollectedRoutes before, after;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(salt.Process(0, Rows(i * 1000, 1000), before).has_value());
  std::vector<std::string> lists;
  ASSERT_TRUE(salt.SnapshotState(&lists).ok());
  HotKeySalt restored(spec_);
  ASSERT_TRUE(restored.RestoreState(lists).ok());
  ASSERT_TRUE(restored.Open(&context_).ok());
  ASSERT_TRUE(restored.Process(0, Rows(0, 500), after).has_value());
  EXPECT_EQ(after.targets[7].size(), 4u);
  lists[0].pop_back();
  EXPECT_FALSE(HotKeySalt(spec_).RestoreState(lists).ok());
}

TEST_F(HotKeySaltTest, EvenKeysAreLeftAlone) {
  HotKeySalt salt(spec_);
  ASSERT_TRUE(salt.Open(&context_).ok());
  CollectedRoutes out;
  ColumnBuilder keys(DataType::BigInt());
  for (int64_t i = 0; i < 20000; ++i) keys.Append(i % 500);
  ColumnPtr column = keys.Finish();
  ASSERT_TRUE(salt.Process(0, Batch(20000, {column, column}), out).has_value());
  for (const auto& [key, targets] : out.targets) EXPECT_EQ(targets.size(), 1u);
}

}  // namespace
}  // namespace penstock
