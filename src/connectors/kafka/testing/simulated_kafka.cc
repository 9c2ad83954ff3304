// The producers of one process; readers: simulated_reading.cc.
#include "connectors/kafka/testing/simulated_kafka.h"

#include <algorithm>

#include "connectors/kafka/murmur2.h"

namespace penstock {

namespace {

Status TimedOut(const std::string& what) {
  return Status(StatusCode::kUnavailable, what + " timed out").WithNumber(ErrorNumber::kRuntime);
}

SimulatedBroker::Content ContentOf(const KafkaRecord& record) {
  auto copy = [](const std::optional<std::string_view>& text) {
    return text ? std::optional<std::string>(*text) : std::nullopt;
  };
  SimulatedBroker::Content content{copy(record.key), copy(record.value), record.timestamp_ms, {}};
  for (const KafkaHeader& header : record.headers)
    content.headers.emplace_back(std::string(header.name), copy(header.value));
  return content;
}

}  // namespace

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
    queue_.push_back({{std::string(record.topic), partition}, ContentOf(record), record.bytes(), deliveries});
  }
  // The first of what is queued is on its way, and arrives without its sender.
  void Orphan(int64_t delay_ms) {
    SimulatedBroker& broker = *kafka_->broker_;
    queue_.resize(broker.random().Below(queue_.size() + 1));
    for (const Queued& queued : queue_) broker.Later(delay_ms, WriteAlone(queued));
  }
  // The process was only asleep: what it was about to do, it does when others have taken over.
  virtual void WakeLate(int64_t) {}
  // Gets up to so many records to the broker, or hears why not.
  void Deliver(uint64_t most) {
    if (!kafka_->alive_) return;
    uint64_t sent = 0;
    for (; sent < most && !queue_.empty(); ++sent) {
      Queued& first = queue_.front();
      Status written = kafka_->broker_->CheckPartition(first.partition);
      if (written.ok()) written = Write(first.partition, std::move(first.content));
      if (failed_.ok()) failed_ = std::move(written);
      acknowledged_.push_back({first.bytes, first.deliveries});
      queue_.pop_front();
    }
    if (sent > 0) wake_up_();
  }

 protected:
  struct Queued {
    KafkaPartition partition;
    SimulatedBroker::Content content;
    int64_t bytes = 0;
    KafkaDeliveries* deliveries = nullptr;
  };
  virtual Status Write(const KafkaPartition& partition, SimulatedBroker::Content content) = 0;
  // Write, for when this object is gone.
  virtual std::function<void()> WriteAlone(const Queued& queued) = 0;
  Result<bool> Acknowledge() {
    if (!kafka_->alive_) return SimulatedKafka::Dead();
    bool any = !acknowledged_.empty();
    for (auto& [bytes, deliveries] : acknowledged_) {
      --deliveries->records;
      deliveries->bytes -= bytes;
    }
    acknowledged_.clear();
    RETURN_IF_ERROR(failed_);
    return any;
  }
  // Forgets what was not sent.
  void ClearQueue() {
    for (const Queued& queued : queue_) acknowledged_.push_back({queued.bytes, queued.deliveries});
    queue_.clear();
    (void)Acknowledge();
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
    return broker_->CountPartitions(topic);
  }

 protected:
  Status Write(const KafkaPartition& partition, SimulatedBroker::Content content) override {
    broker_->Append(partition, std::move(content));
    return Status::Ok();
  }
  std::function<void()> WriteAlone(const Queued& queued) override {
    return [broker = broker_, queued] { broker->Append(queued.partition, queued.content); };
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

  Status Init(int64_t timeout_ms) override {
    kafka_->Wait(6);
    if (!kafka_->alive_) return SimulatedKafka::Dead();
    if (kafka_->Chance(kafka_->faults_.not_coordinator)) {
      broker().note("broker is not the coordinator of " + id_);
      return TimedOut("initialising '" + id_ + "'");
    }
    // What is open is ended first; the client asks again by itself when that is done.
    bool waits = broker().HasOpenTransaction(id_) && timeout_ms < kEndingMs;
    epoch_ = broker().InitProducer(id_, timeout_ms_);
    return waits ? TimedOut("initialising '" + id_ + "'") : Status::Ok();
  }
  Status Begin() override {
    disturbed_ = false;
    empty_ = true;
    return epoch_ >= 0 ? Status::Ok() : Status::Internal("a producer that was not initialised");
  }
  Status Produce(const KafkaRecord& record, KafkaDeliveries* deliveries) override {
    RETURN_IF_ERROR(failed_);
    empty_ = false;
    Send(record, deliveries);
    return Status::Ok();
  }
  Result<bool> Serve() override { return Acknowledge(); }
  Status Flush(int64_t timeout_ms) override { return FlushQueue(timeout_ms); }

  Status Commit(int64_t timeout_ms) override {
    RETURN_IF_ERROR(FlushQueue(timeout_ms));
    if (empty_) return Status::Ok();  // the broker knows nothing of it
    kafka_->Wait(6);
    Random& random = broker().random();
    if (!kafka_->alive_) {
      // It was on its way already.
      if (random.Below(2) == 0)
        broker().EndTransactionLater(id_, epoch_, true, static_cast<int64_t>(random.Below(8)));
      return SimulatedKafka::Dead();
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
    return kafka_->alive_ ? done : SimulatedKafka::Dead();
  }
  Status Abort(int64_t) override {
    if (!kafka_->alive_) return SimulatedKafka::Dead();
    ClearQueue();
    return empty_ ? Status::Ok() : broker().EndTransaction(id_, epoch_, false);
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
    if (!kafka_->alive_) return SimulatedKafka::Dead();
    return broker().CountPartitions(topic);
  }

 protected:
  Status Write(const KafkaPartition& partition, SimulatedBroker::Content content) override {
    return broker().AppendInTransaction(id_, epoch_, partition, std::move(content));
  }
  std::function<void()> WriteAlone(const Queued& queued) override {
    return [broker = kafka_->broker_, id = id_, epoch = epoch_, queued] {
      (void)broker->AppendInTransaction(id, epoch, queued.partition, queued.content);
    };
  }

 private:
  SimulatedBroker& broker() { return *kafka_->broker_; }
  std::string id_;
  int64_t timeout_ms_;
  static constexpr int64_t kEndingMs = 100;  // what the end of a transaction takes
  int epoch_ = -1;
  bool disturbed_ = false;
  bool empty_ = true;  // nothing was written since Begin
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
  WakeReaders();
}

Result<std::unique_ptr<KafkaProducer>> SimulatedKafka::MakeProducer(const KafkaProperties&,
                                                                    std::function<void()> wake_up) {
  if (!alive_) return SimulatedKafka::Dead();
  return std::unique_ptr<KafkaProducer>(new SimulatedProducer(this, broker_, std::move(wake_up)));
}

Result<std::unique_ptr<KafkaTransactionalProducer>> SimulatedKafka::MakeTransactionalProducer(
    const KafkaProperties& properties, std::function<void()> wake_up) {
  if (!alive_) return SimulatedKafka::Dead();
  return std::unique_ptr<KafkaTransactionalProducer>(new SimulatedTransactionalProducer(
      this, properties.at("transactional.id"), std::stoll(properties.at("transaction.timeout.ms")),
      std::move(wake_up)));
}

}  // namespace penstock
