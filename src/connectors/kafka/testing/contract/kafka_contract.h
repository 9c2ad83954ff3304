// What every KafkaClient promises, as tests: run against the model, and against a real broker where
// $PENSTOCK_KAFKA_SERVERS names one (tests/e2e/kafka_contract_test.py starts it). What callers of the port
// rely on is here; a difference between the two is a bug of the model. Included by tests only; one thread,
// beside the clients' own.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "connectors/kafka/kafka_client.h"
#include "env/clock.h"

namespace penstock {

// Rung by the clients' threads.
class ContractBell {
 public:
  void Ring() {
    std::lock_guard lock(mutex_);
    rung_ = true;
    changed_.notify_all();
  }
  // Whether it was rung since the last call, or is within the time.
  bool Wait(int64_t most_ms) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(most_ms), [this] { return rung_; });
    return std::exchange(rung_, false);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

// A cluster and the way to it. One of a kind lives as long as a test.
class KafkaWorld {
 public:
  virtual ~KafkaWorld() = default;
  virtual KafkaClient& client() = 0;
  // What every client of this cluster is made with.
  virtual KafkaProperties properties() const = 0;
  virtual const Clock& clock() const = 0;
  // Lets the clients' threads and the cluster go on, for so long or until the bell rings.
  virtual void Wait(ContractBell* bell, int64_t most_ms) = 0;
  // What names of topics and ids end with, so that no other test has them.
  virtual std::string suffix() const = 0;
};

struct ContractKafka {
  std::string name;
  std::unique_ptr<KafkaWorld> (*make)();  // null: it is not there
  friend std::ostream& operator<<(std::ostream& out, const ContractKafka& kafka) { return out << kafka.name; }
};

struct ReadRecord {
  int64_t offset = 0, timestamp_ms = 0;
  KafkaTimestampType timestamp_type = KafkaTimestampType::kNone;
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

class KafkaContract : public testing::TestWithParam<ContractKafka> {
 protected:
  static constexpr int64_t kLongMs = 20'000;  // more than anything takes that comes at all
  using Transactional = std::unique_ptr<KafkaTransactionalProducer>;

  void SetUp() override {
    world_ = GetParam().make();
    if (!world_) GTEST_SKIP() << "no broker: $PENSTOCK_KAFKA_SERVERS is not set";
  }
  // Of this test alone.
  std::string Name(const std::string& part) const {
    std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    return test.substr(0, test.find('/')) + "-" + part + world_->suffix();
  }
  std::string Topic(int32_t partitions = 1, const std::map<std::string, std::string>& config = {}) {
    std::string name = Name("t" + std::to_string(topics_++));
    Status created = Admin()->CreateTopic(name, partitions, config);
    EXPECT_TRUE(created.ok()) << created.ToString();
    return name;
  }

  std::unique_ptr<KafkaAdmin> Admin(const KafkaProperties& more = {}) {
    return Made(world_->client().MakeAdmin(With(more)));
  }
  std::unique_ptr<KafkaConsumer> Consumer(
      KafkaProperties more = {}, const std::function<void()>& wake_up = [] {}) {
    more.emplace("fetch.wait.max.ms", "10");  // the end is told when a fetch has found nothing
    return Made(world_->client().MakeConsumer(With(more), [this, wake_up] {
      wake_up();
      bell_.Ring();
    }));
  }
  std::unique_ptr<KafkaProducer> Producer(const KafkaProperties& more = {}) {
    return Made(world_->client().MakeProducer(With(more), [this] { bell_.Ring(); }));
  }
  // Not initialised.
  Transactional Raw(const std::string& id, int64_t timeout_ms = 60'000) {
    KafkaProperties more = {{"transactional.id", Name(id)},
                            {"transaction.timeout.ms", std::to_string(timeout_ms)}};
    return Made(world_->client().MakeTransactionalProducer(With(more), [this] { bell_.Ring(); }));
  }
  // A broker that has just started is no coordinator yet.
  Transactional Initialised(const std::string& id, int64_t timeout_ms = 60'000) {
    Transactional producer = Raw(id, timeout_ms);
    Status last;
    EXPECT_TRUE(Await([&] { return !(last = producer->Init(kLongMs)).retryable(); })) << last.ToString();
    EXPECT_TRUE(last.ok()) << last.ToString();
    return producer;
  }
  Transactional Begun(const std::string& id, int64_t timeout_ms = 60'000) {
    Transactional producer = Initialised(id, timeout_ms);
    EXPECT_TRUE(producer->Begin().ok());
    return producer;
  }

