// The played broker.
#include "connectors/kafka/testing/fake_kafka.h"

#include <algorithm>

namespace penstock {

class FakeKafkaAdmin : public KafkaAdmin {
 public:
  FakeKafkaAdmin(FakeKafka* kafka, bool committed) : kafka_(kafka), committed_(committed) {}
  Result<std::vector<std::string>> ListTopics() override { return std::vector<std::string>(); }
  Result<std::vector<KafkaTopic>> DescribeTopics(const std::vector<std::string>& names) override {
    std::vector<KafkaTopic> topics;
    for (const std::string& name : names) {
      topics.push_back({name, "", std::vector<int32_t>(static_cast<size_t>(kafka_->partitions[name]))});
    }
    return topics;
  }
  Result<std::vector<int64_t>> ListOffsets(const std::vector<KafkaPartition>& partitions, int64_t) override {
    std::vector<int64_t> ends;
    for (const KafkaPartition& p : partitions) ends.push_back(static_cast<int64_t>(kafka_->logs_[p].size()));
    CHECK(!committed_);
    return ends;
  }
  Result<std::vector<int64_t>> CommittedOffsets(const std::vector<KafkaPartition>&) override {
    return std::vector<int64_t>();
  }
  Status CreateTopic(const std::string& name, int32_t partitions,
                     const std::map<std::string, std::string>& config) override {
    if (!kafka_->partitions.emplace(name, partitions).second) return Status(StatusCode::kAlreadyExists, name);
    kafka_->configs[name] = config;
    return Status::Ok();
  }
  Result<std::string> ConfigValue(const std::string& topic, const std::string& key) override {
    auto found = kafka_->configs[topic].find(key);
    if (found == kafka_->configs[topic].end()) return Status::NotFound(key);
    return found->second;
  }

 private:
  FakeKafka* kafka_;
  bool committed_;
};

class FakeFetch : public KafkaFetch {
 public:
  std::vector<KafkaHeader> Headers(size_t) const override { return {}; }
};

// Reads committed records up to the first open transaction.
class FakeConsumer : public KafkaConsumer {
 public:
  explicit FakeConsumer(FakeKafka* kafka) : kafka_(kafka) {}
  Status Assign(const std::vector<KafkaAssignment>& added) override {
    partition_ = added[0].partition;
    return Status::Ok();
  }
  Status Release(int) override { return Status::Ok(); }
  Result<std::unique_ptr<KafkaFetch>> Fetch(int, int64_t) override {
    auto fetch = std::make_unique<FakeFetch>();
    const std::vector<FakeKafka::Record>& log = kafka_->logs_[partition_];
    for (; next_ < log.size(); ++next_) {
      FakeKafka::Outcome outcome = kafka_->outcomes[log[next_].transaction];
      if (outcome == FakeKafka::Outcome::kOpen) break;
      if (outcome == FakeKafka::Outcome::kAborted) continue;
      KafkaMessage message;
      message.offset = static_cast<int64_t>(next_);
      message.key = log[next_].key;
      message.value = log[next_].value;
      fetch->messages.push_back(message);
    }
    fetch->end_offset = static_cast<int64_t>(next_);
    return std::unique_ptr<KafkaFetch>(std::move(fetch));
  }
  Status Serve() override { return Status::Ok(); }
  void CommitOffsets(const std::vector<KafkaAssignment>&) override {}

 private:
  FakeKafka* kafka_;
  KafkaPartition partition_;
  size_t next_ = 0;
};

class FakeTransactionalProducer : public KafkaTransactionalProducer {
 public:
  FakeTransactionalProducer(FakeKafka* kafka, std::string id) : kafka_(kafka), id_(std::move(id)) {}

