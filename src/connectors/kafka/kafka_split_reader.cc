// Reading partitions in turn.
// Step 1 of a record's way (docs/ARCHITECTURE.md).
#include "connectors/kafka/kafka_split_reader.h"

#include <algorithm>

namespace penstock {

namespace {
// How often errors of the client are looked at while nothing arrives.
constexpr int64_t kServeIntervalMs = 100;
}  // namespace

Status KafkaSplitReader::AddSplits(std::vector<SourceSplit> splits) {
  std::vector<KafkaAssignment> added;
  for (const SourceSplit& split : splits) {
    ASSIGN_OR_RETURN(KafkaSplit parsed, KafkaSplit::Parse(split));
    RETURN_IF_ERROR(ids_->Check(parsed));
    Partition partition;
    partition.done = parsed.finished();
    if (!partition.done) {
      added.push_back(
          {static_cast<int>(partitions_.size()), parsed.partition, parsed.next_offset, parsed.leader_epoch});
    }
    partition.split = std::move(parsed);
    partitions_.push_back(std::move(partition));
  }
  open_changed_ = true;
  return added.empty() ? Status::Ok() : consumer_->Assign(added);
}

Status KafkaSplitReader::FinishIfDone(size_t number) {
  Partition& partition = partitions_[number];
  if (partition.done || !partition.split.finished()) return Status::Ok();
  partition.done = true;
  open_changed_ = true;
  return consumer_->Release(static_cast<int>(number));
}

Result<bool> KafkaSplitReader::ReadFrom(size_t number, int64_t max_rows) {
  Partition& partition = partitions_[number];
  KafkaSplit& split = partition.split;
  ASSIGN_OR_RETURN(std::unique_ptr<KafkaFetch> fetch, consumer_->Fetch(static_cast<int>(number), max_rows));
  if (fetch->messages.empty() && fetch->end_offset == kNoKafkaOffset) return false;

  size_t count = fetch->messages.size();
  if (split.stop_offset != kNoKafkaOffset) {
    while (count > 0 && fetch->messages[count - 1].offset >= split.stop_offset) --count;
  }
  RETURN_IF_ERROR(decoder_->Decode(*fetch, count, split.partition));
  if (!fetch->messages.empty()) {
    split.next_offset = fetch->messages.back().offset + 1;
    split.leader_epoch = fetch->messages.back().leader_epoch;
    // What lies behind the stop offset was not read.
    if (count < fetch->messages.size()) split.next_offset = split.stop_offset;
  }
  partition.caught_up = fetch->end_offset != kNoKafkaOffset;
  if (partition.caught_up) split.next_offset = std::max(split.next_offset, fetch->end_offset);
  RETURN_IF_ERROR(FinishIfDone(number));
  if (int64_t bad = decoder_->bad_count(); bad > bad_reported_ && context_.bad_rows != nullptr) {
    *context_.bad_rows += bad - bad_reported_;
    bad_reported_ = bad;
  }
  if (int64_t fields = decoder_->bad_fields(); fields > fields_reported_ && context_.bad_fields != nullptr) {
    *context_.bad_fields += fields - fields_reported_;
    fields_reported_ = fields;
  }
  return decoder_->rows() > 0;
}

Result<PollResult> KafkaSplitReader::Poll(int64_t max_rows) {
  RETURN_IF_ERROR(consumer_->Serve());
  PollResult result;
  if (open_changed_) {
    open_changed_ = false;
    auto open = std::make_shared<std::vector<int32_t>>();
    for (size_t i = 0; i < partitions_.size(); ++i) {
      if (!partitions_[i].done) open->push_back(static_cast<int32_t>(i));
    }
    result.state = PollState::kRows;
    result.batch = decoder_->Take();
    result.batch.origin.open_splits = std::move(open);
    return result;
  }
  for (size_t tried = 0; tried < partitions_.size(); ++tried) {
    size_t number = turn_++ % partitions_.size();
    if (partitions_[number].done) continue;
    ASSIGN_OR_RETURN(bool rows, ReadFrom(number, max_rows));
    if (!rows) continue;
    result.state = PollState::kRows;
    result.batch = decoder_->Take();
    result.batch.origin.split = static_cast<int32_t>(number);
    return result;
  }
  return Nothing();
}

PollResult KafkaSplitReader::Nothing() const {
  PollResult result;
  bool all_done = true, all_caught_up = true;
  for (const Partition& partition : partitions_) {
    all_done = all_done && partition.done;
    all_caught_up = all_caught_up && (partition.done || partition.caught_up);
  }
  if (bounded_ && all_done) {
    result.state = PollState::kEnd;
    return result;
  }
  result.sleeping = !all_caught_up;
  result.retry_at_ms = context_.clock->MonotonicMillis() + kServeIntervalMs;
  return result;
}

std::vector<SourceSplit> KafkaSplitReader::Snapshot() const {
  std::vector<SourceSplit> splits;
  for (const Partition& partition : partitions_) splits.push_back(partition.split.ToSplit());
  return splits;
}

void KafkaSplitReader::OnDecided(const std::vector<SourceSplit>& splits) {
  if (!has_group_) return;
  std::vector<KafkaAssignment> positions;
  for (const SourceSplit& split : splits) {
    Result<KafkaSplit> parsed = KafkaSplit::Parse(split);
    if (parsed) positions.push_back({0, parsed->partition, parsed->next_offset, parsed->leader_epoch});
  }
  consumer_->CommitOffsets(positions);
}

}  // namespace penstock
