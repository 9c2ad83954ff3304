// Partitions and the coordinator of transactions.
#include "connectors/kafka/testing/simulated_broker.h"

#include <fmt/format.h>

#include <utility>

namespace penstock {

namespace {
Status Fenced(const std::string& id) {
  return Status(StatusCode::kFenced, "a newer producer has the transactional id '" + id + "'");
}
}  // namespace

bool SimulatedBroker::CreateTopic(const std::string& name, int32_t partitions,
                                  std::map<std::string, std::string> config) {
  if (!topics_.emplace(name, partitions).second) return false;
  configs[name] = std::move(config);
  return true;
}

Result<int32_t> SimulatedBroker::CountPartitions(const std::string& topic) {
  if (partitions(topic) > 0) return partitions(topic);
  std::map<std::string, std::string>& config = configs[""];
  if (config["auto.create.topics.enable"] != "true")
    return Status::NotFound("topic '" + topic + "' does not exist");
  CreateTopic(topic, std::stoi(config["num.partitions"]), {});
  return partitions(topic);
}

Status SimulatedBroker::CheckPartition(const KafkaPartition& partition) const {
  if (partition.partition < partitions(partition.topic)) return Status::Ok();
  return Status::NotFound("there is no partition " + partition.ToString());
}

Result<std::string> SimulatedBroker::Config(const std::string& topic, const std::string& key) const {
  if (!topic.empty() && partitions(topic) == 0) return Status::NotFound("there is no topic '" + topic + "'");
  if (auto of = configs.find(topic); of != configs.end()) {
    if (auto found = of->second.find(key); found != of->second.end()) return found->second;
  }
  if (!topic.empty() && key == "cleanup.policy") return std::string("delete");
  return Status::NotFound("no configuration '" + key + "'");
}

int32_t SimulatedBroker::partitions(const std::string& topic) const {
  auto found = topics_.find(topic);
  return found == topics_.end() ? 0 : found->second;
}

std::vector<std::string> SimulatedBroker::topics() const {
  std::vector<std::string> names;
  for (const auto& [name, partitions] : topics_) names.push_back(name);
  return names;
}

int64_t SimulatedBroker::LastStable(const KafkaPartition& partition) {
  Tick();
  for (const Record& record : logs_[partition]) {
    auto transaction = transactions_.find(record.transaction);
    if (transaction != transactions_.end() && transaction->second == TransactionState::kOpen)
      return record.offset;
  }
  return End(partition);
}

bool SimulatedBroker::Visible(const Record& record) const {
  if (record.marker) return false;
  auto transaction = transactions_.find(record.transaction);
  return transaction == transactions_.end() || transaction->second == TransactionState::kCommitted;
}

int64_t SimulatedBroker::OffsetAt(const KafkaPartition& partition, int64_t time_ms, int64_t end) {
  for (const Record& record : logs_[partition]) {
    if (record.offset < end && record.timestamp_ms >= time_ms) return record.offset;
  }
  return kNoKafkaOffset;
}

void SimulatedBroker::Append(const KafkaPartition& partition, Content content, uint64_t transaction) {
  if (content.timestamp_ms < 0) content.timestamp_ms = clock_->NowMicros() / 1000;
  logs_[partition].push_back({std::move(content), End(partition), transaction, false});
}

// Markers end the transaction in each of its partitions at once.
void SimulatedBroker::Finish(const std::string& name, Id* id, bool commit) {
  note(fmt::format("broker {} transaction {} of {}", commit ? "commits" : "aborts", id->transaction, name));
  transactions_[id->transaction] = commit ? TransactionState::kCommitted : TransactionState::kAborted;
  for (const KafkaPartition& partition : id->partitions) {
    Append(partition, {});
    logs_[partition].back().marker = true;
  }
  id->transaction = 0;
  id->partitions.clear();
  id->last_committed = commit;
}

int SimulatedBroker::InitProducer(const std::string& name, int64_t timeout_ms) {
  Tick();
  Id& id = ids_[name];
  ++id.epoch;
  if (id.transaction != 0) Finish(name, &id, false);
  id.timeout_ms = timeout_ms;
  id.last_committed = false;
  note(fmt::format("broker gives epoch {} to {}", id.epoch, name));
  return id.epoch;
}

bool SimulatedBroker::HasOpenTransaction(const std::string& name) {
  Tick();
  return ids_[name].transaction != 0;
}

Status SimulatedBroker::AppendInTransaction(const std::string& name, int epoch,
                                            const KafkaPartition& partition, Content content) {
  Tick();
  Id& id = ids_[name];
  if (id.epoch != epoch) return Fenced(name);
  if (id.transaction == 0) {
    id.transaction = transactions_.size() + 1;
    id.begun_ms = clock_->MonotonicMillis();
    transactions_[id.transaction] = TransactionState::kOpen;
  }
  id.partitions.insert(partition);
  Append(partition, std::move(content), id.transaction);
  return Status::Ok();
}

Status SimulatedBroker::EndTransaction(const std::string& name, int epoch, bool commit) {
  Tick();
  Id& id = ids_[name];
  if (id.epoch != epoch) return Fenced(name);
  if (id.transaction == 0) {
    // A repeated request, or an empty transaction.
    if (id.last_committed == commit || !commit) return Status::Ok();
    return Status(StatusCode::kCancelled, "the transaction of '" + name + "' is in no state to be committed");
  }
  Finish(name, &id, commit);
  return Status::Ok();
}

void SimulatedBroker::EndTransactionLater(const std::string& id, int epoch, bool commit, int64_t delay_ms) {
  Later(delay_ms, [this, name = id, epoch, commit] {
    Id& id = ids_[name];
    bool hits = id.epoch == epoch && id.transaction != 0;
    note(fmt::format("broker gets a late EndTxn of {} epoch {}{}", name, epoch,
                     hits ? "" : ", which changes nothing"));
    if (hits) Finish(name, &id, commit);
  });
}

void SimulatedBroker::Later(int64_t delay_ms, std::function<void()> request) {
  late_.emplace(clock_->MonotonicMillis() + delay_ms, std::move(request));
}

void SimulatedBroker::Tick() {
  if (std::exchange(ticking_, true)) return;  // late requests are carried out one after the other
  int64_t now = clock_->MonotonicMillis();
  while (!late_.empty() && late_.begin()->first <= now) {
    std::function<void()> request = std::move(late_.begin()->second);
    late_.erase(late_.begin());
    request();
  }
  for (auto& [name, id] : ids_) {
    if (id.transaction == 0 || now - id.begun_ms < id.timeout_ms) continue;
    note("broker gives up " + name + ": its transaction has expired");
    ++id.epoch;
    Finish(name, &id, false);
  }
  ticking_ = false;
}

}  // namespace penstock
