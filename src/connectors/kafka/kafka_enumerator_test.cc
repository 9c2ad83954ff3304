// Where partitions begin and end, against a broker in memory.
#include "connectors/kafka/kafka_enumerator.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using Mode = KafkaPlace::Mode;

// One topic `t` of three partitions with 10, 20 and 30 records; record n has the time n * 1000.
class FakeAdmin : public KafkaAdmin {
 public:
  Result<std::vector<std::string>> ListTopics() override {
    return std::vector<std::string>{"t", "other", "__consumer_offsets"};
  }
  Result<std::vector<KafkaTopic>> DescribeTopics(const std::vector<std::string>& names) override {
    std::vector<KafkaTopic> topics;
    for (const std::string& name : names) {
      if (name == "missing") return Status::NotFound("topic 'missing'");
      topics.push_back({name, "id-of-" + name, {0, 1, 2}});
    }
    return topics;
  }
  Result<std::vector<int64_t>> ListOffsets(const std::vector<KafkaPartition>& partitions,
                                           int64_t what) override {
    std::vector<int64_t> offsets;
    for (const KafkaPartition& p : partitions) {
      int64_t size = (p.partition + 1) * 10;
      int64_t at = (what + 999) / 1000;
      offsets.push_back(what == kKafkaEarliest ? 0
                        : what == kKafkaLatest ? size
                        : at < size            ? at
                                               : kNoKafkaOffset);
    }
    return offsets;
  }
  Result<std::vector<int64_t>> CommittedOffsets(const std::vector<KafkaPartition>& partitions) override {
    std::vector<int64_t> offsets;
    for (const KafkaPartition& p : partitions) offsets.push_back(p.partition == 1 ? 5 : kNoKafkaOffset);
    return offsets;
  }
  Status CreateTopic(const std::string& name, int32_t, const std::map<std::string, std::string>&) override {
    return Status(StatusCode::kAlreadyExists, name);
  }
  Result<std::string> ConfigValue(const std::string&, const std::string& key) override {
    return Status::NotFound(key);
  }
};

const std::vector<KafkaPartition> kPartitions = {{"t", 0}, {"t", 1}, {"t", 2}};

Result<std::vector<int64_t>> Resolve(KafkaPlace place, KafkaOptions options = {}) {
  FakeAdmin admin;
  return ResolvePlace(place, kPartitions, options, &admin);
}

TEST(ResolvePlace, LatestAndTimestampBecomeNumbers) {
  EXPECT_EQ(*Resolve({Mode::kLatest, 0, {}}), (std::vector<int64_t>{10, 20, 30}));
  // After the last record of partition 0: its end.
  EXPECT_EQ(*Resolve({Mode::kTimestamp, 14'500, {}}), (std::vector<int64_t>{10, 15, 15}));
}

TEST(ResolvePlace, PartitionsWithoutASpecificOffsetUseTheGroupsThenTheFirst) {
  KafkaOptions options;
  options.group_id = "g";
  EXPECT_EQ(*Resolve({Mode::kSpecificOffsets, 0, {{2, 7}}}, options), (std::vector<int64_t>{0, 5, 7}));
}

TEST(ResolvePlace, NothingCommittedFailsUnlessAResetIsGiven) {
  KafkaOptions options;
  options.group_id = "g";
  EXPECT_EQ(Resolve({Mode::kGroupOffsets, 0, {}}, options).status().number(), ErrorNumber::kBadOption);
  options.auto_offset_reset = "latest";
  EXPECT_EQ(*Resolve({Mode::kGroupOffsets, 0, {}}, options), (std::vector<int64_t>{10, 5, 30}));
  options.auto_offset_reset = "earliest";
  EXPECT_EQ(*Resolve({Mode::kGroupOffsets, 0, {}}, options),
            (std::vector<int64_t>{kKafkaEarliest, 5, kKafkaEarliest}));
}

std::vector<KafkaSplit> Discover(KafkaOptions options, bool restored) {
  options.discovery_interval_ms = 0;
  KafkaEnumerator enumerator(options, std::make_unique<FakeAdmin>(), std::make_shared<KafkaTopicIds>(),
                             restored);
  std::vector<KafkaSplit> splits;
  Result<std::vector<SourceSplit>> found = enumerator.Discover();
  for (const SourceSplit& split : *found) splits.push_back(*KafkaSplit::Parse(split));
  return splits;
}

TEST(KafkaEnumerator, PartitionsFoundAfterARestoreBeginAtTheirFirstRecord) {
  KafkaOptions options;
  options.topics = {"t"};
  options.start.mode = Mode::kLatest;
  EXPECT_EQ(Discover(options, false)[1].next_offset, 20);
  EXPECT_EQ(Discover(options, true)[1].next_offset, kKafkaEarliest);
}

TEST(KafkaEnumerator, PatternsLeaveOutInternalTopics) {
  KafkaOptions options;
  options.topic_pattern = ".*";
  options.start.mode = Mode::kEarliest;
  EXPECT_EQ(Discover(options, false).size(), 6u);
}

TEST(KafkaSplit, SurvivesASavepointAndKnowsWhenItIsDone) {
  KafkaSplit split{{"orders-1", 2}, 41, 42, "abc", 3};
  KafkaSplit back = *KafkaSplit::Parse(split.ToSplit());
  EXPECT_EQ(back.partition, split.partition);
  EXPECT_EQ(back.leader_epoch, 3);
  EXPECT_FALSE(back.finished());
  back.next_offset = 42;
  EXPECT_TRUE(back.finished());
  EXPECT_FALSE(KafkaSplit::Parse({"x", "\x09zz"}));
}

TEST(KafkaTopicIds, ATopicThatWasCreatedAgainIsNoticed) {
  KafkaTopicIds ids;
  ASSERT_TRUE(ids.Note({"t", "one", {0}}).ok());
  EXPECT_TRUE(ids.Check({{"t", 0}, 5, kNoKafkaOffset, "one", -1}).ok());
  EXPECT_FALSE(ids.Check({{"t", 0}, 5, kNoKafkaOffset, "two", -1}).ok());
  EXPECT_TRUE(ids.Check({{"unknown", 0}, 5, kNoKafkaOffset, "two", -1}).ok());
  EXPECT_FALSE(ids.Note({"t", "two", {0}}).ok());
}

}  // namespace
}  // namespace penstock
