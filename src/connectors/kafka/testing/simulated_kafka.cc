// The clients of one process.
#include "connectors/kafka/testing/simulated_kafka.h"

#include <algorithm>

#include "connectors/kafka/rdkafka/murmur2.h"

namespace penstock {

namespace {

Status Dead() { return Status(StatusCode::kCancelled, "the process is dead"); }
Status TimedOut(const std::string& what) {
  return Status(StatusCode::kUnavailable, what + " timed out").WithNumber(ErrorNumber::kRuntime);
}

bool ReadsCommitted(const KafkaProperties& properties) {
  auto isolation = properties.find("isolation.level");
  return isolation == properties.end() || isolation->second != "read_uncommitted";
}

std::optional<std::string> Copy(const std::optional<std::string_view>& text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

class SimulatedAdmin : public KafkaAdmin {
 public:
  SimulatedAdmin(SimulatedBroker* broker, bool committed) : broker_(broker), committed_(committed) {}
  Result<std::vector<std::string>> ListTopics() override { return broker_->topics(); }
  Result<std::vector<KafkaTopic>> DescribeTopics(const std::vector<std::string>& names) override {
    std::vector<KafkaTopic> topics;
    for (const std::string& name : names) {
      if (broker_->partitions(name) == 0) return Status::NotFound("topic '" + name + "' does not exist");
      KafkaTopic& topic = topics.emplace_back(KafkaTopic{name, "id of " + name, {}});
      for (int32_t i = 0; i < broker_->partitions(name); ++i) topic.partitions.push_back(i);
    }
    return topics;
  }
  Result<std::vector<int64_t>> ListOffsets(const std::vector<KafkaPartition>& partitions,
                                           int64_t what) override {
    std::vector<int64_t> offsets;
    for (const KafkaPartition& partition : partitions) {
      int64_t latest = committed_ ? broker_->LastStable(partition) : broker_->End(partition);
      offsets.push_back(what == kKafkaLatest ? latest : what == kKafkaEarliest ? 0 : kNoKafkaOffset);
    }
    return offsets;
  }
  Result<std::vector<int64_t>> CommittedOffsets(const std::vector<KafkaPartition>& partitions) override {
    return std::vector<int64_t>(partitions.size(), kNoKafkaOffset);
  }
  Status CreateTopic(const std::string& name, int32_t partitions,
                     const std::map<std::string, std::string>& config) override {
    if (broker_->CreateTopic(name, partitions, config)) return Status::Ok();
    return Status(StatusCode::kAlreadyExists, "topic '" + name + "' exists");
  }
  Result<std::string> ConfigValue(const std::string& topic, const std::string& key) override {
    auto found = broker_->configs[topic].find(key);
    if (found == broker_->configs[topic].end()) return Status::NotFound("no configuration '" + key + "'");
    return found->second;
  }

 private:
  SimulatedBroker* broker_;
  bool committed_;
};

class SimulatedFetch : public KafkaFetch {
 public:
  std::vector<KafkaHeader> Headers(size_t) const override { return {}; }
};

}  // namespace

class SimulatedConsumer : public KafkaConsumer {
 public:
  SimulatedConsumer(SimulatedKafka* kafka, bool committed, std::function<void()> wake_up)
      : kafka_(kafka), committed_(committed), wake_up_(std::move(wake_up)) {}
  Status Assign(const std::vector<KafkaAssignment>& added) override {
    for (const KafkaAssignment& one : added)
      positions_[one.handle] = {one.partition, one.offset == kKafkaEarliest ? 0 : one.offset};
    return Status::Ok();
  }
  Status Release(int handle) override {
    positions_.erase(handle);
    return Status::Ok();
  }
  Result<std::unique_ptr<KafkaFetch>> Fetch(int handle, int64_t max) override {
    if (!kafka_->alive_) return Dead();
    auto fetch = std::make_unique<SimulatedFetch>();
    auto& [partition, next] = positions_.at(handle);
    SimulatedBroker& broker = *kafka_->broker_;
    int64_t end = committed_ ? broker.LastStable(partition) : broker.End(partition);
    if (broker.random().Below(4) == 0) max = 0;  // nothing has arrived yet
    const std::deque<SimulatedBroker::Record>& log = broker.log(partition);
    for (; next < end && static_cast<int64_t>(fetch->messages.size()) < max; ++next) {
      const SimulatedBroker::Record& record = log[static_cast<size_t>(next)];
      if (record.marker || (committed_ && !broker.Visible(record))) continue;
      KafkaMessage& message = fetch->messages.emplace_back();
      message.offset = record.offset;
      message.timestamp_ms = record.timestamp_ms;
      message.key = record.key;
      message.value = record.value;
    }
    if (next >= end) fetch->end_offset = next;
    if (fetch->messages.empty()) broker.clock()->AdvanceMicros(1000);
    wake_up_();
    return std::unique_ptr<KafkaFetch>(std::move(fetch));
  }
  Status Serve() override { return kafka_->alive_ ? Status::Ok() : Dead(); }
  void CommitOffsets(const std::vector<KafkaAssignment>&) override {}

