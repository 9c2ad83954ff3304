// Discovery of partitions and resolution of start and stop offsets.
#include "connectors/kafka/kafka_enumerator.h"

#include <algorithm>
#include <chrono>

#include "connectors/kafka/topic_pattern.h"

namespace penstock {

namespace {

using Mode = KafkaPlace::Mode;

// Fills the places that are still kNoKafkaOffset.
Status FillMissing(const std::vector<KafkaPartition>& partitions, int64_t what, KafkaAdmin* admin,
                   std::vector<int64_t>* offsets) {
  std::vector<KafkaPartition> missing;
  for (size_t i = 0; i < partitions.size(); ++i) {
    if ((*offsets)[i] == kNoKafkaOffset) missing.push_back(partitions[i]);
  }
  if (missing.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(std::vector<int64_t> found, admin->ListOffsets(missing, what));
  size_t next = 0;
  for (int64_t& offset : *offsets) {
    if (offset == kNoKafkaOffset) offset = found[next++];
  }
  return Status::Ok();
}

Status FillCommitted(const std::vector<KafkaPartition>& partitions, const KafkaOptions& options,
                     KafkaAdmin* admin, std::vector<int64_t>* offsets) {
  if (options.group_id.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(std::vector<int64_t> committed, admin->CommittedOffsets(partitions));
  for (size_t i = 0; i < offsets->size(); ++i) {
    if ((*offsets)[i] == kNoKafkaOffset) (*offsets)[i] = committed[i];
  }
  return Status::Ok();
}

Status NothingCommitted(const KafkaPartition& partition, const KafkaOptions& options) {
  return SqlError(
      ErrorNumber::kBadOption, {},
      "group '" + options.group_id + "' has no committed offset for " + partition.ToString(),
      "set 'properties.auto.offset.reset' = 'earliest' or 'latest', or another 'scan.startup.mode'");
}

}  // namespace

Status KafkaTopicIds::Note(const KafkaTopic& topic) {
  std::lock_guard lock(mutex_);
  std::string& known = ids_[topic.name];
  if (!known.empty() && !topic.id.empty() && known != topic.id) {
    return Status::InvalidData("Kafka topic '" + topic.name +
                               "' was deleted and created again while it was read")
        .WithNumber(ErrorNumber::kRuntime);
  }
  known = topic.id;
  return Status::Ok();
}

Status KafkaTopicIds::Check(const KafkaSplit& split) const {
  std::lock_guard lock(mutex_);
  auto it = ids_.find(split.partition.topic);
  if (it == ids_.end() || it->second.empty() || split.topic_id.empty() || it->second == split.topic_id) {
    return Status::Ok();
  }
  return Status::InvalidData(
             "Kafka topic '" + split.partition.topic +
             "' was deleted and created again: the offsets of the savepoint mean other records")
      .WithNumber(ErrorNumber::kRuntime)
      .WithHint("start without the savepoint");
}

Result<std::vector<int64_t>> ResolvePlace(const KafkaPlace& place,
                                          const std::vector<KafkaPartition>& partitions,
                                          const KafkaOptions& options, KafkaAdmin* admin) {
  std::vector<int64_t> offsets(partitions.size(), kNoKafkaOffset);
  switch (place.mode) {
    case Mode::kUnbounded: return offsets;
    case Mode::kEarliest: return std::vector<int64_t>(partitions.size(), kKafkaEarliest);
    case Mode::kLatest: return admin->ListOffsets(partitions, kKafkaLatest);
    case Mode::kTimestamp: {
      ASSIGN_OR_RETURN(offsets, admin->ListOffsets(partitions, place.timestamp_ms));
      RETURN_IF_ERROR(FillMissing(partitions, kKafkaLatest, admin, &offsets));
      return offsets;
    }
    case Mode::kSpecificOffsets: {
      for (size_t i = 0; i < partitions.size(); ++i) {
        auto it = place.offsets.find(partitions[i].partition);
        if (it != place.offsets.end()) offsets[i] = it->second;
      }
      bool all = std::find(offsets.begin(), offsets.end(), kNoKafkaOffset) == offsets.end();
      if (!all) RETURN_IF_ERROR(FillCommitted(partitions, options, admin, &offsets));
      RETURN_IF_ERROR(FillMissing(partitions, kKafkaEarliest, admin, &offsets));
      return offsets;
    }
    case Mode::kGroupOffsets: break;
  }
  RETURN_IF_ERROR(FillCommitted(partitions, options, admin, &offsets));
  for (size_t i = 0; i < partitions.size(); ++i) {
    if (offsets[i] != kNoKafkaOffset || !options.auto_offset_reset.starts_with("earliest")) continue;
    offsets[i] = kKafkaEarliest;
  }
  if (options.auto_offset_reset == "latest") {
    RETURN_IF_ERROR(FillMissing(partitions, kKafkaLatest, admin, &offsets));
  }
  auto missing = std::find(offsets.begin(), offsets.end(), kNoKafkaOffset);
  if (missing != offsets.end()) {
    return NothingCommitted(partitions[static_cast<size_t>(missing - offsets.begin())], options);
  }
  return offsets;
}

KafkaEnumerator::~KafkaEnumerator() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stop_changed_.notify_all();
  thread_.Join();
}

int64_t KafkaEnumerator::discovery_interval_ms() const {
  return looks_again() ? std::min<int64_t>(options_.discovery_interval_ms, 1000) : INT64_MAX;
}

Result<std::vector<std::string>> KafkaEnumerator::TopicNames() {
  if (options_.topic_pattern.empty()) return options_.topics;
  ASSIGN_OR_RETURN(TopicPattern pattern, TopicPattern::Make(options_.topic_pattern));
  ASSIGN_OR_RETURN(std::vector<std::string> names, admin_->ListTopics());
  // Topics of the brokers themselves are never meant.
  std::erase_if(names,
                [&](const std::string& name) { return name.starts_with("__") || !pattern.Matches(name); });
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<KafkaSplit>> KafkaEnumerator::FindNew() {
  ASSIGN_OR_RETURN(std::vector<std::string> names, TopicNames());
  std::vector<KafkaSplit> found;
  if (names.empty()) return found;
  ASSIGN_OR_RETURN(std::vector<KafkaTopic> topics, admin_->DescribeTopics(names));
  for (const KafkaTopic& topic : topics) {
    RETURN_IF_ERROR(ids_->Note(topic));
    for (int32_t partition : topic.partitions) {
      KafkaSplit split;
      split.partition = {topic.name, partition};
      split.topic_id = topic.id;
      if (known_.insert(split.partition).second) found.push_back(std::move(split));
    }
  }
  return found;
}

Result<std::vector<SourceSplit>> KafkaEnumerator::Discover() {
  if (started_) {
    std::lock_guard lock(mutex_);
    if (!failed_.ok()) return failed_;
    return std::exchange(found_, {});
  }
  started_ = true;
  ASSIGN_OR_RETURN(std::vector<KafkaSplit> splits, FindNew());
  std::vector<KafkaPartition> partitions;
  for (const KafkaSplit& split : splits) partitions.push_back(split.partition);
  std::vector<int64_t> start(partitions.size(), kKafkaEarliest);
  if (!restored_) {
    ASSIGN_OR_RETURN(start, ResolvePlace(options_.start, partitions, options_, admin_.get()));
  }
  ASSIGN_OR_RETURN(std::vector<int64_t> stop, ResolvePlace(options_.end, partitions, options_, admin_.get()));
  std::vector<SourceSplit> result;
  for (size_t i = 0; i < splits.size(); ++i) {
    splits[i].next_offset = start[i];
    splits[i].stop_offset = stop[i];
    result.push_back(splits[i].ToSplit());
  }
  if (looks_again()) thread_ = Thread("kafka-discovery", [this] { LookAgainLoop(); });
  return result;
}

void KafkaEnumerator::LookAgainLoop() {
  std::unique_lock lock(mutex_);
  while (!stop_changed_.wait_for(lock, std::chrono::milliseconds(options_.discovery_interval_ms),
                                 [this] { return stop_; })) {
    lock.unlock();
    Result<std::vector<KafkaSplit>> splits = FindNew();
    lock.lock();
    if (!splits) {
      // Brokers that are away come back, or the readers fail; a topic that is gone does not.
      if (!splits.error().retryable()) failed_ = splits.error();
      continue;
    }
    for (const KafkaSplit& split : *splits) found_.push_back(split.ToSplit());
  }
}

}  // namespace penstock
