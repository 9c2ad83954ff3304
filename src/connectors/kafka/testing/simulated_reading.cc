// The readers of one process: what it can look up in the cluster, and its consumers.
#include <algorithm>

#include "connectors/kafka/testing/simulated_kafka.h"

namespace penstock {

namespace {

bool ReadsCommitted(const KafkaProperties& properties) {
  auto isolation = properties.find("isolation.level");
  return isolation == properties.end() || isolation->second != "read_uncommitted";
}

std::string Property(const KafkaProperties& properties, const std::string& key,
                     const std::string& otherwise) {
  auto found = properties.find(key);
  return found == properties.end() ? otherwise : found->second;
}

// As Kafka's org.apache.kafka.common.internals.Topic.
bool IsTopicName(const std::string& name) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), allowed);
}

constexpr const char* kPolicyKey = "cleanup.policy";  // of a topic

bool IsCleanupPolicy(const std::string& policy) {
  return policy == "delete" || policy == "compact" || policy == "compact,delete" ||
         policy == "delete,compact";
}

Status Refused(const std::string& what) {
  return Status(StatusCode::kIo, what).WithNumber(ErrorNumber::kRuntime);
}

}  // namespace

class SimulatedAdmin : public KafkaAdmin {
 public:
  SimulatedAdmin(SimulatedBroker* broker, const KafkaProperties& properties)
      : broker_(broker),
        group_(Property(properties, "group.id", "")),
        committed_(ReadsCommitted(properties)) {}
  Result<std::vector<std::string>> ListTopics() override { return broker_->topics(); }
  Result<std::vector<KafkaTopic>> DescribeTopics(const std::vector<std::string>& names) override {
    std::vector<KafkaTopic> topics;
    for (const std::string& name : names) {
      RETURN_IF_ERROR(broker_->CheckPartition({name, 0}));
      KafkaTopic& topic = topics.emplace_back(KafkaTopic{name, "id of " + name, {}});
      for (int32_t i = 0; i < broker_->partitions(name); ++i) topic.partitions.push_back(i);
    }
    return topics;
  }
  Result<std::vector<int64_t>> ListOffsets(const std::vector<KafkaPartition>& partitions,
                                           int64_t what) override {
    std::vector<int64_t> offsets;
    for (const KafkaPartition& partition : partitions) {
      RETURN_IF_ERROR(broker_->CheckPartition(partition));
      int64_t latest = committed_ ? broker_->LastStable(partition) : broker_->End(partition);
      offsets.push_back(what == kKafkaLatest     ? latest
                        : what == kKafkaEarliest ? 0
                                                 : broker_->OffsetAt(partition, what, latest));
    }
    return offsets;
  }
  Result<std::vector<int64_t>> CommittedOffsets(const std::vector<KafkaPartition>& partitions) override {
    std::vector<int64_t> offsets;
    const std::map<KafkaPartition, int64_t>& group = broker_->group_offsets[group_];
    for (const KafkaPartition& partition : partitions) {
      auto found = group.find(partition);
      offsets.push_back(found == group.end() ? kNoKafkaOffset : found->second);
    }
    return offsets;
  }
  Status CreateTopic(const std::string& name, int32_t partitions,
                     const std::map<std::string, std::string>& config) override {
    if (!IsTopicName(name)) return Refused("no topic can be called '" + name + "'");
    if (partitions < 1) return Refused("a topic has one partition at least");
    auto policy = config.find(kPolicyKey);
    if (policy != config.end() && !IsCleanupPolicy(policy->second))
      return Refused("there is no cleanup.policy '" + policy->second + "'");
    if (broker_->CreateTopic(name, partitions, config)) return Status::Ok();
    return Status(StatusCode::kAlreadyExists, "topic '" + name + "' exists");
  }
  Result<std::string> ConfigValue(const std::string& topic, const std::string& key) override {
    return broker_->Config(topic, key);
  }

 private:
  SimulatedBroker* broker_;
  std::string group_;
  bool committed_;
};

// Its views point into the log, which never loses a record.
class SimulatedFetch : public KafkaFetch {
 public:
  void Add(const SimulatedBroker::Record& record) {
    KafkaMessage& message = messages.emplace_back();
    message.offset = record.offset;
    message.timestamp_ms = record.timestamp_ms;
    message.timestamp_type = KafkaTimestampType::kCreateTime;
    message.key = record.key;
    message.value = record.value;
    records_.push_back(&record);
  }
  std::vector<KafkaHeader> Headers(size_t message) const override {
    std::vector<KafkaHeader> headers;
    for (const auto& [name, value] : records_[message]->headers) headers.push_back({name, value});
    return headers;
  }

