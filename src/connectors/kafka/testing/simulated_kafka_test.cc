// What the simulated cluster does beyond the contract of Kafka clients (contract/): requests that are late.
#include "connectors/kafka/testing/simulated_kafka.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

constexpr int64_t kLongMs = 1000;

class SimulatedCluster : public testing::Test {
 protected:
  SimulatedCluster() { broker_.CreateTopic("t", 1, {}); }

  std::unique_ptr<KafkaTransactionalProducer> Made(const std::string& id) {
    KafkaProperties properties = {{"transactional.id", id}, {"transaction.timeout.ms", "60000"}};
    auto producer = client_.MakeTransactionalProducer(properties, [] {}).value();
    EXPECT_TRUE(producer->Init(kLongMs).ok());
    return producer;
  }
  Status Write(KafkaTransactionalProducer& producer, const std::string& value) {
    KafkaRecord record;
    record.topic = "t";
    record.value = value;
    RETURN_IF_ERROR(producer.Produce(record, &deliveries_));
    return producer.Flush(kLongMs);
  }
  std::vector<std::string> Committed() {
    auto consumer = client_.MakeConsumer({}, [] {}).value();
    EXPECT_TRUE(consumer->Assign({{0, {"t", 0}, kKafkaEarliest, -1}}).ok());
    std::vector<std::string> values;
    for (int i = 0; i < 50; ++i) {
      auto fetch = consumer->Fetch(0, 100).value();
      for (const KafkaMessage& message : fetch->messages) values.emplace_back(*message.value);
    }
    return values;
  }

  ManualClock clock_{0};
  SimulatedBroker broker_{&clock_, 7};
  SimulatedKafka client_{&broker_, KafkaFaults{}};
  KafkaDeliveries deliveries_;
};

// Before KIP-890: the reason why a disturbed producer is initialised again.
TEST_F(SimulatedCluster, ALateRequestHitsTheNextTransactionOfTheSameProducer) {
  auto producer = Made("a");
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(Write(*producer, "one").ok());
  broker_.EndTransactionLater("a", 0, true, 500);
  ASSERT_TRUE(producer->Commit(kLongMs).ok());
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(Write(*producer, "two").ok());
  clock_.AdvanceMicros(600'000);
  EXPECT_EQ(Committed(), (std::vector<std::string>{"one", "two"}));
  auto renewed = Made("a");
  ASSERT_TRUE(renewed->Begin().ok());
  ASSERT_TRUE(Write(*renewed, "three").ok());
  broker_.EndTransactionLater("a", 0, true, 0);
  clock_.AdvanceMicros(1000);
  EXPECT_EQ(Committed(), (std::vector<std::string>{"one", "two"}));
}

}  // namespace
}  // namespace penstock
