// The updating aggregation. A group's state is its row count (8 bytes) followed by the aggregates' bytes.
#include "operators/aggregation/group_aggregate.h"

#include <cstring>

namespace penstock {

std::string GroupAggregateSpec::Serialize() const {
  ByteWriter out;
  out.Varint(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    out.Varint(static_cast<uint64_t>(groups[i]));
    group_types[i].Write(out);
  }
  out.Varint(calls.size());
  for (const AggregateCall& call : calls) call.Write(out);
  out.Bool(retracts);
  out.Bool(emit_update_before);
  out.Fixed(ttl_ms);
  mini_batch.Write(out);
  out.Bool(takes_parts);
  return out.Take();
}

Result<GroupAggregateSpec> GroupAggregateSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  GroupAggregateSpec spec;
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    spec.groups.push_back(static_cast<int>(in.Varint()));
    ASSIGN_OR_RETURN(DataType type, DataType::Read(in));
    spec.group_types.push_back(std::move(type));
  }
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    ASSIGN_OR_RETURN(AggregateCall call, AggregateCall::Read(in));
    spec.calls.push_back(std::move(call));
  }
  spec.retracts = in.Bool();
  spec.emit_update_before = in.Bool();
  spec.ttl_ms = in.Fixed<int64_t>();
  spec.mini_batch = MiniBatchSpec::Read(in);
  spec.takes_parts = !in.at_end() && in.Bool();  // not in graphs of older versions
  return spec;
}

Status GroupAggregate::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  if (spec_.takes_parts) aggregates_.set_parts(AggregateSet::Parts::kTakes);
  RETURN_IF_ERROR(aggregates_.Open(spec_.calls, spec_.retracts, context, "agg", spec_.ttl_ms));
  ASSIGN_OR_RETURN(
      state_, context->state->OpenFixed({"groups", sizeof(int64_t) + aggregates_.width(), spec_.ttl_ms}));
  output_types_ = spec_.group_types;
  for (const DataType& type : aggregates_.result_types()) output_types_.push_back(type);
  return Status::Ok();
}

Result<Progress> GroupAggregate::Process(int, const Batch& batch, Output& out) {
  int64_t done = 0;
  for (const Mark& mark : batch.marks) {
    RETURN_IF_ERROR(ProcessRows(batch, done, mark.offset));
    done = mark.offset;
    if (bundle_.empty()) {
      queue_.AddMark(mark, output_types_);
    } else {
      bundle_.AddMark(mark);
    }
  }
  RETURN_IF_ERROR(ProcessRows(batch, done, batch.rows));
  return queue_.Flush(out);
}

Status GroupAggregate::ProcessRows(const Batch& batch, int64_t begin, int64_t end) {
  if (begin >= end) return Status::Ok();
  if (bundle_.enabled()) return Collect(batch, begin, end);
  Batch part = begin == 0 && end == batch.rows ? batch : batch.Slice(begin, end - begin);
  std::vector<ColumnPtr> columns;
  for (int group : spec_.groups) columns.push_back(part.column(group));
  KeyBlock keys;
  codec_.Encode(columns, part.rows, &keys);
  for (int64_t at = 0; at < part.rows;) {
    int64_t until = part.rows;
    RETURN_IF_ERROR(ProcessChunk(part, keys, at, &until));
    at = until;
  }
  return Status::Ok();
}

namespace {

// Groups of a chunk by the address of their state: a small open table that is made for one chunk.
class StateIndex {
 public:
  explicit StateIndex(size_t states) {
    size_t capacity = 16;
    while (capacity < states * 2) capacity *= 2;
    slots_.resize(capacity);
  }
  // The number kept for a state, -1 at first.
  int32_t& operator[](const uint8_t* state) {
    size_t mask = slots_.size() - 1;
    size_t i = (reinterpret_cast<uintptr_t>(state) >> 3) * 0x9e3779b97f4a7c15ULL >> 20 & mask;
    while (slots_[i].state != nullptr && slots_[i].state != state) i = (i + 1) & mask;
    slots_[i].state = state;
    return slots_[i].number;
  }

