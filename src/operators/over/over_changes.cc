// OVER by an order that may change behind a row.
#include "operators/over/over_changes.h"

#include <algorithm>

namespace penstock {

std::string OverChangesSpec::Serialize() const {
  ByteWriter out;
  rows.Write(out);
  out.Bool(row_frame);
  functions.Write(out);
  out.Bool(emit_update_before);
  out.Fixed(ttl_ms);
  return out.Take();
}

Result<OverChangesSpec> OverChangesSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  OverChangesSpec spec;
  ASSIGN_OR_RETURN(spec.rows, RowLayout::Read(in));
  spec.row_frame = in.Bool();
  ASSIGN_OR_RETURN(spec.functions, OverFunctions::Read(in));
  spec.emit_update_before = in.Bool();
  spec.ttl_ms = in.Fixed<int64_t>();
  return spec;
}

namespace {

constexpr size_t kArrivalBytes = 8;

std::vector<DataType> OutputTypes(const OverChangesSpec& spec) {
  std::vector<DataType> types = spec.rows.types;
  for (const OverFunction& f : spec.functions.functions) types.push_back(f.type);
  return types;
}

bool SameCell(const Column& a, int64_t i, const Column& b, int64_t j) {
  if (a.IsNull(i) || b.IsNull(j)) return a.IsNull(i) == b.IsNull(j);
  return a.ValueAt(i) == b.ValueAt(j);
}

}  // namespace

std::string_view OverChanges::Rows::sort_key(size_t i) const {
  return std::string_view(elements[i]).substr(0, elements[i].size() - kArrivalBytes);
}

OverChanges::OverChanges(OverChangesSpec spec)
    : spec_(std::move(spec)),
      partition_codec_(spec_.rows.PartitionCodec()),
      order_codec_(spec_.rows.OrderCodec()),
      row_codec_(spec_.rows.types),
      writer_(OutputTypes(spec_), spec_.rows.types.size()) {
  for (const AggregateCall& call : spec_.functions.calls) {
    by_value_ = by_value_ && (call.function == "MIN" || call.function == "MAX" ||
                              call.function == "FIRST_VALUE" || call.function == "LAST_VALUE");
  }
}

Status OverChanges::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  // Every evaluation starts from nothing: nothing is ever taken back from an aggregate.
  RETURN_IF_ERROR(aggregates_.Open(spec_.functions.calls, false, context, "over-scratch", 0, true));
  ASSIGN_OR_RETURN(list_, context->state->OpenMap({"over-rows", 0, spec_.ttl_ms}));
  return Status::Ok();
}

Status OverChanges::SnapshotState(std::vector<std::string>* out) {
  arrivals_.Snapshot(out);
  return Status::Ok();
}

Status OverChanges::RestoreState(const std::vector<std::string>& lists) {
  arrivals_.Restore(lists);
  return Status::Ok();
}

Result<Progress> OverChanges::Process(int, const Batch& batch, Output& out) {
  int64_t done = 0;
  for (const Mark& mark : batch.marks) {
    RETURN_IF_ERROR(ProcessRows(batch, done, mark.offset));
    done = mark.offset;
    queue_.AddMark(mark, writer_.types());
  }
  RETURN_IF_ERROR(ProcessRows(batch, done, batch.rows));
  return queue_.Flush(out);
}

Status OverChanges::ProcessRows(const Batch& batch, int64_t begin, int64_t end) {
  if (begin >= end) return Status::Ok();
  std::vector<ColumnPtr> partition = spec_.rows.PartitionColumns(batch);
  std::vector<ColumnPtr> order = spec_.rows.OrderColumns(batch);
  for (int64_t row = begin; row < end; ++row) {
    std::string key, element, encoded;
    partition_codec_.EncodeRow(partition, row, &key);
    order_codec_.EncodeRow(order, row, &element);
    row_codec_.EncodeRow(batch.columns, row, &encoded);
    StateKey state_key{key, HashKey(key)};
    if (IsAdd(batch.kind(row))) {
      RETURN_IF_ERROR(Insert(state_key, std::move(element), std::move(encoded), batch.kind(row)));
    } else {
      RETURN_IF_ERROR(TakeBack(state_key, element, encoded));
    }
    if (writer_.rows() >= context_->batch_rows) writer_.FlushTo(&queue_);
  }
  writer_.FlushTo(&queue_);
  return Status::Ok();
}

OverChanges::Rows OverChanges::Load(StateKey key) const {
  Rows rows;
  list_->Scan(0, key, "", [&](std::string_view element, std::string_view row) {
    rows.elements.emplace_back(element);
    rows.rows.emplace_back(row);
    return true;
  });
  return rows;
}

ColumnPtr OverChanges::Positions(const Rows& rows, const OverFunction& function) const {
  ColumnBuilder builder(function.type);
  int64_t rank = 0, dense = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows.sort_key(i) != rows.sort_key(i - 1)) {
      rank = static_cast<int64_t>(i) + 1;
      ++dense;
    }
    switch (function.kind) {
      case OverFunction::Kind::kRank: builder.Append(rank); break;
      case OverFunction::Kind::kDenseRank: builder.Append(dense); break;
      default: builder.Append(static_cast<int64_t>(i) + 1); break;
    }
  }
  return builder.Finish();
}

ColumnPtr OverChanges::Lags(const Rows& rows, const Batch& batch, const OverFunction& function) const {
  ColumnBuilder builder(function.type);
  for (int64_t i = 0; i < static_cast<int64_t>(rows.size()); ++i) {
    bool found = i >= function.offset;
    int column = found ? function.column : function.default_column;
    if (column < 0) {
      builder.AppendNull();
    } else {
      builder.AppendFrom(*batch.column(column), found ? i - function.offset : i);
    }
  }
  return builder.Finish();
}

