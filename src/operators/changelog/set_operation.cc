// Counting of rows on both sides.
#include "operators/changelog/set_operation.h"

#include <algorithm>
#include <cstring>

namespace penstock {

std::string SetOperationSpec::Serialize() const {
  ByteWriter out;
  out.Varint(types.size());
  for (const DataType& type : types) type.Write(out);
  out.Bool(intersect);
  out.Bool(all);
  out.Fixed(ttl_ms);
  return out.Take();
}

Result<SetOperationSpec> SetOperationSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  SetOperationSpec spec;
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    ASSIGN_OR_RETURN(DataType type, DataType::Read(in));
    spec.types.push_back(std::move(type));
  }
  spec.intersect = in.Bool();
  spec.all = in.Bool();
  spec.ttl_ms = in.Fixed<int64_t>();
  return spec;
}

Status SetOperation::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  ASSIGN_OR_RETURN(counts_, context->state->OpenFixed({"counts", 2 * sizeof(int64_t), spec_.ttl_ms}));
  return Status::Ok();
}

// How often the row is in the result.
int64_t SetOperation::Times(const int64_t counts[2]) const {
  if (spec_.all) {
    return spec_.intersect ? std::min(counts[0], counts[1]) : std::max<int64_t>(counts[0] - counts[1], 0);
  }
  return counts[0] > 0 && (counts[1] > 0) == spec_.intersect ? 1 : 0;
}

Status SetOperation::ProcessRows(size_t side, const Batch& batch, int64_t begin, int64_t end) {
  std::string bytes;
  for (int64_t row = begin; row < end; ++row) {
    bytes.clear();
    codec_.EncodeRow(batch.columns, row, &bytes);
    StateKey key{bytes, HashKey(bytes)};
    uint8_t* state = nullptr;
    uint8_t created = 0;
    RETURN_IF_ERROR(counts_->Access(0, {&key, 1}, {&state, 1}, {&created, 1}));
    int64_t counts[2] = {0, 0};
    if (created == 0) std::memcpy(counts, state, sizeof(counts));
    int64_t before = Times(counts);
    counts[side] = std::max<int64_t>(counts[side] + (IsAdd(batch.kind(row)) ? 1 : -1), 0);
    int64_t after = Times(counts);
    std::memcpy(state, counts, sizeof(counts));
    if (counts[0] == 0 && counts[1] == 0) counts_->Erase(0, key);
    for (; before < after; ++before) emitter_.Add(RowKind::kInsert, batch, row);
    for (; before > after; --before) emitter_.Add(RowKind::kDelete, batch, row);
  }
  return Status::Ok();
}

Result<Progress> SetOperation::Process(int input, const Batch& batch, Output& out) {
  int64_t done = 0;
  auto side = static_cast<size_t>(input);
  for (const Mark& mark : batch.marks) {
    RETURN_IF_ERROR(ProcessRows(side, batch, done, mark.offset));
    done = mark.offset;
    emitter_.MarkTo(mark, &queue_);
  }
  RETURN_IF_ERROR(ProcessRows(side, batch, done, batch.rows));
  emitter_.FlushTo(&queue_);
  return queue_.Flush(out);
}

}  // namespace penstock
