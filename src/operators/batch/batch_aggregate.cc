// Hash aggregation with states on disk.
#include "operators/batch/batch_aggregate.h"

#include <algorithm>

#include "operators/rank/rank_rows.h"

namespace penstock {

std::string BatchAggregateSpec::Serialize() const {
  ByteWriter out;
  WriteColumns(groups, out);
  WriteTypes(group_types, out);
  WriteTypes(input_types, out);
  out.Varint(calls.size());
  for (const AggregateCall& call : calls) call.Write(out);
  return out.Take();
}

Result<BatchAggregateSpec> BatchAggregateSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  BatchAggregateSpec spec;
  spec.groups = ReadColumns(in);
  ASSIGN_OR_RETURN(spec.group_types, ReadTypes(in));
  ASSIGN_OR_RETURN(spec.input_types, ReadTypes(in));
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    ASSIGN_OR_RETURN(AggregateCall call, AggregateCall::Read(in));
    spec.calls.push_back(std::move(call));
  }
  return spec;
}

std::vector<DataType> BatchAggregateSpec::output_types() const {
  std::vector<DataType> types = group_types;
  for (const AggregateCall& call : calls) types.push_back(call.type);
  return types;
}

Status BatchAggregate::Prepare() {
  RETURN_IF_ERROR(aggregates_.Open(spec_.calls, false, context_, "batch", 0));
  CHECK(aggregates_.mergeable());
  table_ = std::make_unique<GroupTable>(aggregates_.width());
  held_ = std::make_unique<HeldMemory>(space_.get());
  return Status::Ok();
}

// Makes room for more keys, in memory or by emptying the table.
Result<bool> BatchAggregate::Hold(size_t keys, size_t key_bytes) {
  if (held_->TryHold(table_->BytesWith(keys, key_bytes))) return true;
  if (table_->size() > 0) RETURN_IF_ERROR(SpillTable());
  return held_->TryHold(table_->BytesWith(keys, key_bytes));
}

Status BatchAggregate::Add(int, const Batch& batch) {
  std::vector<ColumnPtr> columns;
  for (int group : spec_.groups) columns.push_back(batch.column(group));
  KeyBlock block;
  codec_.Encode(columns, batch.rows, &block);
  auto rows = static_cast<size_t>(batch.rows);
  std::vector<std::string_view> keys(rows);
  std::vector<uint64_t> hashes(rows);
  size_t key_bytes = 0;
  for (size_t i = 0; i < rows; ++i) {
    keys[i] = block[static_cast<int64_t>(i)];
    hashes[i] = HashKey(keys[i]);
    key_bytes += keys[i].size();
  }
  // A batch is worked on as a whole whatever the budget: it is in memory already.
  RETURN_IF_ERROR(Hold(rows, key_bytes).status());
  std::vector<uint8_t*> states(rows);
  constexpr size_t kAhead = 8;
  for (size_t i = 0; i < rows; ++i) {
    if (i + kAhead < rows) table_->Prefetch(hashes[i + kAhead]);
    bool created = false;
    states[i] = table_->Access(keys[i], hashes[i], &created);
    if (created) aggregates_.Init(states[i]);
  }
  std::vector<int8_t> signs(rows, 1);
  return aggregates_.Update(batch, keys, signs, states);
}

Status BatchAggregate::SpillTable() {
  if (!spilling_) spilling_ = std::make_unique<SpillPartitions>(space_.get(), level_);
  size_t at = 0;
  uint64_t hash = 0;
  std::string_view key;
  const uint8_t* state = nullptr;
  while (table_->Next(&at, &hash, &key, &state)) {
    RETURN_IF_ERROR(spilling_->Add(hash, key, {reinterpret_cast<const char*>(state), aggregates_.width()}));
  }
  table_->Clear();
  held_->ReleaseAll();
  return Status::Ok();
}

Status BatchAggregate::AddOnly() {
  bool created = false;
  uint8_t* state = table_->Access("", HashKey(""), &created);
  if (created) aggregates_.Init(state);
  return Status::Ok();
}

Status BatchAggregate::Finish() {
  if (spec_.groups.empty() && context_->subtask == 0 && !spilling_) RETURN_IF_ERROR(AddOnly());
  if (!spilling_) return Status::Ok();
  RETURN_IF_ERROR(SpillTable());
  ASSIGN_OR_RETURN(std::vector<SpilledPart> parts, spilling_->Finish());
  spilling_ = nullptr;
  for (SpilledPart& part : parts) {
    if (part.file) waiting_.push_back(std::move(part));
  }
  return Status::Ok();
}

// Merges a part into the table; what does not fit is divided again and waits.
Status BatchAggregate::LoadPart(const SpilledPart& part) {
  level_ = part.level;
  ASSIGN_OR_RETURN(std::unique_ptr<SpillReader> reader, SpillReader::Open(part.file));
  while (true) {
    ASSIGN_OR_RETURN(bool more, reader->Next());
    if (!more) break;
    bool divides = level_ < SpillPartitions::kMostLevels;
    if (divides) RETURN_IF_ERROR(Hold(1, reader->key().size()).status());
    bool created = false;
    uint8_t* state = table_->Access(reader->key(), HashKey(reader->key()), &created);
    const auto* stored = reinterpret_cast<const uint8_t*>(reader->value().data());
    if (created) {
      std::copy_n(stored, aggregates_.width(), state);
    } else {
      aligned_.resize(aggregates_.width() / 8);
      std::copy_n(stored, aggregates_.width(), reinterpret_cast<uint8_t*>(aligned_.data()));
      aggregates_.Merge(state, reinterpret_cast<const uint8_t*>(aligned_.data()));
    }
  }
  return Finish();
}

Result<bool> BatchAggregate::NextResult(Batch* out) {
  std::vector<const uint8_t*> states;
  std::vector<std::string_view> keys;
  std::vector<ColumnBuilder> builders = MakeBuilders(output_types());
  std::span<ColumnBuilder> groups(builders.data(), spec_.groups.size());
  uint64_t hash = 0;
  std::string_view key;
  const uint8_t* state = nullptr;
  while (static_cast<int>(states.size()) < context_->batch_rows &&
         table_->Next(&emitted_, &hash, &key, &state)) {
    codec_.Decode(key, groups);
    states.push_back(state);
    keys.push_back(key);
  }
  if (!states.empty()) {
    std::vector<ColumnBuilder> results = MakeBuilders(aggregates_.result_types());
    RETURN_IF_ERROR(aggregates_.Emit(states, keys, &results));
    std::vector<ColumnPtr> columns = FinishBuilders(groups);
    for (ColumnPtr& column : FinishBuilders(results)) columns.push_back(std::move(column));
    *out = Batch(static_cast<int64_t>(states.size()), std::move(columns));
    return true;
  }
  table_->Clear();
  held_->ReleaseAll();
  emitted_ = 0;
  if (waiting_.empty()) return false;
  SpilledPart part = std::move(waiting_.front());
  waiting_.pop_front();
  RETURN_IF_ERROR(LoadPart(part));
  return true;
}

}  // namespace penstock
