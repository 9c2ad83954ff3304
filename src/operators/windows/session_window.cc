// Sessions that merge.
#include "operators/windows/session_window.h"

#include <algorithm>
#include <limits>

#include "data/datetime.h"

namespace penstock {

std::string SessionWindowSpec::Serialize() const {
  ByteWriter out;
  rows.Write(out);
  out.Fixed(time_column);
  out.Fixed(gap);
  out.Bool(local_zone);
  time_type.Write(out);
  return out.Take();
}

Result<SessionWindowSpec> SessionWindowSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  SessionWindowSpec spec;
  ASSIGN_OR_RETURN(spec.rows, RowLayout::Read(in));
  spec.time_column = in.Fixed<int>();
  spec.gap = in.Fixed<int64_t>();
  spec.local_zone = in.Bool();
  ASSIGN_OR_RETURN(spec.time_type, DataType::Read(in));
  return spec;
}

namespace {
std::vector<DataType> OutputTypes(const SessionWindowSpec& spec) {
  std::vector<DataType> types = spec.rows.types;
  types.push_back(DataType::Timestamp(3).NotNull());
  types.push_back(DataType::Timestamp(3).NotNull());
  types.push_back(spec.time_type);
  return types;
}
}  // namespace

SessionWindow::SessionWindow(SessionWindowSpec spec)
    : spec_(std::move(spec)),
      partition_codec_(spec_.rows.PartitionCodec()),
      row_codec_(spec_.rows.types),
      writer_(OutputTypes(spec_), spec_.rows.types.size()) {}

Status SessionWindow::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  ASSIGN_OR_RETURN(sessions_, context->state->OpenMap({"sessions", 0, 0}));
  ASSIGN_OR_RETURN(rows_, context->state->OpenMap({"session-rows", 0, 0}));
  ASSIGN_OR_RETURN(timers_, context->state->OpenTimers("session-timers"));
  return Status::Ok();
}

Status SessionWindow::SnapshotState(std::vector<std::string>* out) {
  arrivals_.Snapshot(out);
  return Status::Ok();
}

Status SessionWindow::RestoreState(const std::vector<std::string>& lists) {
  arrivals_.Restore(lists);
  return Status::Ok();
}

Progress SessionWindow::FlushQueues(Output& out) {
  if (late_.Flush(out) == Progress::kBlocked) return Progress::kBlocked;
  return queue_.Flush(out);
}

int64_t SessionWindow::NowMillis() const { return FloorDiv(context_->clock->NowMicros(), int64_t{1000}); }

// Windows are cut on the wall clock; watermarks are instants.
int64_t SessionWindow::FireTime(int64_t window_end) const {
  if (!local()) return window_end - 1;
  return FloorDiv(context_->eval->zone->ToUtcMicros(window_end * 1000), int64_t{1000}) - 1;
}

Result<Progress> SessionWindow::Process(int, const Batch& batch, Output& out) {
  if (batch.rows > 0) keys_.Encode(partition_codec_, spec_.rows.PartitionColumns(batch), batch.rows);
  open_of_.assign(static_cast<size_t>(batch.rows), -1);
  int64_t done = 0;
  for (const Mark& mark : batch.marks) {
    RETURN_IF_ERROR(ProcessRows(batch, done, mark.offset));
    done = mark.offset;
    if (mark.kind == MarkKind::kWatermark && mark.watermark > watermark_ && !proctime()) {
      watermark_ = mark.watermark;
      Fire(watermark_);
    }
    queue_.AddMark(mark, writer_.types());
  }
  RETURN_IF_ERROR(ProcessRows(batch, done, batch.rows));
  return FlushQueues(out);
}

Status SessionWindow::ProcessRows(const Batch& batch, int64_t begin, int64_t end) {
  if (begin >= end) return Status::Ok();
  const TimeZone& zone = *context_->eval->zone;
  row_codec_.EncodeRows(batch.columns, begin, end, &encoded_);
  for (int64_t row = begin; row < end; ++row) {
    keys_.Prefetch(*sessions_, row, end);
    keys_.Prefetch(*rows_, row, end);
    int64_t time = 0;
    if (proctime()) {
      time = FloorDiv(zone.ToLocalMicros(context_->clock->NowMicros()), int64_t{1000});
    } else {
      const Column& column = *batch.column(spec_.time_column);
      if (column.IsNull(row)) {  // Flink drops and counts such rows
        ++context_->metrics->bad_rows;
        continue;
      }
      time = MillisAt(column, row);
      if (spec_.local_zone) time = FloorDiv(zone.ToLocalMicros(time * 1000), int64_t{1000});
    }
    std::optional<Session> ended = Assign(batch, row, time);
    if (ended) late_.AddWindowed(row, ended->start, ended->end);
  }
  for (size_t i = 0; i < opened_; ++i) {
    Store(batch, &open_[i]);
    open_of_[static_cast<size_t>(keys_.FirstWithKeyOf(open_[i].row))] = -1;
  }
  opened_ = 0;
  late_.Take(batch, watermark_, context_->metrics);
  return Status::Ok();
}