 private:
  std::vector<const SimulatedBroker::Record*> records_;
};

class SimulatedConsumer : public KafkaConsumer {
 public:
  SimulatedConsumer(SimulatedKafka* kafka, const KafkaProperties& properties, std::function<void()> wake_up)
      : kafka_(kafka),
        committed_(ReadsCommitted(properties)),
        group_(Property(properties, "group.id", "")),
        reset_(Property(properties, "auto.offset.reset", "error")),
        wake_up_(std::move(wake_up)) {
    kafka_->consumers_.push_back(this);
  }
  ~SimulatedConsumer() override { std::erase(kafka_->consumers_, this); }

  Status Assign(const std::vector<KafkaAssignment>& added) override {
    for (const KafkaAssignment& one : added) positions_[one.handle] = Start(one.partition, one.offset);
    return Status::Ok();
  }
  Status Release(int handle) override {
    positions_.erase(handle);
    return Status::Ok();
  }
  Result<std::unique_ptr<KafkaFetch>> Fetch(int handle, int64_t max) override {
    if (!kafka_->alive_) return SimulatedKafka::Dead();
    Position& position = positions_.at(handle);
    RETURN_IF_ERROR(position.failed);
    auto fetch = std::make_unique<SimulatedFetch>();
    SimulatedBroker& broker = *kafka_->broker_;
    int64_t end = End(position.partition);
    if (broker.random().Below(4) == 0) max = 0;  // nothing has arrived yet
    const std::deque<SimulatedBroker::Record>& log = broker.log(position.partition);
    for (; position.next < end && static_cast<int64_t>(fetch->messages.size()) < max; ++position.next) {
      const SimulatedBroker::Record& record = log[static_cast<size_t>(position.next)];
      if (!record.marker && (!committed_ || broker.Visible(record))) fetch->Add(record);
    }
    if (position.next >= end && position.told_end != position.next)
      fetch->end_offset = position.told_end = position.next;
    if (fetch->messages.empty()) broker.clock()->AdvanceMicros(1000);
    wake_up_();
    return std::unique_ptr<KafkaFetch>(std::move(fetch));
  }
  Status Serve() override { return kafka_->alive_ ? Status::Ok() : SimulatedKafka::Dead(); }
  void CommitOffsets(const std::vector<KafkaAssignment>& positions) override {
    if (!kafka_->alive_) return;
    for (const KafkaAssignment& one : positions)
      kafka_->broker_->group_offsets[group_][one.partition] = one.offset;
  }
  // Whether there is something to fetch.
  void WakeIfBehind() {
    for (const auto& [handle, position] : positions_) {
      if (position.next < End(position.partition)) return wake_up_();
    }
  }

 private:
  struct Position {
    KafkaPartition partition;
    int64_t next = 0;
    int64_t told_end = -1;  // told once for each place where the reader stops
    Status failed;
  };
  int64_t End(const KafkaPartition& partition) const {
    return committed_ ? kafka_->broker_->LastStable(partition) : kafka_->broker_->End(partition);
  }
  Position Start(const KafkaPartition& partition, int64_t offset) const {
    Position position{partition, offset, -1, Status::Ok()};
    if (offset > kafka_->broker_->End(partition)) {
      if (reset_ == "error") position.failed = Refused("there is no offset " + std::to_string(offset));
      offset = reset_ == "latest" ? kKafkaLatest : kKafkaEarliest;
    }
    if (offset == kKafkaEarliest) position.next = 0;
    if (offset == kKafkaLatest) position.next = End(partition);
    return position;
  }

  SimulatedKafka* kafka_;
  bool committed_;
  std::string group_, reset_;
  std::function<void()> wake_up_;
  std::map<int, Position> positions_;
};

void SimulatedKafka::WakeReaders() {
  for (SimulatedConsumer* consumer : consumers_) consumer->WakeIfBehind();
}

Result<std::unique_ptr<KafkaAdmin>> SimulatedKafka::MakeAdmin(const KafkaProperties& properties) {
  if (!alive_) return Dead();
  return std::unique_ptr<KafkaAdmin>(new SimulatedAdmin(broker_, properties));
}

Result<std::unique_ptr<KafkaConsumer>> SimulatedKafka::MakeConsumer(const KafkaProperties& properties,
                                                                    std::function<void()> wake_up) {
  if (!alive_) return Dead();
  return std::unique_ptr<KafkaConsumer>(new SimulatedConsumer(this, properties, std::move(wake_up)));
}

}  // namespace penstock
