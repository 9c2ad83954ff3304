// Top-N over a sorted list per partition.
#include "operators/rank/rank.h"

#include <cstring>

namespace penstock {

std::string RankSpec::Serialize() const {
  ByteWriter out;
  rows.Write(out);
  out.Fixed(input);
  WriteColumns(row_key, out);
  out.Fixed(first);
  out.Fixed(last);
  out.Fixed(last_column);
  out.Bool(number);
  out.Bool(emit_update_before);
  out.Fixed(ttl_ms);
  return out.Take();
}

Result<RankSpec> RankSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  RankSpec spec;
  ASSIGN_OR_RETURN(spec.rows, RowLayout::Read(in));
  spec.input = in.Fixed<RankInput>();
  spec.row_key = ReadColumns(in);
  spec.first = in.Fixed<int64_t>();
  spec.last = in.Fixed<int64_t>();
  spec.last_column = in.Fixed<int>();
  spec.number = in.Bool();
  spec.emit_update_before = in.Bool();
  spec.ttl_ms = in.Fixed<int64_t>();
  return spec;
}

namespace {

std::vector<DataType> OutputTypes(const RankSpec& spec) {
  std::vector<DataType> types = spec.rows.types;
  if (spec.number) types.push_back(DataType::BigInt().NotNull());
  return types;
}

KeyCodec RowKeyCodec(const RankSpec& spec) {
  std::vector<DataType> types;
  for (int column : spec.row_key) types.push_back(spec.rows.types[static_cast<size_t>(column)]);
  return KeyCodec(std::move(types));
}

constexpr size_t kArrivalBytes = 8;

}  // namespace

Rank::Rank(RankSpec spec)
    : spec_(std::move(spec)),
      partition_codec_(spec_.rows.PartitionCodec()),
      order_codec_(spec_.rows.OrderCodec()),
      row_key_codec_(RowKeyCodec(spec_)),
      row_codec_(spec_.rows.types),
      writer_(OutputTypes(spec_), spec_.rows.types.size()) {
  // Without the number only leaving and entering rows matter; an offset hides which they are, and the best
  // row alone is replaced in place.
  bool top_one = spec_.last == 1 && spec_.last_column < 0 && spec_.input != RankInput::kRetract;
  by_place_ = spec_.number || spec_.first > 1 || top_one;
}

Status Rank::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  ASSIGN_OR_RETURN(list_, context->state->OpenMap({"rank-list", 0, spec_.ttl_ms}));
  if (spec_.input == RankInput::kUpdate) {
    ASSIGN_OR_RETURN(index_, context->state->OpenMap({"rank-index", 0, spec_.ttl_ms}));
  }
  if (spec_.last_column >= 0) {
    ASSIGN_OR_RETURN(bounds_, context->state->OpenMap({"rank-bounds", 0, spec_.ttl_ms}));
  }
  return Status::Ok();
}

Status Rank::SnapshotState(std::vector<std::string>* out) {
  arrivals_.Snapshot(out);
  return Status::Ok();
}

Status Rank::RestoreState(const std::vector<std::string>& lists) {
  arrivals_.Restore(lists);
  return Status::Ok();
}

Result<Progress> Rank::Process(int, const Batch& batch, Output& out) {
  if (batch.rows > 0) keys_.Encode(partition_codec_, spec_.rows.PartitionColumns(batch), batch.rows);
  int64_t done = 0;
  for (const Mark& mark : batch.marks) {
    ProcessRows(batch, done, mark.offset);
    done = mark.offset;
    queue_.AddMark(mark, writer_.types());
  }
  ProcessRows(batch, done, batch.rows);
  return queue_.Flush(out);
}

