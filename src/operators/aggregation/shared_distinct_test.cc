// Values that aggregates share: who sees which row, and what a savepoint of before becomes.
#include "operators/aggregation/shared_distinct.h"

#include <gtest/gtest.h>

#include "data/column_builder.h"
#include "env/clock.h"

namespace penstock {
namespace {

using Signs = std::vector<int8_t>;

class SharedDistinctTest : public ::testing::Test {
 protected:
  SharedDistinctTest() : backend_(MakeHashBackend({}, &clock_)) {
    values_ = *backend_->OpenFixed({"shared", SharedDistinct::kWidth, 0, true});
  }
  // Values of one group, and which rows two aggregates look at.
  std::vector<Signs> KeepFirst(const std::vector<int64_t>& values, std::vector<Signs> signs) {
    ColumnBuilder builder(DataType::BigInt());
    for (int64_t value : values) builder.Append(value);
    std::vector<std::string_view> groups(values.size(), "group");
    std::vector<Signs*> own;
    for (Signs& one : signs) own.push_back(&one);
    SharedDistinct distinct(values_, {DataType::BigInt()});
    EXPECT_TRUE(distinct.KeepFirst(0, {builder.Finish()}, groups, own).ok());
    return signs;
  }
  static std::string KeyOf(int64_t value) {
    ColumnBuilder builder(DataType::BigInt());
    builder.Append(value);
    std::string key = "group";
    KeyCodec({DataType::BigInt()}).EncodeRow(std::vector{builder.Finish()}, 0, &key);
    return key;
  }

  ManualClock clock_{0};
  std::unique_ptr<StateBackend> backend_;
  FixedState* values_ = nullptr;
};

TEST_F(SharedDistinctTest, EachAggregateSeesAValueOnce) {
  std::vector<Signs> first = KeepFirst({7, 7, 8, 7}, {{1, 1, 1, 1}, {0, 1, 0, 1}});
  EXPECT_EQ(first, (std::vector<Signs>{{1, 0, 1, 0}, {0, 1, 0, 0}}));
  first = KeepFirst({8, 7}, {{1, 1}, {1, 1}});
  EXPECT_EQ(first, (std::vector<Signs>{{0, 0}, {1, 0}}));
  EXPECT_EQ(values_->size(0), 2U);
}

TEST_F(SharedDistinctTest, AValueThatNobodyLooksAtIsNotKept) {
  KeepFirst({7, 8}, {{0, 1}, {0, 0}});
  EXPECT_EQ(values_->size(0), 1U);
}

TEST_F(SharedDistinctTest, TakesOverWhatAnAggregateHadAlone) {
  FixedState* own = *backend_->OpenFixed({"own", 0, 0, true});
  std::string bytes = KeyOf(7);
  StateKey key{bytes, SubKeyHash(HashKey("group"), HashKey(bytes))};
  uint8_t* value = nullptr;
  uint8_t created = 0;
  ASSERT_TRUE(own->Access(0, {&key, 1}, {&value, 1}, {&created, 1}).ok());
  SharedDistinct distinct(values_, {DataType::BigInt()});
  ASSERT_TRUE(distinct.TakeOver(own, 1).ok());
  EXPECT_TRUE(own->Namespaces().empty());
  EXPECT_EQ(KeepFirst({7}, {{1}, {1}}), (std::vector<Signs>{{1}, {0}}));
}

}  // namespace
}  // namespace penstock
