// Aggregation of sorted rows. A stored row is: the bytes of its group's key as a number, whether the filter
// of a DISTINCT lets it through, the encoded row.
#include "operators/batch/sorted_aggregate.h"

#include <algorithm>

namespace penstock {

namespace {
constexpr size_t kHeaderBytes = 5;
}  // namespace

struct SortedAggregate::Part {
  bool distinct = false;
  std::vector<int> args;   // of DISTINCT
  int filter = -1;         // likewise
  std::vector<int> calls;  // of the spec
  std::unique_ptr<KeyCodec> arg_codec;
  AggregateSet aggregates;
  std::unique_ptr<ExternalSort> sort;
  std::unique_ptr<SortedCursor> cursor;
  // The row that was read ahead.
  bool at_row = false;
  std::string_view group, row;
  bool counts = true;    // it is not left out by filter or DISTINCT
  std::string last_key;  // of the last row that counted
  std::vector<uint64_t> states;
};

struct SortedAggregate::Chunk {
  std::vector<ColumnBuilder> builders;
  std::vector<std::string_view> groups;
  std::vector<size_t> group_numbers;
  std::vector<int8_t> signs;
};

SortedAggregate::SortedAggregate(BatchAggregateSpec spec)
    : BatchOperator(spec.output_types()),
      spec_(std::move(spec)),
      group_codec_(spec_.group_types),
      row_codec_(spec_.input_types) {}

SortedAggregate::~SortedAggregate() = default;

SortedAggregate::Part& SortedAggregate::PartFor(const AggregateCall& call) {
  for (auto& part : parts_) {
    bool same = call.distinct ? part->distinct && part->args == call.args && part->filter == call.filter
                              : !part->distinct;
    if (same) return *part;
  }
  auto part = std::make_unique<Part>();
  part->distinct = call.distinct;
  if (call.distinct) {
    part->args = call.args;
    part->filter = call.filter;
    part->arg_codec = std::make_unique<KeyCodec>(call.arg_types);
  }
  parts_.push_back(std::move(part));
  return *parts_.back();
}

Status SortedAggregate::Prepare() {
  for (size_t i = 0; i < spec_.calls.size(); ++i) {
    PartFor(spec_.calls[i]).calls.push_back(static_cast<int>(i));
  }
  for (size_t p = 0; p < parts_.size(); ++p) {
    Part& part = *parts_[p];
    std::vector<AggregateCall> calls;
    for (int i : part.calls) {
      AggregateCall call = spec_.calls[static_cast<size_t>(i)];
      if (part.distinct) call.filter = -1;
      call.distinct = false;
      calls.push_back(std::move(call));
    }
    std::string prefix = "batch-" + std::to_string(p);
    RETURN_IF_ERROR(part.aggregates.Open(calls, false, context_, prefix, 0, true));
    part.sort = std::make_unique<ExternalSort>(space_.get(), static_cast<int>(parts_.size()));
  }
  return Status::Ok();
}

Status SortedAggregate::Add(int, const Batch& batch) {
  std::vector<ColumnPtr> columns;
  for (int group : spec_.groups) columns.push_back(batch.column(group));
  KeyBlock groups;
  group_codec_.Encode(columns, batch.rows, &groups);
  for (auto& part : parts_) RETURN_IF_ERROR(AddTo(*part, batch, groups));
  return Status::Ok();
}

Status SortedAggregate::AddTo(Part& part, const Batch& batch, const KeyBlock& groups) {
  std::vector<ColumnPtr> args;
  for (int arg : part.args) args.push_back(batch.column(arg));
  const Column* filter = part.filter >= 0 ? batch.column(part.filter).get() : nullptr;
  std::string key, value;
  for (int64_t row = 0; row < batch.rows; ++row) {
    key.assign(groups[row]);
    auto group_size = static_cast<uint32_t>(key.size());
    bool passes = filter == nullptr || (!filter->IsNull(row) && filter->At<uint8_t>(row) != 0);
    if (part.distinct) part.arg_codec->EncodeRow(args, row, &key);
    value.assign(reinterpret_cast<const char*>(&group_size), sizeof(group_size));
    value.push_back(passes ? 1 : 0);
    row_codec_.EncodeRow(batch.columns, row, &value);
    RETURN_IF_ERROR(part.sort->Add(key, value));
  }
  return Status::Ok();
}

Status SortedAggregate::Finish() {
  for (auto& part : parts_) RETURN_IF_ERROR(part->sort->Finish());
  for (auto& part : parts_) {
    ASSIGN_OR_RETURN(part->cursor, part->sort->NewCursor());
    ASSIGN_OR_RETURN(part->at_row, Advance(*part));
  }
  only_row_due_ = spec_.groups.empty() && context_->subtask == 0 && !parts_[0]->at_row;
  return Status::Ok();
}

Result<bool> SortedAggregate::Advance(Part& part) {
  ASSIGN_OR_RETURN(part.at_row, part.cursor->Next());
  if (!part.at_row) return false;
  std::string_view value = part.cursor->row();
  uint32_t group_size = 0;
  std::memcpy(&group_size, value.data(), sizeof(group_size));
  part.group = part.cursor->key().substr(0, group_size);
  part.row = value.substr(kHeaderBytes);
  part.counts = value[kHeaderBytes - 1] != 0;
  if (part.distinct && part.counts) {
    part.counts = part.cursor->key() != part.last_key;
    part.last_key.assign(part.cursor->key());
  }
  return true;
}

uint8_t* SortedAggregate::StateOf(Part& part, size_t group) {
  return reinterpret_cast<uint8_t*>(part.states.data()) + group * part.aggregates.width();
}

// Reads the rows of the groups at hand. The first part finds out which groups these are; the others follow.
Status SortedAggregate::ReadGroups(Part& part, size_t most_rows) {
  bool leads = &part == parts_[0].get();
  Chunk chunk;
  chunk.builders = MakeBuilders(spec_.input_types);
  size_t read = 0, group = 0;
  while (part.at_row) {
    bool opens = leads && (groups_.empty() || groups_.back() != part.group);
    if (opens) {
      if (read >= most_rows) break;
      groups_.emplace_back(part.group);
      group = groups_.size() - 1;
      part.states.resize(groups_.size() * part.aggregates.width() / 8);
      // States move as their array grows: what refers to them is made in Update.
      part.aggregates.Init(StateOf(part, group));
    }
    while (!leads && group < groups_.size() && groups_[group] != part.group) ++group;
    if (group >= groups_.size()) break;
    row_codec_.Decode(part.row, chunk.builders);
    chunk.groups.emplace_back(groups_[group]);
    chunk.group_numbers.push_back(group);
    chunk.signs.push_back(part.counts ? 1 : 0);
    ++read;
    if (chunk.signs.size() >= most_rows) RETURN_IF_ERROR(Update(part, &chunk));
    RETURN_IF_ERROR(Advance(part).status());
  }
  return Update(part, &chunk);
}

Status SortedAggregate::Update(Part& part, Chunk* chunk) {
  if (chunk->signs.empty()) return Status::Ok();
  Batch batch(static_cast<int64_t>(chunk->signs.size()), FinishBuilders(chunk->builders));
  std::vector<uint8_t*> states;
  for (size_t group : chunk->group_numbers) states.push_back(StateOf(part, group));
  Status status = part.aggregates.Update(batch, chunk->groups, chunk->signs, states);
  chunk->groups.clear();
  chunk->group_numbers.clear();
  chunk->signs.clear();
  return status;
}

Result<bool> SortedAggregate::NextResult(Batch* out) {
  groups_.clear();
  if (!parts_[0]->at_row && !only_row_due_) return false;
  if (only_row_due_) groups_.emplace_back();
  for (auto& part : parts_) {
    part->states.assign(groups_.size() * part->aggregates.width() / 8, 0);
    for (size_t group = 0; group < groups_.size(); ++group) part->aggregates.Init(StateOf(*part, group));
    RETURN_IF_ERROR(ReadGroups(*part, static_cast<size_t>(context_->batch_rows)));
  }
  only_row_due_ = false;
  std::vector<ColumnBuilder> builders = MakeBuilders(output_types());
  std::span<ColumnBuilder> group_builders(builders.data(), spec_.groups.size());
  std::vector<std::string_view> keys(groups_.begin(), groups_.end());
  for (std::string_view key : keys) group_codec_.Decode(key, group_builders);
  std::vector<ColumnPtr> columns = FinishBuilders(builders);
  for (auto& part : parts_) {
    std::vector<const uint8_t*> states;
    for (size_t group = 0; group < keys.size(); ++group) states.push_back(StateOf(*part, group));
    std::vector<ColumnBuilder> results = MakeBuilders(part->aggregates.result_types());
    RETURN_IF_ERROR(part->aggregates.Emit(states, keys, &results));
    for (size_t i = 0; i < part->calls.size(); ++i) {
      columns[spec_.groups.size() + static_cast<size_t>(part->calls[i])] = results[i].Finish();
    }
    for (std::string_view key : keys) part->aggregates.ClearViews(key);
  }
  *out = Batch(static_cast<int64_t>(keys.size()), std::move(columns));
  return true;
}

}  // namespace penstock