void Rank::ProcessRows(const Batch& batch, int64_t begin, int64_t end) {
  if (begin >= end) return;
  std::vector<ColumnPtr> order = spec_.rows.OrderColumns(batch);
  Arrival arrival;
  arrival.batch = &batch;
  for (int64_t row = begin; row < end; ++row) {
    keys_.Prefetch(*list_, row, end);
    arrival.at = row;
    arrival.key = keys_[row];
    arrival.row.clear();
    arrival.element.clear();
    order_codec_.EncodeRow(order, row, &arrival.element);
    ProcessRow(arrival);
    if (writer_.rows() >= context_->batch_rows) writer_.FlushTo(&queue_);
  }
  writer_.FlushTo(&queue_);
}

// The first row of a partition decides how far a variable range goes.
int64_t Rank::LastRank(const Batch& batch, int64_t row, StateKey key) {
  if (bounds_ == nullptr) return spec_.last;
  int64_t last = 0;
  if (std::optional<std::string_view> stored = bounds_->Get(0, key, "")) {
    std::memcpy(&last, stored->data(), sizeof(last));
    return last;
  }
  const Column& column = *batch.column(spec_.last_column);
  if (!column.IsNull(row)) last = column.ValueAt(row).as_int();
  bounds_->Put(0, key, "", {reinterpret_cast<const char*>(&last), sizeof(last)});
  return last;
}

std::string_view Rank::RowOf(Arrival& arrival) const {
  if (arrival.row.empty()) row_codec_.EncodeRow(arrival.batch->columns, arrival.at, &arrival.row);
  return arrival.row;
}

void Rank::ProcessRow(Arrival& arrival) {
  const Batch& batch = *arrival.batch;
  arrival.last = LastRank(batch, arrival.at, arrival.key);
  if (!IsAdd(batch.kind(arrival.at))) {
    if (spec_.input == RankInput::kRetract) Retract(arrival);
    return;
  }
  AppendOrdered(arrivals_.Next(), &arrival.element);
  if (spec_.input != RankInput::kUpdate) return Insert(arrival);
  std::string row_key;
  std::vector<ColumnPtr> columns;
  for (int column : spec_.row_key) columns.push_back(batch.column(column));
  row_key_codec_.EncodeRow(columns, arrival.at, &row_key);
  Update(arrival, row_key);
}

void Rank::Emit(std::string_view row, int64_t rank, int64_t last, RowKind kind) {
  if (rank < spec_.first || rank > last) return;
  if (kind == RowKind::kUpdateBefore && !spec_.emit_update_before) return;
  writer_.Add(row, kind);
  if (spec_.number) writer_.extra(0).Append(rank);
}

void Rank::Replace(std::string_view before, std::string_view after, int64_t rank, int64_t last) {
  Emit(before, rank, last, RowKind::kUpdateBefore);
  Emit(after, rank, last, RowKind::kUpdateAfter);
}

// The new row takes the place behind all rows that are not worse; those below move down by one.
void Rank::Insert(Arrival& arrival) {
  int64_t rank = 1;
  int64_t last = arrival.last;
  std::string_view moving;  // the row that looks for a place
  std::string_view pushed_out;
  pushed_element_.clear();
  bool more = false;  // rows behind the last place
  list_->Scan(0, arrival.key, "", [&](std::string_view element, std::string_view row) {
    more = rank > last;
    if (more) return false;
    if (moving.data() == nullptr && element < arrival.element) {
      ++rank;
      return true;
    }
    if (moving.data() == nullptr) moving = RowOf(arrival);
    if (by_place_) Replace(row, moving, rank, last);
    if (rank == last) {
      pushed_out = row;
      pushed_element_.assign(element);
    }
    moving = row;
    ++rank;
    return true;
  });
  bool entered = moving.data() != nullptr || rank <= last;
  if (by_place_) {
    if (rank <= last) Emit(moving.data() == nullptr ? RowOf(arrival) : moving, rank, last, RowKind::kInsert);
  } else if (entered) {
    if (pushed_out.data() != nullptr) Emit(pushed_out, last, last, RowKind::kDelete);
    Emit(RowOf(arrival), spec_.first, last, RowKind::kInsert);
  }
  if (!entered && spec_.input != RankInput::kRetract) return;
  list_->Put(0, arrival.key, arrival.element, RowOf(arrival));
  if (spec_.input == RankInput::kRetract) return;
  if (more || index_ != nullptr) return Prune(arrival);
  if (!pushed_element_.empty()) list_->Erase(0, arrival.key, pushed_element_);
}

