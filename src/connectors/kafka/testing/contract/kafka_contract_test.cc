// The contract of Kafka clients: looking around in a cluster. Also the two clusters that it is run against.
#include "connectors/kafka/testing/contract/kafka_contract.h"

#include <algorithm>

#include "connectors/kafka/testing/simulated_kafka.h"
#include "env/objects/s3_options.h"
#include "env/random.h"

namespace penstock {
namespace {

class ModelWorld : public KafkaWorld {
 public:
  ModelWorld() {
    broker_.configs[""] = {{"transaction.max.timeout.ms", "900000"},
                           {"auto.create.topics.enable", "true"},
                           {"num.partitions", "1"}};
  }
  KafkaClient& client() override { return client_; }
  KafkaProperties properties() const override { return {}; }
  const Clock& clock() const override { return clock_; }
  void Wait(ContractBell*, int64_t most_ms) override {
    clock_.AdvanceMicros(most_ms * 1000);
    client_.Work();
  }
  std::string suffix() const override { return ""; }

 private:
  ManualClock clock_{1'700'000'000'000'000};
  SimulatedBroker broker_{&clock_, 7};
  SimulatedKafka client_{&broker_, KafkaFaults{}};
};

class RealWorld : public KafkaWorld {
 public:
  explicit RealWorld(std::string servers) : servers_(std::move(servers)) {}
  KafkaClient& client() override { return RdKafkaClient(); }
  KafkaProperties properties() const override { return {{"bootstrap.servers", servers_}}; }
  const Clock& clock() const override { return clock_; }
  void Wait(ContractBell* bell, int64_t most_ms) override { (void)bell->Wait(most_ms); }
  std::string suffix() const override { return suffix_; }