 private:
  SimulatedKafka* kafka_;
  bool committed_;
  std::function<void()> wake_up_;
  std::map<int, std::pair<KafkaPartition, int64_t>> positions_;
};

// The send queue of a producer: in order, acknowledged when the producer is served.
class SimulatedSender {
 public:
  SimulatedSender(SimulatedKafka* kafka, std::function<void()> wake_up)
      : kafka_(kafka), wake_up_(std::move(wake_up)) {
    kafka_->senders_.push_back(this);
  }
  virtual ~SimulatedSender() { std::erase(kafka_->senders_, this); }

  void Send(const KafkaRecord& record, KafkaDeliveries* deliveries) {
    int32_t count = std::max(1, kafka_->broker_->partitions(std::string(record.topic)));
    int32_t partition = record.partition >= 0 ? record.partition
                        : record.key          ? KafkaPartitionOf(*record.key, count)
                                              : static_cast<int32_t>(turn_++ % count);
    ++deliveries->records;
    deliveries->bytes += record.bytes();
    queue_.push_back({{std::string(record.topic), partition},
                      Copy(record.key),
                      Copy(record.value),
                      record.timestamp_ms,
                      record.bytes(),
                      deliveries});
  }
  // The first of what is queued is on its way, and arrives without its sender.
  void Orphan(int64_t delay_ms) {
    SimulatedBroker& broker = *kafka_->broker_;
    queue_.resize(broker.random().Below(queue_.size() + 1));
    for (const Queued& queued : queue_) broker.Later(delay_ms, WriteAlone(queued));
  }
  // The process was only asleep: what it was about to do, it does when others have taken over.
  virtual void WakeLate(int64_t) {}
  // Gets up to so many records to the broker.
  void Deliver(uint64_t most) {
    if (!kafka_->alive_) return;
    uint64_t sent = 0;
    for (; sent < most && !queue_.empty() && failed_.ok(); ++sent) {
      Queued& first = queue_.front();
      failed_ =
          Write(first.partition, first.key, first.value,
                first.timestamp_ms >= 0 ? first.timestamp_ms : kafka_->broker_->clock()->NowMicros() / 1000);
      if (!failed_.ok()) break;
      acknowledged_.push_back({first.bytes, first.deliveries});
      queue_.pop_front();
    }
    if (sent > 0 || !failed_.ok()) wake_up_();
  }

 protected:
  struct Queued {
    KafkaPartition partition;
    std::optional<std::string> key, value;
    int64_t timestamp_ms = -1, bytes = 0;
    KafkaDeliveries* deliveries = nullptr;
  };
  virtual Status Write(const KafkaPartition& partition, std::optional<std::string> key,
                       std::optional<std::string> value, int64_t timestamp_ms) = 0;
  // Write, for when this object is gone.
  virtual std::function<void()> WriteAlone(const Queued& queued) = 0;
  Result<bool> Acknowledge() {
    if (!kafka_->alive_) return Dead();
    bool any = !acknowledged_.empty();
    for (auto& [bytes, deliveries] : acknowledged_) {
      --deliveries->records;
      deliveries->bytes -= bytes;
    }
    acknowledged_.clear();
    RETURN_IF_ERROR(failed_);
    return any;
  }
  Status FlushQueue(int64_t timeout_ms) {
    if (timeout_ms > 0) {
      kafka_->Wait(5);
      Deliver(UINT64_MAX);
    } else {
      Deliver(kafka_->broker_->random().Below(queue_.size() + 2));
    }
    RETURN_IF_ERROR(Acknowledge().status());
    return queue_.empty() ? Status::Ok() : TimedOut("flushing");
  }

