// The ring of producers.
#include "connectors/kafka/transactions/kafka_transactions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "env/failpoint.h"

namespace penstock {

namespace {

Failpoint made_point("kafka.producer-made", "a producer stands, earlier ones of its id are not shut out");
Failpoint renewed_point("kafka.producer-initialised", "a producer has shut out the earlier ones of its id");
Failpoint begun("kafka.begun", "a transaction is begun");
Failpoint passed("kafka.passed", "a writer is behind the barrier");
Failpoint deciding("kafka.deciding", "everything is acknowledged, no progress is produced");
Failpoint progress_produced("kafka.progress-produced", "the record of progress is in the transaction");
Failpoint progress_flushed("kafka.progress-flushed", "the record of progress is acknowledged");
Failpoint committed("kafka.committed", "the transaction is committed, only the broker knows");
Failpoint next_turn("kafka.next-turn", "the ring goes on to the next transaction");
Failpoint abandoned_point("kafka.abandoned", "an abandoned epoch goes with the next transaction");

SeededBug undisturbed("bug:kafka.undisturbed", "a producer goes on after a disturbed commit");
SeededBug believed("bug:kafka.believed", "a commit whose answer did not come counts as done");
SeededBug apart("bug:kafka.apart", "progress is a transaction of its own, behind that of the rows");
SeededBug abandoned_rows("bug:kafka.abandoned-rows",
                         "an epoch may be abandoned after rows behind it were sent");

constexpr int64_t kCallMs = 60'000;            // of a blocking call to the brokers
constexpr int64_t kTurnMs = 20;                // of one of several that are under way
constexpr int64_t kAbortMs = 5'000;            // of the courtesy to readers when a job ends
constexpr int64_t kBrokerTimeoutMs = 900'000;  // Kafka's transaction.max.timeout.ms, where it is not told

std::optional<int64_t> Number(const std::string& text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

KafkaTransactions::KafkaTransactions(KafkaClient* client, KafkaTransactionOptions options, const Clock* clock)
    : client_(client),
      options_(std::move(options)),
      clock_(clock),
      progress_(client, options_.consumer, options_.job, clock) {}

// Readers would wait for what is still open.
KafkaTransactions::~KafkaTransactions() {
  for (Slot& slot : slots_) {
    if (slot.producer && slot.begun) (void)slot.producer->Abort(kAbortMs);
  }
  Reset();
}

void KafkaTransactions::Reset() {
  std::lock_guard lock(mutex_);
  for (Slot& slot : slots_) slot = Slot();
  std::lock_guard wake_lock(wake_mutex_);
  members_.clear();
  head_ = abandoned_ = 0;
}

// The broker's maximum, or what the user asks for, if that fits.
Status KafkaTransactions::ChooseTimeout() {
  if (timeout_ms_ > 0) return Status::Ok();
  ASSIGN_OR_RETURN(std::unique_ptr<KafkaAdmin> admin, client_->MakeAdmin(options_.consumer));
  Result<std::string> told = admin->ConfigValue("", "transaction.max.timeout.ms");
  // Not everybody may ask.
  if (!told && told.error().retryable()) return told.error();
  int64_t most = told ? Number(*told).value_or(kBrokerTimeoutMs) : kBrokerTimeoutMs;
  auto asked = options_.producer.find("transaction.timeout.ms");
  int64_t chosen = asked == options_.producer.end() ? most : Number(asked->second).value_or(0);
  if (chosen > most) {
    return SqlError(
        ErrorNumber::kTransactionTimeout, {},
        fmt::format("'properties.transaction.timeout.ms' = '{}' is more than the brokers allow ({} ms)",
                    chosen, most),
        "leave it out to get the most, or raise transaction.max.timeout.ms of the brokers");
  }
  if (options_.longest_epoch_ms >= chosen) {
    return SqlError(
        ErrorNumber::kTransactionTimeout, {},
        fmt::format(
            "{} ms may pass between two checkpoints, but the brokers give up a transaction after {} ms",
            options_.longest_epoch_ms, chosen),
        "lower execution.checkpointing.timeout, .interval or .tolerable-failed-checkpoints, or raise "
        "transaction.max.timeout.ms of the brokers");
  }
  timeout_ms_ = chosen;
  return Status::Ok();
}

Result<std::shared_ptr<KafkaTransactionalProducer>> KafkaTransactions::MakeProducer(size_t slot) {
  KafkaProperties properties = options_.producer;
  properties["transactional.id"] = fmt::format("{}-{}-{}", options_.id_prefix, options_.job, slot);
  properties["transaction.timeout.ms"] = std::to_string(timeout_ms_);
  ASSIGN_OR_RETURN(std::shared_ptr<KafkaTransactionalProducer> made,
                   client_->MakeTransactionalProducer(properties, [this] { WakeAll(); }));
  RETURN_IF_ERROR(made_point.Hit());
  return made;
}

// By turns: each may wait half a second until the broker has ended what was open, and does so in its own
// threads. A broker that has just started answers the first calls with "not coordinator".
Status KafkaTransactions::Renew(const std::vector<size_t>& slots) {
  std::vector<std::pair<size_t, std::shared_ptr<KafkaTransactionalProducer>>> waiting;
  for (size_t slot : slots) {
    ASSIGN_OR_RETURN(auto made, MakeProducer(slot));
    waiting.emplace_back(slot, std::move(made));
  }
  int64_t give_up_ms = clock_->MonotonicMillis() + kCallMs;
  for (size_t turn = 0; !waiting.empty(); ++turn) {
    auto next = waiting.begin() + static_cast<ptrdiff_t>(turn % waiting.size());
    Status status = next->second->Init(waiting.size() == 1 ? kCallMs : kTurnMs);
    if (status.retryable() && clock_->MonotonicMillis() < give_up_ms) continue;
    RETURN_IF_ERROR(status);
    RETURN_IF_ERROR(renewed_point.Hit());
    std::lock_guard lock(mutex_);
    slots_[next->first] = Slot{std::move(next->second), false, 0};
    waiting.erase(next);
  }
  return Status::Ok();
}

Result<std::optional<Decision>> KafkaTransactions::Recover() {
  Reset();
  RETURN_IF_ERROR(ChooseTimeout());
  RETURN_IF_ERROR(progress_.Open());
  std::vector<size_t> all(kRing);
  std::iota(all.begin(), all.end(), size_t{0});
  RETURN_IF_ERROR(Renew(all));
  return progress_.Last();
}

std::unique_ptr<KafkaTransactionWriter> KafkaTransactions::MakeWriter(std::function<void()> wake_up) {
  std::lock_guard lock(mutex_);
  std::lock_guard wake_lock(wake_mutex_);
  auto member = std::make_unique<Member>();
  member->transaction = head_;
  member->wake_up = std::move(wake_up);
  auto writer = std::make_unique<KafkaTransactionWriter>(this, member.get());
  members_.push_back(std::move(member));
  return writer;
}

void KafkaTransactions::WakeAll() {
  std::lock_guard lock(wake_mutex_);
  for (const auto& member : members_) {
    if (member->wake_up) member->wake_up();
  }
}

bool KafkaTransactions::AllPassed() const {
  return std::all_of(members_.begin(), members_.end(),
                     [&](const auto& member) { return member->ended || member->transaction > head_; });
}

bool KafkaTransactions::Waits(const Member& member) const {
  std::lock_guard lock(mutex_);
  return !member.ended && member.transaction > head_ && !AllPassed();
}

Status KafkaTransactions::Begin(Slot* slot) {
  if (slot->begun) return Status::Ok();
  RETURN_IF_ERROR(slot->producer->Begin());
  slot->begun = true;
  slot->begun_ms = clock_->MonotonicMillis();
  return begun.Hit();
}

Result<std::shared_ptr<KafkaTransactionalProducer>> KafkaTransactions::Join(Member* member) {
  std::lock_guard lock(mutex_);
  Slot& slot = SlotOf(member->transaction);
  if (Status begun = Begin(&slot); !begun.ok()) return Unknown(std::move(begun), INT64_MAX);
  return slot.producer;
}

Status KafkaTransactions::Pass(Member* member, uint64_t epoch) {
  {
    std::lock_guard lock(mutex_);
    if (epoch == kLastEpoch) {
      member->ended = true;
    } else if (epoch > abandoned_) {
      if (member->transaction != head_) return Status::Internal("a barrier overtook the decision before it");
      ++member->transaction;
    }
    if (!AllPassed()) return Status::Ok();
  }
  WakeAll();
  return passed.Hit();
}

std::vector<KafkaTransactions::Slot> KafkaTransactions::Slots() const {
  std::lock_guard lock(mutex_);
  return {std::begin(slots_), std::end(slots_)};
}

Status KafkaTransactions::Serve() {
  bool any = false;
  for (const Slot& slot : Slots()) {
    Result<bool> served = slot.producer->Serve();
    if (!served) return Unknown(served.error(), slot.begun ? slot.begun_ms : INT64_MAX);
    any = any || *served;
  }
  // They may have been another writer's.
  if (any) WakeAll();
  return Status::Ok();
}

// A transaction that has expired looks like one of a producer that was shut out.
Status KafkaTransactions::Unknown(Status status, int64_t begun_ms) const {
  bool expired =
      begun_ms != INT64_MAX && clock_->MonotonicMillis() - begun_ms >= timeout_ms_ - timeout_ms_ / 20;
  if (status.code() == StatusCode::kFenced && !expired) {
    return Status(StatusCode::kFenced, status.message())
        .WithNumber(ErrorNumber::kTakenOver)
        .WithHint(
            "another process uses the transactional ids of this job; give each job its own pipeline.uid");
  }
  if (status.code() != StatusCode::kFenced) return status;
  return Status(StatusCode::kUnavailable, status.message()).WithNumber(ErrorNumber::kRuntime);
}

Status KafkaTransactions::UnknownTo(const Member& member, Status status) {
  if (status.code() != StatusCode::kFenced) return status;
  std::lock_guard lock(mutex_);
  const Slot& slot = SlotOf(member.transaction);
  return Unknown(std::move(status), slot.begun ? slot.begun_ms : INT64_MAX);
}

Status KafkaTransactions::Commit(const Decision& decision, KafkaTransactionalProducer* producer) {
  RETURN_IF_ERROR(deciding.Hit());
  std::string value = WriteProgress(decision);
  KafkaRecord record;
  record.topic = kProgressTopic;
  record.partition = ProgressPartition(options_.job);
  record.key = options_.job;
  record.value = value;
  if (apart.On()) {
    RETURN_IF_ERROR(producer->Flush(kCallMs));
    RETURN_IF_ERROR(producer->Commit(kCallMs));
    RETURN_IF_ERROR(producer->Begin());
  }
  RETURN_IF_ERROR(producer->Produce(record, &progress_deliveries_));
  RETURN_IF_ERROR(progress_produced.Hit());
  RETURN_IF_ERROR(producer->Flush(kCallMs));
  RETURN_IF_ERROR(progress_flushed.Hit());
  Status done = producer->Commit(kCallMs);
  if (!done.ok() && !(believed.On() && done.retryable())) return done;
  return committed.Hit();
}

Status KafkaTransactions::Decide(const Decision& decision) {
  Slot slot;
  {
    std::lock_guard lock(mutex_);
    if (!AllPassed()) return Status::Internal("a sink has not passed the barrier of the epoch to decide");
    Slot& head = SlotOf(head_);
    if (Status begun = Begin(&head); !begun.ok()) return Unknown(std::move(begun), INT64_MAX);
    slot = head;
  }
  if (Status done = Commit(decision, slot.producer.get()); !done.ok())
    return Unknown(std::move(done), slot.begun_ms);
  bool renew = slot.producer->disturbed() && !undisturbed.On();
  slot.producer.reset();
  // Nobody uses this slot before head_ has moved on.
  if (renew) {
    if (Status renewed = Renew({head_ % kRing}); !renewed.ok()) return Unknown(std::move(renewed), INT64_MAX);
  }
  RETURN_IF_ERROR(next_turn.Hit());
  std::lock_guard lock(mutex_);
  SlotOf(head_).begun = false;
  ++head_;
  return Status::Ok();
}

Status KafkaTransactions::Abandon(uint64_t epoch) {
  {
    std::lock_guard lock(mutex_);
    abandoned_ = std::max(abandoned_, epoch);
    if (SlotOf(head_ + 1).begun && !abandoned_rows.On()) {
      return Status(StatusCode::kUnavailable,
                    fmt::format("checkpoint {} has failed after rows behind it were written to Kafka", epoch))
          .WithNumber(ErrorNumber::kRuntime);
    }
    for (const auto& member : members_) member->transaction = std::min(member->transaction, head_);
  }
  WakeAll();
  return abandoned_point.Hit();
}

KafkaTransactionWriter::~KafkaTransactionWriter() {
  std::lock_guard lock(transactions_->wake_mutex_);
  member_->wake_up = nullptr;
}

bool KafkaTransactionWriter::waits() const { return !current_ && transactions_->Waits(*member_); }

Status KafkaTransactionWriter::Pass(uint64_t epoch) {
  current_.reset();
  return transactions_->Pass(member_, epoch);
}

Status KafkaTransactionWriter::Produce(const KafkaRecord& record) {
  if (!current_) {
    ASSIGN_OR_RETURN(current_, transactions_->Join(member_));
  }
  Status sent = current_->Produce(record, &member_->deliveries);
  if (sent.ok()) return sent;
  RETURN_IF_ERROR(transactions_->Serve());  // it may know why
  return transactions_->UnknownTo(*member_, std::move(sent));
}

Status KafkaTransactionWriter::Flush(int64_t timeout_ms) {
  return current_ ? transactions_->UnknownTo(*member_, current_->Flush(timeout_ms)) : Status::Ok();
}

Result<int32_t> KafkaTransactionWriter::CountPartitions(const std::string& topic) {
  return transactions_->Slots()[0].producer->CountPartitions(topic);
}

}  // namespace penstock