Result<std::vector<ColumnPtr>> OverChanges::Evaluate(StateKey key, const Rows& rows) {
  std::vector<ColumnBuilder> builders = MakeBuilders(spec_.rows.types);
  for (const std::string& row : rows.rows) row_codec_.Decode(row, builders);
  Batch batch(static_cast<int64_t>(rows.size()), FinishBuilders(builders));
  std::vector<ColumnPtr> aggregates;
  if (!spec_.functions.calls.empty()) {
    std::vector<uint64_t> state(aggregates_.width() / sizeof(uint64_t) + 1);
    auto* bytes = reinterpret_cast<uint8_t*>(state.data());
    aggregates_.Init(bytes);
    std::vector<std::string_view> groups(rows.size(), key.bytes);
    std::vector<int8_t> signs(rows.size(), 1);
    std::vector<uint8_t*> states(rows.size(), bytes);
    std::vector<ColumnBuilder> after = MakeBuilders(aggregates_.result_types());
    RETURN_IF_ERROR(aggregates_.UpdateAndEmit(batch, groups, signs, states, &after));
    aggregates_.ClearViews(key.bytes);
    aggregates = FinishBuilders(after);
  }
  // RANGE: the last of the peers has the result of all.
  std::vector<int32_t> last(rows.size());
  for (size_t i = rows.size(); i-- > 0;) {
    bool peer = !spec_.row_frame && i + 1 < rows.size() && rows.sort_key(i) == rows.sort_key(i + 1);
    last[i] = peer ? last[i + 1] : static_cast<int32_t>(i);
  }
  std::vector<ColumnPtr> results;
  for (const OverFunction& f : spec_.functions.functions) {
    switch (f.kind) {
      case OverFunction::Kind::kAggregate:
        results.push_back(aggregates[static_cast<size_t>(f.index)]->Take(last));
        break;
      case OverFunction::Kind::kLag: results.push_back(Lags(rows, batch, f)); break;
      default: results.push_back(Positions(rows, f)); break;
    }
  }
  return results;
}

void OverChanges::Add(const Rows& rows, const std::vector<ColumnPtr>& results, size_t i, RowKind kind) {
  if (kind == RowKind::kUpdateBefore && !spec_.emit_update_before) return;
  writer_.Add(rows.rows[i], kind);
  for (size_t c = 0; c < results.size(); ++c) {
    writer_.extra(c).AppendFrom(*results[c], static_cast<int64_t>(i));
  }
}

bool OverChanges::Update(const Rows& before, const std::vector<ColumnPtr>& old, size_t i, const Rows& after,
                         const std::vector<ColumnPtr>& now, size_t j) {
  bool changed = !by_value_;
  for (size_t c = 0; c < old.size() && !changed; ++c) {
    changed = !SameCell(*old[c], static_cast<int64_t>(i), *now[c], static_cast<int64_t>(j));
  }
  if (!changed) return false;
  Add(before, old, i, RowKind::kUpdateBefore);
  Add(after, now, j, RowKind::kUpdateAfter);
  return true;
}

Status OverChanges::Insert(StateKey key, std::string element, std::string row, RowKind kind) {
  Rows before = Load(key);
  AppendOrdered(arrivals_.Next(), &element);
  Rows after = before;
  auto at = std::upper_bound(after.elements.begin(), after.elements.end(), element);
  auto place = static_cast<size_t>(at - after.elements.begin());
  after.elements.insert(at, element);
  after.rows.insert(after.rows.begin() + static_cast<std::ptrdiff_t>(place), row);
  ASSIGN_OR_RETURN(std::vector<ColumnPtr> old, Evaluate(key, before));
  ASSIGN_OR_RETURN(std::vector<ColumnPtr> now, Evaluate(key, after));
  Add(after, now, place, kind);
  size_t first = place;
  while (!spec_.row_frame && first > 0 && after.sort_key(first - 1) == after.sort_key(place)) --first;
  for (size_t i = first; i < before.size(); ++i) {
    if (!Update(before, old, i, after, now, i < place ? i : i + 1)) break;
  }
  list_->Put(0, key, element, row);
  return Status::Ok();
}

Status OverChanges::TakeBack(StateKey key, const std::string& sort_key, const std::string& row) {
  Rows before = Load(key);
  size_t place = 0;
  while (place < before.size() && (before.sort_key(place) != sort_key || before.rows[place] != row)) ++place;
  if (place == before.size()) return Status::Ok();  // nothing to take back
  Rows after = before;
  after.elements.erase(after.elements.begin() + static_cast<std::ptrdiff_t>(place));
  after.rows.erase(after.rows.begin() + static_cast<std::ptrdiff_t>(place));
  ASSIGN_OR_RETURN(std::vector<ColumnPtr> old, Evaluate(key, before));
  ASSIGN_OR_RETURN(std::vector<ColumnPtr> now, Evaluate(key, after));
  Add(before, old, place, RowKind::kDelete);
  size_t first = place;
  while (!spec_.row_frame && first > 0 && before.sort_key(first - 1) == sort_key) --first;
  for (size_t i = first; i < before.size(); ++i) {
    if (i != place && !Update(before, old, i, after, now, i < place ? i : i - 1)) break;
  }
  list_->Erase(0, key, before.elements[place]);
  return Status::Ok();
}

}  // namespace penstock