 private:
  std::string servers_, suffix_ = "-" + std::to_string(EntropySeed());
  SystemClock clock_;
};

std::unique_ptr<KafkaWorld> MakeModel() { return std::make_unique<ModelWorld>(); }
std::unique_ptr<KafkaWorld> MakeReal() {
  std::string servers = EnvironmentVariable("PENSTOCK_KAFKA_SERVERS");
  return servers.empty() ? nullptr : std::make_unique<RealWorld>(servers);
}

}  // namespace

TEST_P(KafkaContract, TopicsAreListedAndDescribedInTheOrderAskedFor) {
  std::string three = Topic(3), one = Topic(1);
  auto admin = Admin();
  std::vector<std::string> listed = admin->ListTopics().value();
  for (const std::string& name : {three, one})
    EXPECT_EQ(std::count(listed.begin(), listed.end(), name), 1) << name;
  std::vector<KafkaTopic> topics = admin->DescribeTopics({three, one}).value();
  ASSERT_EQ(topics.size(), 2u);
  EXPECT_EQ(topics[0].name, three);
  EXPECT_EQ(topics[0].partitions, (std::vector<int32_t>{0, 1, 2}));
  EXPECT_EQ(topics[1].name, one);
  EXPECT_EQ(topics[1].partitions, std::vector<int32_t>{0});
  EXPECT_FALSE(topics[0].id.empty());
  EXPECT_NE(topics[0].id, topics[1].id);
  EXPECT_EQ(admin->DescribeTopics({three}).value()[0].id, topics[0].id);
}

TEST_P(KafkaContract, ATopicThatExistsIsNotCreatedAgain) {
  std::string topic = Topic(2);
  Status again = Admin()->CreateTopic(topic, 5, {});
  EXPECT_EQ(again.code(), StatusCode::kAlreadyExists) << again.ToString();
  EXPECT_EQ(Admin()->DescribeTopics({topic}).value()[0].partitions.size(), 2u);
}

TEST_P(KafkaContract, ATopicThatNoneMayBeCalledIsRefused) {
  auto admin = Admin();
  for (const std::string& name : {Name("a/b"), Name(std::string(300, 'x')), std::string("."), Name("ü")}) {
    Status created = admin->CreateTopic(name, 1, {});
    EXPECT_EQ(created.code(), StatusCode::kIo) << created.ToString();
    EXPECT_FALSE(created.retryable());
  }
  EXPECT_FALSE(admin->CreateTopic(Name("config"), 1, {{"cleanup.policy", "keep"}}).ok());
  EXPECT_FALSE(admin->CreateTopic(Name("none"), 0, {}).ok());
}

TEST_P(KafkaContract, WhatDoesNotExistIsNotFound) {
  auto admin = Admin();
  std::string topic = Topic(2), nothing = Name("nothing");
  EXPECT_EQ(admin->DescribeTopics({nothing}).error().code(), StatusCode::kNotFound);
  EXPECT_EQ(admin->DescribeTopics({topic, nothing}).error().code(), StatusCode::kNotFound);
  for (const KafkaPartition& partition : {KafkaPartition{nothing, 0}, KafkaPartition{topic, 2}}) {
    Status listed;
    EXPECT_TRUE(Await([&] {  // a new topic may have no leader yet
      listed = admin->ListOffsets({{topic, 0}, partition}, kKafkaLatest).status();
      return !listed.retryable();
    }));
    EXPECT_EQ(listed.code(), StatusCode::kNotFound) << listed.ToString();
    Status alone = admin->ListOffsets({partition}, kKafkaLatest).status();
    EXPECT_FALSE(alone.ok() || alone.retryable()) << alone.ToString();
  }
  EXPECT_EQ(admin->ConfigValue(nothing, "cleanup.policy").error().code(), StatusCode::kNotFound);
  EXPECT_EQ(admin->ConfigValue(topic, "no.such.key").error().code(), StatusCode::kNotFound);
  EXPECT_EQ(admin->ConfigValue("", "no.such.key").error().code(), StatusCode::kNotFound);
  std::vector<std::string> listed = admin->ListTopics().value();
  EXPECT_EQ(std::count(listed.begin(), listed.end(), nothing), 0) << "nobody who asks makes it";
}

TEST_P(KafkaContract, ConfigurationsAreToldOfTopicsAndOfBrokers) {
  auto admin = Admin();
  std::string compacted = Topic(1, {{"cleanup.policy", "compact"}, {"segment.bytes", "16777216"}});
  EXPECT_EQ(admin->ConfigValue(compacted, "cleanup.policy").value(), "compact");
  EXPECT_EQ(admin->ConfigValue(compacted, "segment.bytes").value(), "16777216");
  EXPECT_EQ(admin->ConfigValue(Topic(), "cleanup.policy").value(), "delete") << "where nothing was said";
  EXPECT_GE(std::stoll(admin->ConfigValue("", "transaction.max.timeout.ms").value()), 60'000);
}

TEST_P(KafkaContract, ProducersCountThePartitionsOfATopic) {
  std::string topic = Topic(3);
  auto producer = Producer();
  EXPECT_EQ(producer->CountPartitions(topic).value(), 3);
  auto transactional = Initialised("a");
  EXPECT_EQ(transactional->CountPartitions(topic).value(), 3);
  // One that is not there is made, where the broker does so, or not found.
  Result<int32_t> made = producer->CountPartitions(Name("made"));
  auto admin = Admin();
  if (admin->ConfigValue("", "auto.create.topics.enable").value() == "true") {
    ASSERT_TRUE(made) << made.error().ToString();
    EXPECT_EQ(std::to_string(*made), admin->ConfigValue("", "num.partitions").value());
    EXPECT_TRUE(admin->DescribeTopics({Name("made")}));
  } else {
    EXPECT_EQ(made.error().code(), StatusCode::kNotFound);
  }
}

TEST_P(KafkaContract, OffsetsAreListedOfBothEndsInTheOrderAskedFor) {
  std::string topic = Topic(2);
  auto producer = Producer();
  for (const char* value : {"a", "b", "c"})
    ASSERT_TRUE(Write(*producer, Record(topic, value, value[0] == 'a' ? 0 : 1)).ok());
  auto admin = Admin();
  std::vector<KafkaPartition> both = {{topic, 1}, {topic, 0}};
  EXPECT_EQ(admin->ListOffsets(both, kKafkaEarliest).value(), (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(admin->ListOffsets(both, kKafkaLatest).value(), (std::vector<int64_t>{2, 1}));
  EXPECT_TRUE(admin->ListOffsets({}, kKafkaLatest).value().empty());
}

TEST_P(KafkaContract, TheOffsetOfATimeIsThatOfTheFirstRecordAtOrAfterIt) {
  std::string topic = Topic(2);
  auto producer = Producer();
  for (int64_t time : {1'000'000, 3'000'000, 2'000'000, 5'000'000}) {
    std::string value = std::to_string(time);
    KafkaRecord record = Record(topic, value);
    record.timestamp_ms = time;
    ASSERT_TRUE(Write(*producer, record).ok());
  }
  auto admin = Admin();
  auto at = [&](int64_t time) { return admin->ListOffsets({{topic, 0}, {topic, 1}}, time).value(); };
  EXPECT_EQ(at(0), (std::vector<int64_t>{0, kNoKafkaOffset}));
  EXPECT_EQ(at(1'000'000)[0], 0);
  EXPECT_EQ(at(1'000'001)[0], 1);
  EXPECT_EQ(at(2'500'000)[0], 1);
  EXPECT_EQ(at(3'000'001)[0], 3) << "not the record behind it that is older";
  EXPECT_EQ(at(5'000'000)[0], 3);
  EXPECT_EQ(at(5'000'001)[0], kNoKafkaOffset);
}

TEST_P(KafkaContract, PositionsOfAGroupAreKeptForIt) {
  std::string topic = Topic(2);
  KafkaProperties group = {{"group.id", Name("group")}};
  std::vector<KafkaPartition> both = {{topic, 0}, {topic, 1}};
  auto admin = Admin(group);
  // A coordinator that was just chosen answers late.
  std::vector<int64_t> offsets;
  auto committed = [&] {
    Result<std::vector<int64_t>> found = admin->CommittedOffsets(both);
    if (found) offsets = *found;
    return found.has_value();
  };
  ASSERT_TRUE(Await(committed));
  EXPECT_EQ(offsets, (std::vector<int64_t>{kNoKafkaOffset, kNoKafkaOffset}));
  auto consumer = Consumer(group);
  ASSERT_TRUE(Await([&] {
    consumer->CommitOffsets({{0, {topic, 1}, 7, -1}});  // nobody learns how it went
    return committed() && offsets == std::vector<int64_t>{kNoKafkaOffset, 7};
  }));
  EXPECT_EQ(Admin({{"group.id", Name("other")}})->CommittedOffsets(both).value()[1], kNoKafkaOffset);
}

INSTANTIATE_TEST_SUITE_P(Clusters, KafkaContract,
                         testing::Values(ContractKafka{"Model", MakeModel}, ContractKafka{"Real", MakeReal}),
                         [](const auto& info) { return info.param.name; });

}  // namespace penstock
