// KafkaClient: the port to Kafka: looking around in a cluster (KafkaAdmin), reading partitions
// (KafkaConsumer), writing records (KafkaProducer) and writing them in transactions
// (KafkaTransactionalProducer). rdkafka/ implements it on librdkafka; a simulated broker can stand in: both
// pass testing/contract. Errors are Status values; ClassOf says what a caller can do about one.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace penstock {

enum class KafkaErrorClass : uint8_t {
  kRetriable,  // the same call may succeed later
  kAbortable,  // the open transaction must be aborted, the client lives on
  kFatal,      // the client cannot be used any more, or nobody but the user can mend it
};
// Of a failed Status that came out of this port.
inline KafkaErrorClass ClassOf(const Status& status) {
  if (status.retryable()) return KafkaErrorClass::kRetriable;
  return status.code() == StatusCode::kCancelled ? KafkaErrorClass::kAbortable : KafkaErrorClass::kFatal;
}

// Offsets that stand for something else; the values are Kafka's.
inline constexpr int64_t kKafkaEarliest = -2;
inline constexpr int64_t kKafkaLatest = -1;
inline constexpr int64_t kNoKafkaOffset = INT64_MIN;

struct KafkaPartition {
  std::string topic;
  int32_t partition = 0;
  auto operator<=>(const KafkaPartition&) const = default;
  std::string ToString() const { return topic + "-" + std::to_string(partition); }
};

struct KafkaTopic {
  std::string name;
  std::string id;  // given by the broker when the topic was created; "" where it is too old to say
  std::vector<int32_t> partitions;
};

// Client properties by librdkafka's names; made from a table's options by kafka_properties.h.
using KafkaProperties = std::map<std::string, std::string>;

// Blocking calls that end within the time limit of the client, with an error that names the brokers.
class KafkaAdmin {
 public:
  virtual ~KafkaAdmin() = default;
  virtual Result<std::vector<std::string>> ListTopics() = 0;
  // kNotFound where one of them does not exist.
  virtual Result<std::vector<KafkaTopic>> DescribeTopics(const std::vector<std::string>& names) = 0;
  // For each partition: kKafkaEarliest, kKafkaLatest (of committed transactions, as the isolation level says)
  // or the first offset of that time in milliseconds, which may be a marker's; kNoKafkaOffset where the time
  // is after every record.
  virtual Result<std::vector<int64_t>> ListOffsets(const std::vector<KafkaPartition>& partitions,
                                                   int64_t what_or_millis) = 0;
  // Of the client's group.id; kNoKafkaOffset where nothing was committed.
  virtual Result<std::vector<int64_t>> CommittedOffsets(const std::vector<KafkaPartition>& partitions) = 0;
  // kAlreadyExists where it does. `config` as the broker names its keys.
  virtual Status CreateTopic(const std::string& name, int32_t partitions,
                             const std::map<std::string, std::string>& config) = 0;
  // The value of one configuration key of a topic; of the brokers where `topic` is empty.
  virtual Result<std::string> ConfigValue(const std::string& topic, const std::string& key) = 0;
};

enum class KafkaTimestampType : uint8_t { kNone, kCreateTime, kLogAppendTime };

struct KafkaHeader {
  std::string_view name;
  std::optional<std::string_view> value;
};

// A record that was read; its views point into the client's memory and live as long as the KafkaFetch.
struct KafkaMessage {
  int64_t offset = 0;
  int64_t timestamp_ms = -1;
  KafkaTimestampType timestamp_type = KafkaTimestampType::kNone;
  int32_t leader_epoch = -1;
  std::optional<std::string_view> key, value;
};

// What one call of Fetch got out of one partition, in order.
class KafkaFetch {
 public:
  virtual ~KafkaFetch() = default;
  virtual std::vector<KafkaHeader> Headers(size_t message) const = 0;
  std::vector<KafkaMessage> messages;
  // The partition ended here, behind the messages and markers, or before an open transaction. Told once,
  // until there is more.
  int64_t end_offset = kNoKafkaOffset;
};

struct KafkaAssignment {
  int handle = 0;  // chosen by the caller, names the partition from now on
  KafkaPartition partition;
  int64_t offset = kKafkaEarliest;
  int32_t leader_epoch = -1;
};