  SimulatedKafka* kafka_;
  std::function<void()> wake_up_;
  std::deque<Queued> queue_;
  std::vector<std::pair<int64_t, KafkaDeliveries*>> acknowledged_;
  Status failed_;
  int64_t turn_ = 0;
};

namespace {

class SimulatedProducer : public KafkaProducer, public SimulatedSender {
 public:
  SimulatedProducer(SimulatedKafka* kafka, SimulatedBroker* broker, std::function<void()> wake_up)
      : SimulatedSender(kafka, std::move(wake_up)), broker_(broker) {}
  Status Produce(const KafkaRecord& record) override {
    Send(record, &deliveries_);
    return Status::Ok();
  }
  Status Serve() override { return Acknowledge().status(); }
  int64_t records_in_flight() const override { return deliveries_.records; }
  int64_t bytes_in_flight() const override { return deliveries_.bytes; }
  Status Flush(int64_t timeout_ms) override { return FlushQueue(timeout_ms); }
  Result<int32_t> CountPartitions(const std::string& topic) override {
    if (broker_->partitions(topic) == 0) return Status::NotFound("topic '" + topic + "' does not exist");
    return broker_->partitions(topic);
  }

 protected:
  Status Write(const KafkaPartition& partition, std::optional<std::string> key,
               std::optional<std::string> value, int64_t timestamp_ms) override {
    broker_->Append(partition, std::move(key), std::move(value), timestamp_ms);
    return Status::Ok();
  }
  std::function<void()> WriteAlone(const Queued& queued) override {
    return [broker = broker_, queued] { broker->Append(queued.partition, queued.key, queued.value, 0); };
  }

 private:
  SimulatedBroker* broker_;
  KafkaDeliveries deliveries_;
};

}  // namespace

class SimulatedTransactionalProducer : public KafkaTransactionalProducer, public SimulatedSender {
 public:
  SimulatedTransactionalProducer(SimulatedKafka* kafka, std::string id, int64_t timeout_ms,
                                 std::function<void()> wake_up)
      : SimulatedSender(kafka, std::move(wake_up)), id_(std::move(id)), timeout_ms_(timeout_ms) {}

  Status Init(int64_t) override {
    kafka_->Wait(6);
    if (!kafka_->alive_) return Dead();
    if (kafka_->Chance(kafka_->faults_.not_coordinator)) {
      broker().note("broker is not the coordinator of " + id_);
      return TimedOut("initialising '" + id_ + "'");
    }
    epoch_ = broker().InitProducer(id_, timeout_ms_);
    return Status::Ok();
  }
  Status Begin() override {
    disturbed_ = false;
    return epoch_ >= 0 ? Status::Ok() : Status::Internal("a producer that was not initialised");
  }
  Status Produce(const KafkaRecord& record, KafkaDeliveries* deliveries) override {
    RETURN_IF_ERROR(failed_);
    Send(record, deliveries);
    return Status::Ok();
  }
  Result<bool> Serve() override { return Acknowledge(); }
  Status Flush(int64_t timeout_ms) override { return FlushQueue(timeout_ms); }

  Status Commit(int64_t timeout_ms) override {
    RETURN_IF_ERROR(FlushQueue(timeout_ms));
    kafka_->Wait(6);
    Random& random = broker().random();
    if (!kafka_->alive_) {
      // It was on its way already.
      if (random.Below(2) == 0)
        broker().EndTransactionLater(id_, epoch_, true, static_cast<int64_t>(random.Below(8)));
      return Dead();
    }
    const KafkaFaults& faults = kafka_->faults_;
    auto later = [&](uint64_t most_ms) {
      broker().EndTransactionLater(id_, epoch_, true, static_cast<int64_t>(random.Below(most_ms)));
    };
    Status done;
    if (kafka_->Chance(faults.outage)) {
      broker().note("broker is away");
      if (random.Below(2) == 0) later(2);
      broker().clock()->AdvanceMicros(timeout_ms * 1000);
      disturbed_ = true;
      return TimedOut("committing '" + id_ + "'");
    }
    if (kafka_->Chance(faults.request_timeout)) {
      broker().note("EndTxn of " + id_ + " is under way when its client gives up");
      later(random.Below(2) == 0 ? 10 : 400);
      return TimedOut("committing '" + id_ + "'");
    }
    if (kafka_->Chance(faults.lost_request)) {
      broker().note("EndTxn of " + id_ + " is late, and is sent again");
      later(200);
      disturbed_ = true;
    }
    done = broker().EndTransaction(id_, epoch_, true);
    if (kafka_->Chance(faults.answer_timeout)) {
      broker().note("the answer to EndTxn of " + id_ + " is lost, and its client gives up");
      return TimedOut("committing '" + id_ + "'");
    }
    if (done.ok() && kafka_->Chance(faults.lost_answer)) {
      broker().note("the answer to EndTxn of " + id_ + " is lost, it is sent again");
      disturbed_ = true;
      later(200);
      done = broker().EndTransaction(id_, epoch_, true);
    }
    kafka_->Wait(6);
    return kafka_->alive_ ? done : Dead();
  }
  Status Abort(int64_t) override {
    if (!kafka_->alive_) return Dead();
    queue_.clear();
    return broker().EndTransaction(id_, epoch_, false);
  }
  bool disturbed() override { return disturbed_; }
  // Asleep between the record of progress and EndTxn.
  void WakeLate(int64_t delay_ms) override {
    if (queue_.empty() || queue_.back().partition.topic != "penstock-progress") return;
    for (const Queued& queued : queue_) broker().Later(delay_ms, WriteAlone(queued));
    broker().EndTransactionLater(id_, epoch_, true, delay_ms);
    queue_.clear();
  }
  Result<int32_t> CountPartitions(const std::string& topic) override {
    if (!kafka_->alive_) return Dead();
    if (broker().partitions(topic) == 0) return Status::NotFound("topic '" + topic + "' does not exist");
    return broker().partitions(topic);
  }

