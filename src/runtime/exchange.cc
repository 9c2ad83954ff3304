// Distribution of rows over subtasks.
// Step 6 of a record's way (docs/ARCHITECTURE.md).
#include "runtime/exchange.h"

#include <algorithm>

namespace penstock {

namespace {
std::vector<DataType> KeyTypes(const JobEdge& edge, const Schema& schema) {
  std::vector<DataType> types;
  for (int key : edge.keys) types.push_back(schema[key].type);
  return types;
}
}  // namespace

Exchange::Exchange(const JobEdge& edge, const Schema& schema, int subtask, int max_parallelism,
                   std::vector<std::shared_ptr<Channel>> targets,
                   std::shared_ptr<const DedicatedKeys> dedicated)
    : partitioning_(edge.partitioning),
      keys_(edge.keys),
      codec_(KeyTypes(edge, schema)),
      subtask_(static_cast<size_t>(subtask)),
      max_parallelism_(max_parallelism),
      dedicated_(std::move(dedicated)),
      targets_(std::move(targets)) {}

bool Exchange::full() const {
  return std::any_of(targets_.begin(), targets_.end(), [](const auto& channel) { return channel->full(); });
}

void Exchange::Broadcast(const Element& element) {
  for (const auto& channel : targets_) channel->Push(element);
}

void Exchange::Send(Batch batch) {
  batch.origin = {};
  if (batch.empty()) return;
  if (targets_.size() == 1) return targets_[0]->Push(std::move(batch));
  switch (partitioning_) {
    case Partitioning::kForward: return targets_[subtask_]->Push(std::move(batch));
    case Partitioning::kHash:
    case Partitioning::kDedicated: return SendHashed(std::move(batch));
    case Partitioning::kBroadcast: return Broadcast(batch);
    case Partitioning::kSingleton:
    case Partitioning::kRebalance: {
      size_t chosen = partitioning_ == Partitioning::kSingleton ? 0 : next_++ % targets_.size();
      for (size_t t = 0; t < targets_.size(); ++t) {
        if (t == chosen) {
          targets_[t]->Push(batch);
        } else if (!batch.marks.empty()) {
          Batch marks(0, batch.Slice(0, 0).columns);
          marks.marks = batch.marks;
          for (Mark& mark : marks.marks) mark.offset = 0;
          targets_[t]->Push(std::move(marks));
        }
      }
    }
  }
}

int Exchange::TargetOf(uint64_t hash) const {
  auto targets = static_cast<int>(targets_.size());
  if (dedicated_) {
    int own = dedicated_->IndexOf(hash);
    targets = dedicated_->SharedOf(targets);
    if (own >= 0) return targets + own;
  }
  return SubtaskOf(KeyGroupOf(hash, max_parallelism_), max_parallelism_, targets);
}

void Exchange::SendHashed(Batch batch) {
  if (batch.rows == 0) {  // marks alone may come without columns
    for (auto& target : targets_) target->Push(batch);
    return;
  }
  std::vector<ColumnPtr> keys;
  for (int key : keys_) keys.push_back(batch.column(key));
  codec_.Encode(keys, batch.rows, &key_block_);
  rows_.resize(targets_.size());
  for (std::vector<int32_t>& rows : rows_) rows.clear();
  for (int64_t row = 0; row < batch.rows; ++row) {
    rows_[static_cast<size_t>(TargetOf(HashKey(key_block_[row])))].push_back(static_cast<int32_t>(row));
  }
  for (size_t t = 0; t < targets_.size(); ++t) {
    if (rows_[t].empty() && batch.marks.empty()) continue;
    bool all = static_cast<int64_t>(rows_[t].size()) == batch.rows;
    targets_[t]->Push(all ? batch : batch.Take(rows_[t]));
  }
}

}  // namespace penstock
