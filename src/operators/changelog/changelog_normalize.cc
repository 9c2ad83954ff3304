// Normalisation row by row against the last row of the key.
#include "operators/changelog/changelog_normalize.h"

#include <unordered_map>

namespace penstock {

std::string ChangelogNormalizeSpec::Serialize() const {
  ByteWriter out;
  out.Varint(keys.size());
  for (int key : keys) out.Varint(static_cast<uint64_t>(key));
  out.Varint(types.size());
  for (const DataType& type : types) type.Write(out);
  out.Bool(filter != nullptr);
  if (filter) filter->Write(out);
  out.Bool(emit_update_before);
  out.Fixed(ttl_ms);
  mini_batch.Write(out);
  return out.Take();
}

Result<ChangelogNormalizeSpec> ChangelogNormalizeSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  ChangelogNormalizeSpec spec;
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) spec.keys.push_back(static_cast<int>(in.Varint()));
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    ASSIGN_OR_RETURN(DataType type, DataType::Read(in));
    spec.types.push_back(std::move(type));
  }
  if (in.Bool()) {
    ASSIGN_OR_RETURN(spec.filter, Expr::Read(in));
  }
  spec.emit_update_before = in.Bool();
  spec.ttl_ms = in.Fixed<int64_t>();
  spec.mini_batch = MiniBatchSpec::Read(in);
  return spec;
}

namespace {
std::vector<DataType> KeyTypes(const ChangelogNormalizeSpec& spec) {
  std::vector<DataType> types;
  for (int key : spec.keys) types.push_back(spec.types[static_cast<size_t>(key)]);
  return types;
}
}  // namespace

ChangelogNormalize::ChangelogNormalize(ChangelogNormalizeSpec spec)
    : spec_(std::move(spec)), key_codec_(KeyTypes(spec_)), emitter_(spec_.types), bundle_(spec_.mini_batch) {}

Status ChangelogNormalize::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  if (spec_.filter) {
    ASSIGN_OR_RETURN(Evaluator filter, Evaluator::Make(spec_.filter, context->eval));
    filter_ = std::move(filter);
  }
  ASSIGN_OR_RETURN(state_, context->state->OpenMap({"rows", 0, spec_.ttl_ms}));
  return Status::Ok();
}

Result<Progress> ChangelogNormalize::Process(int, const Batch& batch, Output& out) {
  int64_t done = 0;
  auto rows_until = [&](int64_t end) -> Status {
    while (done < end) {
      int64_t count = end - done;
      if (bundle_.enabled()) count = std::min(count, bundle_.Room());
      Batch part = done == 0 && count == batch.rows ? batch : batch.Slice(done, count);
      done += count;
      if (!bundle_.enabled()) {
        RETURN_IF_ERROR(ProcessRows(part));
        continue;
      }
      bundle_.Add(std::move(part), context_->clock->MonotonicMillis());
      if (bundle_.full()) RETURN_IF_ERROR(FinishBundle());
    }
    return Status::Ok();
  };
  for (const Mark& mark : batch.marks) {
    RETURN_IF_ERROR(rows_until(mark.offset));
    if (bundle_.enabled() && !bundle_.empty()) {
      bundle_.AddMark(mark);
    } else {
      emitter_.MarkTo(mark, &queue_);
    }
  }
  RETURN_IF_ERROR(rows_until(batch.rows));
  emitter_.FlushTo(&queue_);
  return queue_.Flush(out);
}

Status ChangelogNormalize::ProcessRows(const Batch& batch) {
  std::vector<uint8_t> passes(static_cast<size_t>(batch.rows), filter_ ? 0 : 1);
  if (filter_) {
    std::vector<int32_t> picked;
    RETURN_IF_ERROR(filter_->SelectRows({batch.columns, batch.rows, nullptr}, &picked));
    for (int32_t row : picked) passes[static_cast<size_t>(row)] = 1;
  }
  std::vector<ColumnPtr> columns;
  for (int key : spec_.keys) columns.push_back(batch.column(key));
  KeyBlock keys;
  key_codec_.Encode(columns, batch.rows, &keys);
  std::vector<int64_t> rows;
  if (bundle_.enabled()) {  // only the last row of each key
    std::unordered_map<std::string_view, size_t> last;
    for (int64_t row = 0; row < batch.rows; ++row) {
      auto [at, added] = last.try_emplace(keys[row], rows.size());
      if (added) {
        rows.push_back(row);
      } else {
        rows[at->second] = row;
      }
    }
  } else {
    for (int64_t row = 0; row < batch.rows; ++row) rows.push_back(row);
  }
  for (int64_t row : rows) {
    std::string_view key = keys[row];
    ProcessRow(batch, row, {key, HashKey(key)}, passes[static_cast<size_t>(row)] != 0);
  }
  return Status::Ok();
}

void ChangelogNormalize::ProcessRow(const Batch& batch, int64_t row, StateKey key, bool passes) {
  std::optional<std::string_view> before = state_->Get(0, key, "");
  if (!IsAdd(batch.kind(row)) || !passes) {
    // What was there goes, with all its columns: the row that deletes it may have only the key.
    if (!before) return;
    emitter_.AddEncoded(RowKind::kDelete, *before);
    state_->Erase(0, key, "");
    return;
  }
  std::string now;
  emitter_.codec().EncodeRow(batch.columns, row, &now);
  if (!before) {
    emitter_.Add(RowKind::kInsert, batch, row);
  } else {
    if (spec_.ttl_ms == 0 && *before == now) return;
    if (spec_.emit_update_before) emitter_.AddEncoded(RowKind::kUpdateBefore, *before);
    emitter_.Add(RowKind::kUpdateAfter, batch, row);
  }
  state_->Put(0, key, "", now);
}

Status ChangelogNormalize::FinishBundle() {
  Batch rows = bundle_.TakeRows();
  if (rows.rows > 0) RETURN_IF_ERROR(ProcessRows(rows));
  for (const Mark& mark : bundle_.TakeMarks()) emitter_.MarkTo(mark, &queue_);
  emitter_.FlushTo(&queue_);
  return Status::Ok();
}

Result<Progress> ChangelogNormalize::OnProcessingTime(int64_t, Output& out) { return Flush(out); }

Result<Progress> ChangelogNormalize::OnEndOfInput(int, bool, Output& out) { return Flush(out); }

Result<Progress> ChangelogNormalize::Flush(Output& out) {
  RETURN_IF_ERROR(FinishBundle());
  return queue_.Flush(out);
}

}  // namespace penstock
