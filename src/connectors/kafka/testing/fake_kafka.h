// FakeKafka: a broker in memory behind the client port, for tests of the transaction protocol: one log per
// partition with committed, aborted and open transactions, fencing by transactional id, and calls that fail
// on order. Everything happens at once and on the caller's thread; acknowledgements can be held back.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connectors/kafka/kafka_client.h"

namespace penstock {

class FakeKafka : public KafkaClient {
 public:
  struct Record {
    std::string key, value, id;  // of the transactional id that wrote it
    uint64_t transaction = 0;
  };
  enum class Outcome : uint8_t { kOpen, kCommitted, kAborted };
  // What becomes of the next commit.
  enum class Fault : uint8_t { kNone, kLostAnswer, kNotDone, kFenced };

  Result<std::unique_ptr<KafkaAdmin>> MakeAdmin(const KafkaProperties& properties) override;
  Result<std::unique_ptr<KafkaConsumer>> MakeConsumer(const KafkaProperties& properties,
                                                      std::function<void()> wake_up) override;
  Result<std::unique_ptr<KafkaProducer>> MakeProducer(const KafkaProperties&,
                                                      std::function<void()>) override {
    return Status::Unsupported("not played");
  }
  Result<std::unique_ptr<KafkaTransactionalProducer>> MakeTransactionalProducer(
      const KafkaProperties& properties, std::function<void()> wake_up) override;

  // Values that a read_committed reader of the topic sees, in order.
  std::vector<std::string> Committed(const std::string& topic) const;
  std::vector<Record>& log(const KafkaPartition& partition) { return logs_[partition]; }

  std::map<std::string, std::map<std::string, std::string>> configs;  // by topic; "": of the brokers
  std::map<std::string, int32_t> partitions;                          // of topics that were made
  std::map<uint64_t, Outcome> outcomes;                               // of transactions
  std::map<std::string, int> epochs;                                  // producers so far, by transactional id
  std::vector<std::string> calls;  // what producers were asked: "init p-0", "begin p-0", "write p-0 t v", ...
  Fault next_commit = Fault::kNone;
  bool hold_acknowledgements = false;
  bool disturbed = false;

 private:
  friend class FakeTransactionalProducer;
  friend class FakeKafkaAdmin;
  friend class FakeConsumer;
  std::map<KafkaPartition, std::vector<Record>> logs_;
  uint64_t transactions_ = 0;
};

}  // namespace penstock
