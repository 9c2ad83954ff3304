// SimulatedBroker: what a Kafka cluster keeps, for the simulation: partitions with transactions and their
// markers, the coordinator of transactional ids (epochs, fencing, expiry), and requests that reach it late or
// twice. Protocol as before KIP-890: all transactions of one initialised producer have one epoch, so a late
// duplicate of EndTxn can hit the next of them. Clients: simulated_kafka.h. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "connectors/kafka/kafka_client.h"
#include "env/clock.h"
#include "env/random.h"

namespace penstock {

class SimulatedBroker {
 public:
  enum class TransactionState : uint8_t { kOpen, kCommitted, kAborted };
  // What a producer says.
  struct Content {
    std::optional<std::string> key, value;
    int64_t timestamp_ms = -1;  // -1: now
    std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  };
  struct Record : Content {
    int64_t offset = 0;
    uint64_t transaction = 0;  // 0: of none
    bool marker = false;       // the end of a transaction
  };
  // A producer's transactional id, as the coordinator knows it.
  struct Id {
    int epoch = -1;
    uint64_t transaction = 0;  // open; 0: none
    bool last_committed = false;
    int64_t begun_ms = 0, timeout_ms = 0;
    std::set<KafkaPartition> partitions;  // of the open transaction
  };

  SimulatedBroker(ManualClock* clock, uint64_t seed) : clock_(clock), random_(seed) {}

  ManualClock* clock() { return clock_; }
  Random& random() { return random_; }
  // What went on, for a trace.
  std::function<void(const std::string&)> note = [](const std::string&) {};
  // Where a client waits for an answer: others go on.
  std::function<void()> on_wait = [] {};

  // Topics.
  bool CreateTopic(const std::string& name, int32_t partitions, std::map<std::string, std::string> config);
  int32_t partitions(const std::string& topic) const;  // 0: there is none
  // As producers ask: makes the topic where configs[""] has auto.create.topics.enable.
  Result<int32_t> CountPartitions(const std::string& topic);
  // kNotFound where a cluster has no such partition.
  Status CheckPartition(const KafkaPartition& partition) const;
  std::map<std::string, std::map<std::string, std::string>> configs;  // "": of the brokers
  Result<std::string> Config(const std::string& topic, const std::string& key) const;
  std::map<std::string, std::map<KafkaPartition, int64_t>> group_offsets;
  std::vector<std::string> topics() const;
  const std::deque<Record>& log(const KafkaPartition& partition) { return logs_[partition]; }
  int64_t End(const KafkaPartition& partition) { return static_cast<int64_t>(logs_[partition].size()); }
  // The last stable offset: of the first record of an open transaction, or the end.
  int64_t LastStable(const KafkaPartition& partition);
  bool Visible(const Record& record) const;  // to read_committed readers, below the last stable offset
  // Of the first record of that time or later, markers included, before `end`; kNoKafkaOffset.
  int64_t OffsetAt(const KafkaPartition& partition, int64_t time_ms, int64_t end);
  void Append(const KafkaPartition& partition, Content content, uint64_t transaction = 0);

  // The coordinator. Each first handles what has become due.
  int InitProducer(const std::string& id, int64_t timeout_ms);
  bool HasOpenTransaction(const std::string& id);
  Status AppendInTransaction(const std::string& id, int epoch, const KafkaPartition& partition,
                             Content content);
  Status EndTransaction(const std::string& id, int epoch, bool commit);
  // A request that is still on its way, whatever becomes of its sender.
  void Later(int64_t delay_ms, std::function<void()> request);
  // A copy of EndTransaction.
  void EndTransactionLater(const std::string& id, int epoch, bool commit, int64_t delay_ms);
  // What has become due: late requests, transactions that have expired.
  void Tick();
  const std::map<std::string, Id>& ids() const { return ids_; }

 private:
  void Finish(const std::string& name, Id* id, bool commit);

  ManualClock* clock_;
  Random random_;
  std::map<std::string, int32_t> topics_;
  std::map<KafkaPartition, std::deque<Record>> logs_;
  std::map<uint64_t, TransactionState> transactions_;
  std::map<std::string, Id> ids_;
  std::multimap<int64_t, std::function<void()>> late_;
  bool ticking_ = false;
};

}  // namespace penstock