std::vector<SessionWindow::Session> SessionWindow::Sessions(StateKey key) const {
  std::vector<Session> found;
  sessions_->Scan(0, key, "", [&](std::string_view start, std::string_view value) {
    found.push_back({ReadOrdered(start), ReadOrdered(value), ReadOrdered(value.substr(8))});
    return true;
  });
  return found;
}

// Whether a row belongs to this session and to no other one of its key.
bool SessionWindow::OpenSession::Takes(int64_t time, int64_t gap) const {
  return now.start <= time + gap && now.end >= time && before < time && behind > time + gap;
}

std::optional<SessionWindow::Session> SessionWindow::Assign(const Batch& batch, int64_t row, int64_t time) {
  auto first = static_cast<size_t>(keys_.FirstWithKeyOf(row));
  bool known = open_of_[first] >= 0;
  if (known && !open_[static_cast<size_t>(open_of_[first])].Takes(time, spec_.gap)) {
    Store(batch, &open_[static_cast<size_t>(open_of_[first])]);
    known = false;
  }
  if (!known) {
    if (std::optional<Session> ended = FindSession(row, time)) return ended;
  }
  OpenSession& open = open_[static_cast<size_t>(open_of_[first])];
  open.now.start = std::min(open.now.start, time);
  open.now.end = std::max(open.now.end, time + spec_.gap);
  if (open.rows.empty()) open.arrival = arrivals_.Next();
  open.rows.push_back(row);
  return std::nullopt;
}

std::optional<SessionWindow::Session> SessionWindow::FindSession(int64_t row, int64_t time) {
  StateKey key = keys_[row];
  Session own{time, time + spec_.gap, -1};
  std::vector<Session> merged;
  int64_t before = std::numeric_limits<int64_t>::min(), behind = std::numeric_limits<int64_t>::max();
  for (const Session& session : Sessions(key)) {
    if (session.end < time) {
      before = std::max(before, session.end);
    } else if (session.start > time + spec_.gap) {
      behind = std::min(behind, session.start);
    } else {
      merged.push_back(session);
      own.start = std::min(own.start, session.start);
      own.end = std::max(own.end, session.end);
    }
  }
  if (!proctime() && watermark_ != kNoWatermark && FireTime(own.end) <= watermark_) return own;
  own.id = merged.empty() ? arrivals_.Next() : merged[0].id;
  Session stored = own;
  if (merged.size() == 1) {
    stored = merged[0];
  } else {
    for (const Session& session : merged) {
      if (session.start != own.start) Remove(key, session);
      if (session.id != own.id) MoveRows(key, session.id, own.id);
    }
    Put(key, own);
  }
  if (merged.empty()) timers_->Register(FireTime(own.end), key);
  int32_t& number = open_of_[static_cast<size_t>(keys_.FirstWithKeyOf(row))];
  if (number < 0) number = static_cast<int32_t>(opened_++);
  if (opened_ > open_.size()) open_.resize(opened_);
  OpenSession& open = open_[static_cast<size_t>(number)];
  open.row = row;
  open.now = own;
  open.stored = stored;
  open.before = before;
  open.behind = behind;
  open.rows.clear();
  return std::nullopt;
}

namespace {
constexpr char kSeveral = '\x7f';  // no kind: rows with their lengths follow
}  // namespace

void SessionWindow::Store(const Batch& batch, OpenSession* open) {
  if (open->rows.empty()) return;
  StateKey key = keys_[open->row];
  if (open->now.start != open->stored.start) Remove(key, open->stored);
  if (open->now.start != open->stored.start || open->now.end != open->stored.end) Put(key, open->now);
  open->stored = open->now;
  std::string element;
  AppendOrdered(open->now.id, &element);
  AppendOrdered(open->arrival, &element);
  ByteWriter value;
  bool several = open->rows.size() > 1;
  if (several) value.Fixed(kSeveral);
  for (int64_t row : open->rows) {
    if (several) value.Varint(encoded_[row].size());
    value.Fixed(batch.kind(row));
    value.Raw(encoded_[row]);
  }
  rows_->Put(0, key, element, value.bytes());
  open->rows.clear();
}

