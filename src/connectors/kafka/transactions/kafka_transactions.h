// KafkaTransactions: the transactions of one job: what all its exactly-once sinks write between two barriers
// is one transaction, and the record of progress that ends it is the decision about the checkpoint. Protocol:
// docs/design/checkpoints.md.
//
// Two producers take turns, so that the rows behind a barrier can be written while the transaction before it
// is being sealed. No row behind a barrier is sent before every sink has passed it and all before it is
// acknowledged: else the order inside a partition would break. Sink tasks call KafkaTransactionWriter, the
// checkpoint driver Decide and Abandon, the job's thread Recover.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/transactions/kafka_progress.h"
#include "stream/checkpoint.h"
#include "stream/decision_log.h"

namespace penstock {

class KafkaTransactionWriter;

struct KafkaTransactionOptions {
  KafkaProperties producer;            // of the sinks; transaction.timeout.ms where the user has set it
  KafkaProperties consumer;            // of the same cluster
  std::string id_prefix = "penstock";  // of the transactional ids
  std::string job;
  int64_t longest_epoch_ms = 0;
};

class KafkaTransactions : public DecisionLog {
 public:
  KafkaTransactions(KafkaClient* client, KafkaTransactionOptions options, const Clock* clock);
  ~KafkaTransactions() override;

  Result<std::optional<Decision>> Recover() override;
  Status Decide(const Decision& decision) override;
  Status Abandon(uint64_t epoch) override;

  // Of one subtask of a sink, since the last Recover. `wake_up` is called from any thread.
  std::unique_ptr<KafkaTransactionWriter> MakeWriter(std::function<void()> wake_up);

 private:
  friend class KafkaTransactionWriter;
  static constexpr size_t kRing = 2;

  struct Slot {
    std::shared_ptr<KafkaTransactionalProducer> producer;
    bool begun = false;
    int64_t begun_ms = 0;
  };
  // What the ring knows of a writer; lives until the producers are gone, which count in it.
  struct Member {
    KafkaDeliveries deliveries;
    uint64_t transaction = 0;  // that it writes to
    bool ended = false;
    std::function<void()> wake_up;  // under wake_mutex_; empty once the writer is gone
  };

  Slot& SlotOf(uint64_t transaction) { return slots_[transaction % kRing]; }
  Status ChooseTimeout();
  Result<std::shared_ptr<KafkaTransactionalProducer>> MakeProducer(size_t slot);
  // Gives these slots new producers, which shut out what used their ids before.
  Status Renew(const std::vector<size_t>& slots);
  void Reset();
  Status Begin(Slot* slot);
  // Whether every writer is behind the barrier that ends transaction head_.
  bool AllPassed() const;
  void WakeAll();
  // An outcome that only the progress topic can tell, or that another process has taken over.
  Status Unknown(Status status, int64_t begun_ms) const;
  // The same for a call on the producer of a writer.
  Status UnknownTo(const Member& member, Status status);
  Status Commit(const Decision& decision, KafkaTransactionalProducer* producer);

  // Of the writers.
  bool Waits(const Member& member) const;
  Result<std::shared_ptr<KafkaTransactionalProducer>> Join(Member* member);
  Status Pass(Member* member, uint64_t epoch);
  Status Serve();
  std::vector<Slot> Slots() const;

  KafkaClient* const client_;
  const KafkaTransactionOptions options_;
  const Clock* const clock_;
  KafkaProgress progress_;
  int64_t timeout_ms_ = 0;  // of a transaction
  KafkaDeliveries progress_deliveries_;

  mutable std::mutex mutex_;  // never taken by a client's thread
  Slot slots_[kRing];
  uint64_t head_ = 0;       // the oldest transaction that is not committed
  uint64_t abandoned_ = 0;  // epochs up to here will not be decided
  std::vector<std::unique_ptr<Member>> members_;
  std::mutex wake_mutex_;
};

// What one subtask of a sink writes through, on its task's thread.
class KafkaTransactionWriter : public KafkaProducer {
 public:
  KafkaTransactionWriter(KafkaTransactions* transactions, KafkaTransactions::Member* member)
      : transactions_(transactions), member_(member) {}
  ~KafkaTransactionWriter() override;

  // Rows must wait: others have not passed the barrier yet that this one has.
  bool waits() const;
  // The barrier of `epoch` is passed, or with kLastEpoch the writer has ended.
  // REQUIRES: nothing is in flight.
  Status Pass(uint64_t epoch);

  // REQUIRES: !waits().
  Status Produce(const KafkaRecord& record) override;
  Status Serve() override { return transactions_->Serve(); }
  int64_t records_in_flight() const override { return member_->deliveries.records; }
  int64_t bytes_in_flight() const override { return member_->deliveries.bytes; }
  Status Flush(int64_t timeout_ms) override;
  Result<int32_t> CountPartitions(const std::string& topic) override;

 private:
  KafkaTransactions* transactions_;
  KafkaTransactions::Member* member_;
  std::shared_ptr<KafkaTransactionalProducer> current_;  // null before the first row of a transaction
};

}  // namespace penstock