 private:
  struct Slot {
    const uint8_t* state = nullptr;
    int32_t number = -1;
  };
  std::vector<Slot> slots_;
};

bool SameValue(const Column& column, int32_t a, int32_t b) {
  if (column.IsNull(a) || column.IsNull(b)) return column.IsNull(a) == column.IsNull(b);
  switch (column.physical()) {
    case Physical::kBool:
    case Physical::kInt8: return column.At<int8_t>(a) == column.At<int8_t>(b);
    case Physical::kInt16: return column.At<int16_t>(a) == column.At<int16_t>(b);
    case Physical::kInt32: return column.At<int32_t>(a) == column.At<int32_t>(b);
    case Physical::kInt64: return column.At<int64_t>(a) == column.At<int64_t>(b);
    case Physical::kInt128: return column.At<int128_t>(a) == column.At<int128_t>(b);
    case Physical::kString: return column.StringAt(a) == column.StringAt(b);
    default: return column.ValueAt(a) == column.ValueAt(b);
  }
}

}  // namespace

// What is known of the rows of a chunk. `results` hold the values of each touched group before the chunk, and
// behind them those after each row.
struct GroupAggregate::Chunk {
  std::vector<std::string_view> groups;
  std::vector<StateKey> keys;
  std::vector<uint8_t*> values;        // states with their counts
  std::vector<const uint8_t*> firsts;  // aggregates of the touched groups
  std::vector<std::string_view> first_groups;
  std::vector<int8_t> signs;
  std::vector<int32_t> before;   // where in the results the value before the row is
  std::vector<uint8_t> existed;  // the group had rows before this row
  std::vector<uint8_t> dies;     // this row takes the group's last row back
  std::vector<size_t> dead;      // rows after which their group may be gone
  std::vector<ColumnPtr> results;
};

Status GroupAggregate::ProcessChunk(const Batch& batch, const KeyBlock& block, int64_t begin, int64_t* end) {
  Chunk chunk;
  RETURN_IF_ERROR(FindStates(block, begin, *end, &chunk));
  CountRows(batch, begin, &chunk);
  auto rows = static_cast<int64_t>(chunk.signs.size());
  *end = begin + rows;
  Batch part = begin == 0 && *end == batch.rows ? batch : batch.Slice(begin, rows);
  std::vector<ColumnBuilder> results = MakeBuilders(aggregates_.result_types());
  std::vector<uint8_t*> states(chunk.values);
  for (uint8_t*& state : states) state += sizeof(int64_t);
  RETURN_IF_ERROR(aggregates_.Emit(chunk.firsts, chunk.first_groups, &results));
  RETURN_IF_ERROR(aggregates_.UpdateAndEmit(part, chunk.groups, chunk.signs, states, &results));
  chunk.results = FinishBuilders(results);
  EmitChanges(part, chunk);
  for (size_t row : chunk.dead) {
    int64_t count = 0;
    std::memcpy(&count, chunk.values[row], sizeof(count));
    if (count != 0) continue;
    aggregates_.ClearViews(chunk.groups[row]);
    state_->Erase(0, chunk.keys[row]);
  }
  return Status::Ok();
}

Status GroupAggregate::FindStates(const KeyBlock& block, int64_t begin, int64_t end, Chunk* chunk) {
  auto rows = static_cast<size_t>(end - begin);
  chunk->groups.resize(rows);
  chunk->keys.resize(rows);
  for (size_t i = 0; i < rows; ++i) {
    chunk->groups[i] = block[begin + static_cast<int64_t>(i)];
    chunk->keys[i] = {chunk->groups[i], HashKey(chunk->groups[i])};
  }
  chunk->values.resize(rows);
  std::vector<uint8_t> created(rows);
  RETURN_IF_ERROR(state_->Access(0, chunk->keys, chunk->values, created));
  for (size_t i = 0; i < rows; ++i) {
    if (created[i] == 0) continue;
    std::memset(chunk->values[i], 0, sizeof(int64_t));
    aggregates_.Init(chunk->values[i] + sizeof(int64_t));
  }
  return Status::Ok();
}