void SessionWindow::Put(StateKey key, const Session& session) {
  std::string start, value;
  AppendOrdered(session.start, &start);
  AppendOrdered(session.end, &value);
  AppendOrdered(session.id, &value);
  sessions_->Put(0, key, start, value);
}

void SessionWindow::Remove(StateKey key, const Session& session) {
  std::string start;
  AppendOrdered(session.start, &start);
  sessions_->Erase(0, key, start);
}

void SessionWindow::MoveRows(StateKey key, int64_t from, int64_t to) {
  std::string prefix, target;
  AppendOrdered(from, &prefix);
  AppendOrdered(to, &target);
  std::vector<std::pair<std::string, std::string>> moving;
  rows_->Scan(0, key, prefix, [&](std::string_view element, std::string_view row) {
    if (element.substr(0, prefix.size()) != prefix) return false;
    moving.emplace_back(element, row);
    return true;
  });
  for (const auto& [element, row] : moving) {
    rows_->Put(0, key, target + element.substr(prefix.size()), row);
    rows_->Erase(0, key, element);
  }
}

// A session that has grown keeps its first timer: most rows make one grow, and a timer that comes early only
// has to be set again.
void SessionWindow::Fire(int64_t up_to) {
  int64_t time = 0;
  std::string key;
  while (timers_->Pop(up_to, &time, &key)) {
    StateKey state_key{key, HashKey(key)};
    for (const Session& session : Sessions(state_key)) {
      int64_t fires = FireTime(session.end);
      if (fires > time) {
        timers_->Register(fires, state_key);
      } else {
        EmitSession(state_key, session);
      }
    }
    if (writer_.rows() >= context_->batch_rows) writer_.FlushTo(&queue_);
  }
  writer_.FlushTo(&queue_);
}

void SessionWindow::EmitSession(StateKey key, const Session& session) {
  std::string prefix;
  AppendOrdered(session.id, &prefix);
  std::vector<std::string> left;
  bool others = false;  // the key has rows of other sessions
  rows_->Scan(0, key, "", [&](std::string_view element, std::string_view rows) {
    if (element.substr(0, prefix.size()) != prefix) {
      others = true;
      return element.substr(0, prefix.size()) < prefix;
    }
    EmitRows(rows, session);
    left.emplace_back(element);
    return true;
  });
  if (!others) {
    rows_->Clear(0, key);
  } else {
    for (const std::string& element : left) rows_->Erase(0, key, element);
  }
  Remove(key, session);
}

// One row as its kind and its bytes, or several, each behind its length.
void SessionWindow::EmitRows(std::string_view rows, const Session& session) {
  int64_t last = (session.end - 1) * 1000;
  if (local()) last = context_->eval->zone->ToUtcMicros(last);
  auto emit = [&](std::string_view row) {
    writer_.Add(row.substr(1), static_cast<RowKind>(row[0]));
    writer_.extra(0).Append(session.start * 1000);
    writer_.extra(1).Append(session.end * 1000);
    writer_.extra(2).Append(last);
  };
  if (rows[0] != kSeveral) return emit(rows);
  ByteReader in(rows.substr(1));
  while (!in.at_end()) {
    uint64_t size = in.Varint();
    emit(in.rest().substr(0, size + 1));
    in = ByteReader(in.rest().substr(size + 1));
  }
}

int64_t SessionWindow::NextProcessingTime() const {
  std::optional<int64_t> next = proctime() ? timers_->NextTime() : std::nullopt;
  if (!next) return INT64_MAX;
  // Windows end on the wall clock; the task waits on the monotonic one.
  return context_->clock->MonotonicMillis() + std::max<int64_t>(*next + 1 - NowMillis(), 0);
}

Result<Progress> SessionWindow::OnProcessingTime(int64_t, Output& out) {
  Fire(NowMillis() - 1);
  return FlushQueues(out);
}

Result<Progress> SessionWindow::OnEndOfInput(int, bool drained, Output& out) {
  if (proctime() && drained) Fire(kMaxWatermark);
  return FlushQueues(out);
}

}  // namespace penstock