// Used by one thread; never blocks. Fetching goes on in the client's own threads, which call `wake_up` when
// an empty partition has messages again.
class KafkaConsumer {
 public:
  virtual ~KafkaConsumer() = default;
  virtual Status Assign(const std::vector<KafkaAssignment>& added) = 0;
  virtual Status Release(int handle) = 0;
  // What is there, at most `max` messages.
  virtual Result<std::unique_ptr<KafkaFetch>> Fetch(int handle, int64_t max) = 0;
  // Handles events; fails once the brokers could not be reached for the time limit.
  virtual Status Serve() = 0;
  // Commits positions to the client's group, for tools that show lag. Best effort: nobody learns how it went.
  virtual void CommitOffsets(const std::vector<KafkaAssignment>& positions) = 0;
};

struct KafkaRecord {
  std::string_view topic;
  int32_t partition = -1;  // -1: as Java's default partitioner does
  std::optional<std::string_view> key, value;
  int64_t timestamp_ms = -1;  // -1: now
  std::vector<KafkaHeader> headers;

  int64_t bytes() const {
    return static_cast<int64_t>((key ? key->size() : 0) + (value ? value->size() : 0));
  }
};

// Used by one thread; never blocks except where it says so. `wake_up` is called when records were
// acknowledged.
class KafkaProducer {
 public:
  virtual ~KafkaProducer() = default;
  // Copies the record into the send queue.
  virtual Status Produce(const KafkaRecord& record) = 0;
  // Handles acknowledgements; the error of the first record that could not be delivered, again and again.
  virtual Status Serve() = 0;
  virtual int64_t records_in_flight() const = 0;
  virtual int64_t bytes_in_flight() const = 0;
  // Blocks until all is acknowledged or the time is over (kUnavailable).
  virtual Status Flush(int64_t timeout_ms) = 0;
  // Blocks: partitions of a topic, which the broker may create for it; kNotFound.
  virtual Result<int32_t> CountPartitions(const std::string& topic) = 0;
};

// What one of several users of a producer has sent and is not acknowledged.
struct KafkaDeliveries {
  std::atomic<int64_t> records{0};
  std::atomic<int64_t> bytes{0};
};

// A producer with a transactional id: what it writes between Begin and Commit becomes visible together, or
// never. Produce, Serve and Flush may be called by several threads at once; the rest by one at a time.
// Blocking calls end within their time limit. After an error of Commit the outcome is unknown, after any
// error but that of Init the producer is of no use any more: it is destroyed, and a new one of its id
// initialised.
class KafkaTransactionalProducer {
 public:
  virtual ~KafkaTransactionalProducer() = default;
  // Shuts out every earlier producer of this id and aborts what it left open. Blocks. kUnavailable: again; it
  // goes on in the meantime.
  virtual Status Init(int64_t timeout_ms) = 0;
  virtual Status Begin() = 0;
  // Copies the record into the send queue and counts it in `deliveries` until it is acknowledged.
  virtual Status Produce(const KafkaRecord& record, KafkaDeliveries* deliveries) = 0;
  // Handles acknowledgements, true when there were any; the error of the first record that could not be
  // delivered, again and again; kFenced when another producer of this id has shut this one out.
  virtual Result<bool> Serve() = 0;
  // Blocks until all is acknowledged or the time is over (kUnavailable).
  virtual Status Flush(int64_t timeout_ms) = 0;
  // Sends what is queued first. An empty transaction asks nobody: it is committed by one that was shut out,
  // too.
  virtual Status Commit(int64_t timeout_ms) = 0;
  // Forgets what is queued; the producer goes on.
  virtual Status Abort(int64_t timeout_ms) = 0;
  // Whether the connection was disturbed since the last Begin: a request that was sent again may reach the
  // broker late and hit the next transaction.
  virtual bool disturbed() = 0;
  virtual Result<int32_t> CountPartitions(const std::string& topic) = 0;
};

class KafkaClient {
 public:
  virtual ~KafkaClient() = default;
  virtual Result<std::unique_ptr<KafkaAdmin>> MakeAdmin(const KafkaProperties& properties) = 0;
  virtual Result<std::unique_ptr<KafkaConsumer>> MakeConsumer(const KafkaProperties& properties,
                                                              std::function<void()> wake_up) = 0;
  virtual Result<std::unique_ptr<KafkaProducer>> MakeProducer(const KafkaProperties& properties,
                                                              std::function<void()> wake_up) = 0;
  // `properties` name the transactional.id.
  virtual Result<std::unique_ptr<KafkaTransactionalProducer>> MakeTransactionalProducer(
      const KafkaProperties& properties, std::function<void()> wake_up) = 0;
};

// The real one.
KafkaClient& RdKafkaClient();

}  // namespace penstock