 protected:
  Status Write(const KafkaPartition& partition, std::optional<std::string> key,
               std::optional<std::string> value, int64_t timestamp_ms) override {
    return broker().AppendInTransaction(id_, epoch_, partition, std::move(key), std::move(value),
                                        timestamp_ms);
  }
  std::function<void()> WriteAlone(const Queued& queued) override {
    return [broker = kafka_->broker_, id = id_, epoch = epoch_, queued] {
      (void)broker->AppendInTransaction(id, epoch, queued.partition, queued.key, queued.value, 0);
    };
  }

 private:
  SimulatedBroker& broker() { return *kafka_->broker_; }
  std::string id_;
  int64_t timeout_ms_;
  int epoch_ = -1;
  bool disturbed_ = false;
};

void SimulatedKafka::Wait(int64_t most_ms) {
  if (!alive_) return;
  broker_->clock()->AdvanceMicros(
      static_cast<int64_t>(broker_->random().Below(static_cast<uint64_t>(most_ms) * 1000)));
  broker_->on_wait();
}

void SimulatedKafka::Kill() {
  if (!alive_) return;
  alive_ = false;
  for (SimulatedSender* sender : senders_) {
    if (broker_->random().Below(2) == 0) sender->WakeLate(static_cast<int64_t>(broker_->random().Below(8)));
    if (broker_->random().Below(2) == 0) sender->Orphan(static_cast<int64_t>(broker_->random().Below(4)));
  }
}

void SimulatedKafka::Work() {
  if (!alive_) return;
  broker_->Tick();
  for (size_t i = 0; i < senders_.size(); ++i) {
    if (broker_->random().Below(3) == 0) senders_[i]->Deliver(broker_->random().Below(8));
  }
}

Result<std::unique_ptr<KafkaAdmin>> SimulatedKafka::MakeAdmin(const KafkaProperties& properties) {
  if (!alive_) return Dead();
  return std::unique_ptr<KafkaAdmin>(new SimulatedAdmin(broker_, ReadsCommitted(properties)));
}

Result<std::unique_ptr<KafkaConsumer>> SimulatedKafka::MakeConsumer(const KafkaProperties& properties,
                                                                    std::function<void()> wake_up) {
  if (!alive_) return Dead();
  return std::unique_ptr<KafkaConsumer>(
      new SimulatedConsumer(this, ReadsCommitted(properties), std::move(wake_up)));
}

Result<std::unique_ptr<KafkaProducer>> SimulatedKafka::MakeProducer(const KafkaProperties&,
                                                                    std::function<void()> wake_up) {
  if (!alive_) return Dead();
  return std::unique_ptr<KafkaProducer>(new SimulatedProducer(this, broker_, std::move(wake_up)));
}

Result<std::unique_ptr<KafkaTransactionalProducer>> SimulatedKafka::MakeTransactionalProducer(
    const KafkaProperties& properties, std::function<void()> wake_up) {
  if (!alive_) return Dead();
  return std::unique_ptr<KafkaTransactionalProducer>(new SimulatedTransactionalProducer(
      this, properties.at("transactional.id"), std::stoll(properties.at("transaction.timeout.ms")),
      std::move(wake_up)));
}

}  // namespace penstock