  // The value must outlive the record.
  static KafkaRecord Record(const std::string& topic, std::string_view value, int32_t partition = 0) {
    KafkaRecord record;
    record.topic = topic;
    record.partition = partition;
    record.value = value;
    return record;
  }
  // Sends one record and waits for its acknowledgement.
  Status Write(KafkaProducer& producer, const KafkaRecord& record) {
    RETURN_IF_ERROR(producer.Produce(record));
    return producer.Flush(kLongMs);
  }
  Status Write(KafkaTransactionalProducer& producer, const KafkaRecord& record) {
    RETURN_IF_ERROR(producer.Produce(record, &deliveries_));
    return producer.Flush(kLongMs);
  }

  // Whether it came true in time.
  bool Await(const std::function<bool()>& condition, int64_t most_ms = kLongMs) {
    int64_t give_up_ms = world_->clock().MonotonicMillis() + most_ms;
    while (!condition()) {
      if (world_->clock().MonotonicMillis() > give_up_ms) return false;
      world_->Wait(&bell_, 20);
    }
    return true;
  }

  // What `handle` reads until the end is told.
  std::vector<ReadRecord> ToEnd(KafkaConsumer& consumer, int handle, int64_t* end = nullptr,
                                int64_t max = 100) {
    std::vector<ReadRecord> records;
    bool ended = Await([&] {
      for (bool more = true; more;) {
        Result<std::unique_ptr<KafkaFetch>> fetch = consumer.Fetch(handle, max);
        if (!fetch) {
          ADD_FAILURE() << fetch.error().ToString();
          return true;
        }
        EXPECT_LE(static_cast<int64_t>((*fetch)->messages.size()), max);
        Take(**fetch, &records);
        if (end != nullptr) *end = (*fetch)->end_offset;
        if ((*fetch)->end_offset != kNoKafkaOffset) return true;
        more = !(*fetch)->messages.empty();
      }
      EXPECT_TRUE(consumer.Serve().ok());
      return false;
    });
    EXPECT_TRUE(ended) << "the end was never told";
    return records;
  }
  // A whole partition, by a reader of its own.
  std::vector<ReadRecord> All(const std::string& topic, int32_t partition = 0, bool committed = true,
                              int64_t* end = nullptr) {
    auto consumer = Consumer({{"isolation.level", committed ? "read_committed" : "read_uncommitted"}});
    EXPECT_TRUE(consumer->Assign({{0, {topic, partition}, 0, -1}}).ok());
    return ToEnd(*consumer, 0, end);
  }
  static std::vector<std::string> Values(const std::vector<ReadRecord>& records) {
    std::vector<std::string> values;
    for (const ReadRecord& record : records) values.push_back(record.value.value_or("(null)"));
    return values;
  }
  std::vector<std::string> Committed(const std::string& topic, int32_t partition = 0) {
    return Values(All(topic, partition));
  }
  // The last offset, as readers of that level see it.
  int64_t Latest(const std::string& topic, bool committed) {
    auto admin = Admin({{"isolation.level", committed ? "read_committed" : "read_uncommitted"}});
    Result<std::vector<int64_t>> offsets = admin->ListOffsets({{topic, 0}}, kKafkaLatest);
    EXPECT_TRUE(offsets) << offsets.error().ToString();
    return offsets ? offsets->at(0) : kNoKafkaOffset;
  }
  // No transaction is open. The broker writes its markers after it has answered.
  bool Settled(const std::string& topic) {
    return Await([&] { return Latest(topic, true) == Latest(topic, false); });
  }

  std::unique_ptr<KafkaWorld> world_;
  ContractBell bell_;
  KafkaDeliveries deliveries_;

 private:
  template <typename T>
  static std::unique_ptr<T> Made(Result<std::unique_ptr<T>> made) {
    CHECK(made.has_value());
    return std::move(*made);
  }
  KafkaProperties With(KafkaProperties more) const {
    KafkaProperties all = world_->properties();
    more.merge(all);
    return more;
  }
  static void Take(const KafkaFetch& fetch, std::vector<ReadRecord>* records) {
    auto copy = [](std::optional<std::string_view> text) {
      return text ? std::optional<std::string>(*text) : std::nullopt;
    };
    for (size_t i = 0; i < fetch.messages.size(); ++i) {
      const KafkaMessage& message = fetch.messages[i];
      ReadRecord& record = records->emplace_back();
      record.offset = message.offset;
      record.timestamp_ms = message.timestamp_ms;
      record.timestamp_type = message.timestamp_type;
      record.key = copy(message.key);
      record.value = copy(message.value);
      for (const KafkaHeader& header : fetch.Headers(i))
        record.headers.emplace_back(std::string(header.name), copy(header.value));
    }
  }
  int topics_ = 0;
};

}  // namespace penstock