// Counts come before the aggregates: they decide kinds, and where the chunk must end.
void GroupAggregate::CountRows(const Batch& batch, int64_t begin, Chunk* chunk) {
  size_t rows = chunk->values.size();
  StateIndex last(rows);  // the last row of the chunk that changed a state
  std::vector<int32_t> touched;
  for (std::vector<uint8_t>* flags : {&chunk->existed, &chunk->dies}) flags->resize(rows);
  chunk->signs.resize(rows);
  chunk->before.resize(rows);
  for (size_t i = 0; i < rows; ++i) {
    uint8_t* value = chunk->values[i];
    int64_t count = 0;
    std::memcpy(&count, value, sizeof(count));
    int32_t& seen = last[value];
    if (count == 0 && seen >= 0 && chunk->dies[static_cast<size_t>(seen)] != 0) {
      rows = i;  // the group died in this chunk: its next row starts a new one
      break;
    }
    int8_t sign = IsAdd(batch.kind(begin + static_cast<int64_t>(i))) ? 1 : -1;
    if (sign < 0 && count == 0) sign = 0;  // nothing to take back
    if (seen < 0) {
      chunk->before[i] = static_cast<int32_t>(chunk->firsts.size());
      chunk->firsts.push_back(value + sizeof(int64_t));
      chunk->first_groups.push_back(chunk->groups[i]);
    } else {
      chunk->before[i] = -1 - seen;  // until it is known how many groups there are
    }
    chunk->signs[i] = sign;
    chunk->existed[i] = count > 0;
    count += sign;
    chunk->dies[i] = sign < 0 && count == 0;
    if (count == 0) chunk->dead.push_back(i);
    std::memcpy(value, &count, sizeof(count));
    seen = static_cast<int32_t>(i);
  }
  for (size_t i = 0; i < rows; ++i) {
    int32_t& before = chunk->before[i];
    if (before < 0) before = static_cast<int32_t>(chunk->firsts.size()) + (-1 - before);
  }
  chunk->groups.resize(rows);
  chunk->values.resize(rows);
  chunk->signs.resize(rows);
}

void GroupAggregate::EmitChanges(const Batch& part, const Chunk& chunk) {
  size_t rows = chunk.signs.size();
  auto first_after = static_cast<int32_t>(chunk.firsts.size());
  std::vector<uint8_t> changed(rows, spec_.ttl_ms > 0 ? 1 : 0);
  for (const ColumnPtr& column : chunk.results) {
    for (size_t i = 0; i < rows; ++i) {
      if (changed[i] == 0)
        changed[i] = SameValue(*column, chunk.before[i], first_after + static_cast<int32_t>(i)) ? 0 : 1;
    }
  }
  std::vector<int32_t> source_rows, result_rows;
  auto kinds = std::make_shared<std::vector<RowKind>>();
  for (auto* indices : {&source_rows, &result_rows}) indices->reserve(rows * 2);
  kinds->reserve(rows * 2);
  auto add = [&](size_t row, int32_t result, RowKind kind) {
    source_rows.push_back(static_cast<int32_t>(row));
    result_rows.push_back(result);
    kinds->push_back(kind);
  };
  for (size_t i = 0; i < rows; ++i) {
    if (chunk.signs[i] == 0) continue;
    int32_t now = first_after + static_cast<int32_t>(i);
    if (chunk.existed[i] == 0) {
      add(i, now, RowKind::kInsert);
    } else if (chunk.dies[i] != 0) {
      add(i, chunk.before[i], RowKind::kDelete);
    } else if (changed[i] != 0) {
      if (spec_.emit_update_before) add(i, chunk.before[i], RowKind::kUpdateBefore);
      add(i, now, RowKind::kUpdateAfter);
    }
  }
  if (source_rows.empty()) return;
  Batch result;
  result.rows = static_cast<int64_t>(source_rows.size());
  for (int group : spec_.groups) result.columns.push_back(part.column(group)->Take(source_rows));
  for (const ColumnPtr& column : chunk.results) result.columns.push_back(column->Take(result_rows));
  result.kinds = std::move(kinds);
  queue_.AddRows(std::move(result));
}

}  // namespace penstock
