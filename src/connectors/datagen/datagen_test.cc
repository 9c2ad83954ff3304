// Generated rows: sequences, pacing by the clock, repeatability and restored positions.
#include <gtest/gtest.h>

#include "connectors/datagen/datagen_connector.h"
#include "connectors/print/row_text.h"
#include "stream/table_spec.h"

namespace penstock {
namespace {

class DatagenTest : public testing::Test {
 protected:
  DatagenTest() {
    DatagenConnector::Register(&registry_);
    spec_.table = "t";
    spec_.options = {{"seed", "3"},
                     {"rows-per-second", "100"},
                     {"fields.id.kind", "sequence"},
                     {"fields.id.start", "5"},
                     {"fields.id.end", "14"},
                     {"fields.s.length", "4"}};
    spec_.stored = spec_.columns = {{"id", DataType::BigInt(), ""}, {"s", DataType::String(), ""}};
  }
  std::unique_ptr<SplitReader> Reader(const std::vector<SourceSplit>* splits = nullptr, int parallelism = 1) {
    JobVertex vertex;
    vertex.factory = "datagen";
    vertex.spec = spec_.Serialize();
    source_ = registry_.NewSource(vertex).value();
    SourceContext context;
    context.clock = &clock_;
    context.parallelism = parallelism;
    std::unique_ptr<SplitReader> reader = source_->MakeReader(context).value();
    CHECK(reader
              ->AddSplits(splits != nullptr ? *splits
                                            : source_->MakeEnumerator(context).value()->Discover().value())
              .ok());
    return reader;
  }
  std::string Poll(SplitReader& reader) {
    PollResult polled = reader.Poll(1000).value();
    if (polled.state == PollState::kEnd) return "end";
    std::string text;
    for (int64_t row = 0; row < polled.batch.rows; ++row)
      text += JavaRowText(polled.batch, row, spec_.schema().types());
    return text;
  }
  // All rows, with the clock moving on.
  std::string All(SplitReader& reader) {
    std::string text;
    for (std::string more = Poll(reader); more != "end"; more = Poll(reader)) {
      text += more;
      clock_.AdvanceMicros(10'000);
    }
    return text;
  }
  ManualClock clock_{1'000'000'000};
  FactoryRegistry registry_;
  TableSpec spec_;
  std::unique_ptr<Source> source_;
};

TEST_F(DatagenTest, FollowsTheClock) {
  std::unique_ptr<SplitReader> reader = Reader();
  EXPECT_NE(Poll(*reader), "");  // the first row is due at once
  EXPECT_EQ(Poll(*reader), "");
  clock_.AdvanceMicros(20'000);
  std::string two = Poll(*reader);
  EXPECT_TRUE(two.starts_with("+I[6, ")) << two;
  EXPECT_NE(two.find("+I[7, "), std::string::npos);
  EXPECT_EQ(two.find("+I[8, "), std::string::npos);
}

TEST_F(DatagenTest, EndsWithItsSequenceAndRepeatsWithItsSeed) {
  std::string all = All(*Reader());
  EXPECT_NE(all.find("+I[14, "), std::string::npos);
  EXPECT_EQ(all.find("+I[15, "), std::string::npos);
  EXPECT_EQ(All(*Reader()), all);
  spec_.options["seed"] = "4";
  EXPECT_NE(All(*Reader()), all);
}

TEST_F(DatagenTest, GoesOnFromASnapshot) {
  std::string all = All(*Reader());
  std::unique_ptr<SplitReader> reader = Reader();
  std::string begun = Poll(*reader);
  clock_.AdvanceMicros(30'000);
  begun += Poll(*reader);
  std::vector<SourceSplit> splits = reader->Snapshot();
  EXPECT_EQ(begun + All(*Reader(&splits)), all);
}

TEST_F(DatagenTest, SplitsShareTheRows) {
  spec_.columns = {spec_.columns[0]};
  spec_.options["number-of-rows"] = "6";
  std::vector<SourceSplit> splits = [&] {
    Reader();
    SourceContext context;
    context.parallelism = 2;
    return source_->MakeEnumerator(context).value()->Discover().value();
  }();
  ASSERT_EQ(splits.size(), 2u);
  std::vector<SourceSplit> first = {splits[0]}, second = {splits[1]};
  EXPECT_EQ(All(*Reader(&first)), "+I[5]+I[7]+I[9]");
  EXPECT_EQ(All(*Reader(&second)), "+I[6]+I[8]+I[10]");
}

TEST_F(DatagenTest, ARestartAtHigherParallelismMakesNoRowTwice) {
  Reader();
  SourceContext context;
  context.parallelism = 3;
  context.restored = true;
  EXPECT_TRUE(source_->MakeEnumerator(context).value()->Discover().value().empty());
}

TEST(RowText, IsJavas) {
  auto text = [](const Value& value, const DataType& type) { return JavaText(value, type); };
  EXPECT_EQ(text(Value::Int(0), DataType::Timestamp(3)), "1970-01-01T00:00");
  EXPECT_EQ(text(Value::Int(1'500'000), DataType::Timestamp(3)), "1970-01-01T00:00:01.500");
  EXPECT_EQ(text(Value::Int(0), DataType::TimestampLtz(3)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(text(Value::Int(60'000), DataType::Time()), "00:01");
  EXPECT_EQ(text(Value::String("\xff\x01"), DataType::Bytes()), "[-1, 1]");
  EXPECT_EQ(text(Value::List({Value::Int(1), Value::Null()}), DataType::Array(DataType::Int())), "[1, null]");
  DataType row = DataType::Row({{"a", DataType::Boolean()}});
  EXPECT_EQ(text(Value::List({Value::Bool(true)}), row), "+I[true]");
}

}  // namespace
}  // namespace penstock