  Status Init(int64_t) override {
    kafka_->calls.push_back("init " + id_);
    epoch_ = ++kafka_->epochs[id_];
    for (auto& [partition, log] : kafka_->logs_) {
      for (const FakeKafka::Record& record : log) {
        FakeKafka::Outcome& outcome = kafka_->outcomes[record.transaction];
        if (record.id == id_ && outcome == FakeKafka::Outcome::kOpen) outcome = FakeKafka::Outcome::kAborted;
      }
    }
    return Status::Ok();
  }
  Status Begin() override {
    kafka_->calls.push_back("begin " + id_);
    transaction_ = ++kafka_->transactions_;
    return Status::Ok();
  }
  Status Produce(const KafkaRecord& record, KafkaDeliveries* deliveries) override {
    RETURN_IF_ERROR(CheckFence());
    kafka_->calls.push_back("write " + id_ + " " + std::string(record.topic));
    kafka_->logs_[{std::string(record.topic), std::max(0, record.partition)}].push_back(
        {std::string(record.key.value_or("")), std::string(record.value.value_or("")), id_, transaction_});
    ++deliveries->records;
    waiting_.push_back(deliveries);
    return Status::Ok();
  }
  Result<bool> Serve() override {
    RETURN_IF_ERROR(CheckFence());
    if (kafka_->hold_acknowledgements || waiting_.empty()) return false;
    for (KafkaDeliveries* deliveries : waiting_) --deliveries->records;
    waiting_.clear();
    return true;
  }
  Status Flush(int64_t) override { return Serve().status(); }
  Status Commit(int64_t) override {
    RETURN_IF_ERROR(CheckFence());
    kafka_->calls.push_back("commit " + id_);
    FakeKafka::Fault fault = std::exchange(kafka_->next_commit, FakeKafka::Fault::kNone);
    if (fault == FakeKafka::Fault::kFenced) return Status(StatusCode::kFenced, "fenced");
    if (fault != FakeKafka::Fault::kNotDone) kafka_->outcomes[transaction_] = FakeKafka::Outcome::kCommitted;
    if (fault != FakeKafka::Fault::kNone) return Status(StatusCode::kUnavailable, "timed out");
    return Status::Ok();
  }
  Status Abort(int64_t) override {
    kafka_->calls.push_back("abort " + id_);
    kafka_->outcomes[transaction_] = FakeKafka::Outcome::kAborted;
    return Status::Ok();
  }
  bool disturbed() override { return kafka_->disturbed; }
  Result<int32_t> CountPartitions(const std::string&) override { return 1; }

 private:
  Status CheckFence() const {
    if (epoch_ == kafka_->epochs[id_]) return Status::Ok();
    return Status(StatusCode::kFenced, "a newer producer has the id " + id_);
  }

  FakeKafka* kafka_;
  std::string id_;
  int epoch_ = 0;
  uint64_t transaction_ = 0;
  std::vector<KafkaDeliveries*> waiting_;
};

Result<std::unique_ptr<KafkaAdmin>> FakeKafka::MakeAdmin(const KafkaProperties& properties) {
  auto isolation = properties.find("isolation.level");
  bool committed = isolation == properties.end() || isolation->second != "read_uncommitted";
  return std::unique_ptr<KafkaAdmin>(new FakeKafkaAdmin(this, committed));
}

Result<std::unique_ptr<KafkaConsumer>> FakeKafka::MakeConsumer(const KafkaProperties&,
                                                               std::function<void()>) {
  return std::unique_ptr<KafkaConsumer>(new FakeConsumer(this));
}

Result<std::unique_ptr<KafkaTransactionalProducer>> FakeKafka::MakeTransactionalProducer(
    const KafkaProperties& properties, std::function<void()>) {
  return std::unique_ptr<KafkaTransactionalProducer>(
      new FakeTransactionalProducer(this, properties.at("transactional.id")));
}

std::vector<std::string> FakeKafka::Committed(const std::string& topic) const {
  std::vector<std::string> values;
  for (const auto& [partition, log] : logs_) {
    if (partition.topic != topic) continue;
    for (const Record& record : log) {
      auto outcome = outcomes.find(record.transaction);
      if (outcome != outcomes.end() && outcome->second == Outcome::kCommitted) values.push_back(record.value);
    }
  }
  return values;
}

}  // namespace penstock