// Forgets the rows behind the last place.
void Rank::Prune(const Arrival& arrival) {
  int64_t rank = 0;
  std::vector<std::string> gone;
  list_->Scan(0, arrival.key, "", [&](std::string_view element, std::string_view) {
    if (++rank > arrival.last) gone.emplace_back(element);
    return true;
  });
  for (const std::string& element : gone) list_->Erase(0, arrival.key, element);
  if (index_ == nullptr || gone.empty()) return;
  std::vector<std::string> keys;
  index_->Scan(0, arrival.key, "", [&](std::string_view row_key, std::string_view element) {
    for (const std::string& erased : gone) {
      if (element == erased) keys.emplace_back(row_key);
    }
    return true;
  });
  for (const std::string& row_key : keys) index_->Erase(0, arrival.key, row_key);
}

// A row that is in the list already is changed in place, or moves up from where it was.
void Rank::Update(Arrival& arrival, const std::string& row_key) {
  std::optional<std::string_view> known = index_->Get(0, arrival.key, row_key);
  if (!known) {
    index_->Put(0, arrival.key, row_key, arrival.element);
    Insert(arrival);
    if (!list_->Get(0, arrival.key, arrival.element)) index_->Erase(0, arrival.key, row_key);
    return;
  }
  std::string old_element(*known);
  std::string old_row(list_->Get(0, arrival.key, old_element).value_or(RowOf(arrival)));
  auto sort_key = [](std::string_view element) { return element.substr(0, element.size() - kArrivalBytes); };
  bool stays = sort_key(old_element) == sort_key(arrival.element);
  const std::string& element = stays ? old_element : arrival.element;
  int64_t rank = 1;
  std::string_view moving;
  bool placed = false;
  list_->Scan(0, arrival.key, "", [&](std::string_view at, std::string_view row) {
    if (rank > arrival.last) return false;
    if (!placed && at < element && at != old_element) {
      ++rank;
      return true;
    }
    if (!placed) moving = RowOf(arrival);
    placed = true;
    if (by_place_) Replace(row, moving, rank, arrival.last);
    moving = row;
    ++rank;
    return at != old_element;
  });
  if (!by_place_) Replace(old_row, RowOf(arrival), spec_.first, arrival.last);
  if (!stays) {
    list_->Erase(0, arrival.key, old_element);
    index_->Put(0, arrival.key, row_key, element);
  }
  list_->Put(0, arrival.key, element, RowOf(arrival));
}

// The first equal row leaves; those below move up by one.
void Rank::Retract(Arrival& arrival) {
  int64_t rank = 1;
  int64_t last = arrival.last;
  std::string found;
  std::string_view leaving;
  bool closed = false;  // the gap was filled from behind the last place
  list_->Scan(0, arrival.key, "", [&](std::string_view element, std::string_view row) {
    if (found.empty()) {
      bool same =
          element.substr(0, element.size() - kArrivalBytes) == arrival.element && row == RowOf(arrival);
      if (same) {
        found = std::string(element);
        leaving = row;
        if (!by_place_) Emit(row, rank, last, RowKind::kDelete);
      } else {
        ++rank;
      }
      return true;
    }
    if (rank > last) return false;
    if (by_place_) {
      Replace(leaving, row, rank, last);
      closed = rank == last;
    } else if (rank == last) {
      Emit(row, rank, last, RowKind::kInsert);
    }
    leaving = row;
    ++rank;
    return true;
  });
  if (found.empty()) return;  // nothing to take back
  if (by_place_ && !closed) Emit(leaving, rank, last, RowKind::kDelete);
  list_->Erase(0, arrival.key, found);
}

}  // namespace penstock
