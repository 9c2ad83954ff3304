// The updating aggregation. A group's state is its row count (8 bytes) followed by the aggregates' bytes.
#include "operators/group_aggregate.h"

#include <cstring>
#include <unordered_map>

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
  return spec;
}

Status GroupAggregate::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
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

// Where the value before or after a row is found: in the group's initial values or behind an earlier row.
struct GroupAggregate::Chunk {
  std::vector<std::string_view> groups;
  std::vector<StateKey> keys;
  std::vector<int8_t> signs;
  std::vector<int32_t> before;  // index into initial ++ after
  std::vector<bool> existed;    // the group had rows before this row
  std::vector<bool> dies;       // this row takes the group's last row back
};

Status GroupAggregate::ProcessChunk(const Batch& batch, const KeyBlock& block, int64_t begin, int64_t* end) {
  Chunk chunk;
  int64_t rows = *end - begin;
  for (int64_t i = 0; i < rows; ++i) {
    std::string_view key = block[begin + i];
    chunk.groups.push_back(key);
    chunk.keys.push_back({key, HashKey(key)});
  }
  std::vector<uint8_t*> values(static_cast<size_t>(rows));
  std::vector<uint8_t> created(static_cast<size_t>(rows));
  RETURN_IF_ERROR(state_->Access(0, chunk.keys, values, created));
  for (size_t i = 0; i < values.size(); ++i) {
    if (created[i] == 0) continue;
    std::memset(values[i], 0, sizeof(int64_t));
    aggregates_.Init(values[i] + sizeof(int64_t));
  }
  // Counts first: they decide kinds, and where the chunk must end.
  std::unordered_map<uint8_t*, int32_t> last;  // state -> last row of the chunk that changed it
  std::vector<const uint8_t*> firsts;
  std::vector<std::string_view> first_groups;
  std::vector<uint8_t*> dead;
  std::vector<size_t> dead_rows;
  std::vector<int32_t> raw_before;
  for (int64_t i = 0; i < rows; ++i) {
    auto r = static_cast<size_t>(i);
    uint8_t* value = values[r];
    int64_t count = 0;
    std::memcpy(&count, value, sizeof(count));
    auto seen = last.find(value);
    if (count == 0 && seen != last.end() && chunk.dies[static_cast<size_t>(seen->second)]) {
      rows = i;  // the group died in this chunk: its next row starts a new one
      break;
    }
    int8_t sign = IsAdd(batch.kind(begin + i)) ? 1 : -1;
    if (sign < 0 && count == 0) sign = 0;  // nothing to take back
    if (seen == last.end()) {
      raw_before.push_back(-1 - static_cast<int32_t>(firsts.size()));
      firsts.push_back(value + sizeof(int64_t));
      first_groups.push_back(chunk.groups[r]);
    } else {
      raw_before.push_back(seen->second);
    }
    chunk.signs.push_back(sign);
    chunk.existed.push_back(count > 0);
    count += sign;
    chunk.dies.push_back(sign < 0 && count == 0);
    if (chunk.dies.back() || (count == 0 && sign == 0)) {
      dead.push_back(value);
      dead_rows.push_back(r);
    }
    std::memcpy(value, &count, sizeof(count));
    last[value] = static_cast<int32_t>(i);
  }
  *end = begin + rows;
  auto size = static_cast<size_t>(rows);
  values.resize(size);
  chunk.groups.resize(size);
  auto initial_count = static_cast<int32_t>(firsts.size());
  for (int32_t raw : raw_before) chunk.before.push_back(raw < 0 ? -1 - raw : initial_count + raw);

  Batch part = begin == 0 && *end == batch.rows ? batch : batch.Slice(begin, rows);
  std::vector<ColumnBuilder> initial = MakeBuilders(aggregates_.result_types());
  std::vector<ColumnBuilder> after = MakeBuilders(aggregates_.result_types());
  std::vector<uint8_t*> states(size);
  for (size_t i = 0; i < size; ++i) states[i] = values[i] + sizeof(int64_t);
  RETURN_IF_ERROR(aggregates_.Emit(firsts, first_groups, &initial));
  RETURN_IF_ERROR(aggregates_.UpdateAndEmit(part, chunk.groups, chunk.signs, states, &after));
  std::vector<ColumnPtr> results;
  for (size_t a = 0; a < after.size(); ++a) {
    ColumnPtr pieces[] = {initial[a].Finish(), after[a].Finish()};
    results.push_back(Column::Concat(pieces));
  }

  std::vector<int32_t> source_rows, result_rows;
  auto kinds = std::make_shared<std::vector<RowKind>>();
  auto add = [&](size_t row, int32_t result, RowKind kind) {
    source_rows.push_back(static_cast<int32_t>(row));
    result_rows.push_back(result);
    kinds->push_back(kind);
  };
  auto unchanged = [&](int32_t a, int32_t b) {
    for (const ColumnPtr& column : results) {
      if (column->IsNull(a) != column->IsNull(b)) return false;
      if (!column->IsNull(a) && !(column->ValueAt(a) == column->ValueAt(b))) return false;
    }
    return true;
  };
  for (size_t i = 0; i < size; ++i) {
    if (chunk.signs[i] == 0) continue;
    int32_t now = initial_count + static_cast<int32_t>(i);
    if (!chunk.existed[i]) {
      add(i, now, RowKind::kInsert);
    } else if (chunk.dies[i]) {
      add(i, chunk.before[i], RowKind::kDelete);
    } else if (spec_.ttl_ms > 0 || !unchanged(chunk.before[i], now)) {
      if (spec_.emit_update_before) add(i, chunk.before[i], RowKind::kUpdateBefore);
      add(i, now, RowKind::kUpdateAfter);
    }
  }
  for (size_t d = 0; d < dead.size(); ++d) {
    int64_t count = 0;
    std::memcpy(&count, dead[d], sizeof(count));
    if (count != 0) continue;
    aggregates_.ClearViews(chunk.groups[dead_rows[d]]);
    state_->Erase(0, chunk.keys[dead_rows[d]]);
  }
  if (source_rows.empty()) return Status::Ok();
  Batch result;
  result.rows = static_cast<int64_t>(source_rows.size());
  for (int group : spec_.groups) result.columns.push_back(part.column(group)->Take(source_rows));
  for (const ColumnPtr& column : results) result.columns.push_back(column->Take(result_rows));
  result.kinds = std::move(kinds);
  queue_.AddRows(std::move(result));
  return Status::Ok();
}

}  // namespace penstock
