// Frames over sorted rows. The key of a sorted row is its partition, its order and, where the last one that
// came is first, a falling number; the value is the size of the first two (u32 each), the time that bounds a
// RANGE, and the encoded row.
#include "operators/batch/batch_over.h"

#include <algorithm>

namespace penstock {

std::string BatchOverSpec::Serialize() const {
  ByteWriter out;
  rows.Write(out);
  functions.Write(out);
  out.Bool(row_frame);
  out.Fixed(preceding);
  out.Fixed(most_number);
  out.Bool(newest_first);
  return out.Take();
}

Result<BatchOverSpec> BatchOverSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  BatchOverSpec spec;
  ASSIGN_OR_RETURN(spec.rows, RowLayout::Read(in));
  ASSIGN_OR_RETURN(spec.functions, OverFunctions::Read(in));
  spec.row_frame = in.Bool();
  spec.preceding = in.Fixed<int64_t>();
  spec.most_number = in.Fixed<int64_t>();
  spec.newest_first = in.Bool();
  return spec;
}

namespace {

struct Header {
  uint32_t partition_size, order_size;
  int64_t time;
};

std::vector<DataType> OutputTypes(const BatchOverSpec& spec) {
  std::vector<DataType> types = spec.rows.types;
  for (const OverFunction& f : spec.functions.functions) types.push_back(f.type);
  return types;
}

bool NeedsSize(OverFunction::Kind kind) { return kind >= OverFunction::Kind::kNtile; }

}  // namespace

struct BatchOver::Walker {
  std::unique_ptr<SortedCursor> cursor;
  int64_t number = -1;  // among all rows
  bool at_row = false;
  std::string_view partition, order, row;  // order: with the partition before it
  int64_t time = 0;

  Status Next() {
    ASSIGN_OR_RETURN(at_row, cursor->Next());
    ++number;
    if (!at_row) return Status::Ok();
    Header header;
    std::memcpy(&header, cursor->row().data(), sizeof(header));
    partition = cursor->key().substr(0, header.partition_size);
    order = cursor->key().substr(0, header.partition_size + header.order_size);
    row = cursor->row().substr(sizeof(header));
    time = header.time;
    return Status::Ok();
  }
  Status MoveTo(int64_t wanted) {
    while (number < wanted && (at_row || number < 0)) RETURN_IF_ERROR(Next());
    return Status::Ok();
  }
};

struct BatchOver::Program {
  explicit Program(const std::vector<DataType>& types)
      : steps(MakeBuilders(types)), rows(MakeBuilders(types)) {}
  // Steps of one partition that were not yet run.
  std::vector<ColumnBuilder> steps;
  std::vector<int8_t> signs;
  std::vector<int32_t> wanted;  // of each row since the last flush: the step whose result it gets
  // What is emitted.
  std::vector<ColumnBuilder> rows;
  std::vector<ColumnBuilder> results;            // one per aggregate
  std::vector<ColumnPtr> carried;                // results after the last step that was run, one row each
  std::vector<std::vector<int64_t>> numbers{5};  // ROW_NUMBER, RANK, DENSE_RANK, last peer, size
  std::vector<ColumnBuilder> shifted;
  int64_t count = 0;
};

BatchOver::BatchOver(BatchOverSpec spec)
    : BatchOperator(OutputTypes(spec)),
      spec_(std::move(spec)),
      partition_codec_(spec_.rows.PartitionCodec()),
      order_codec_(spec_.rows.OrderCodec()),
      row_codec_(spec_.rows.types) {}

BatchOver::~BatchOver() = default;

Status BatchOver::Prepare() {
  RETURN_IF_ERROR(aggregates_.Open(spec_.functions.calls, bounded(), context_, "over", 0, true));
  sort_ =
      std::make_unique<ExternalSort>(space_.get(), 5 + static_cast<int>(spec_.functions.functions.size()));
  return Status::Ok();
}

// Rises with the order; NULL is before everything and not within any distance.
int64_t BatchOver::TimeOf(const Column& column, int64_t row) const {
  if (column.IsNull(row)) return std::numeric_limits<int64_t>::min() / 2;
  int64_t millis = MillisAt(column, row);
  return spec_.rows.order[0].descending ? -millis : millis;
}

Status BatchOver::Add(int, const Batch& batch) {
  std::vector<ColumnPtr> partition = spec_.rows.PartitionColumns(batch);
  std::vector<ColumnPtr> order = spec_.rows.OrderColumns(batch);
  bool by_time = bounded() && !spec_.row_frame && spec_.preceding > 0;
  std::string key, value;
  for (int64_t row = 0; row < batch.rows; ++row) {
    Header header{};
    key.clear();
    partition_codec_.EncodeRow(partition, row, &key);
    header.partition_size = static_cast<uint32_t>(key.size());
    order_codec_.EncodeRow(order, row, &key);
    header.order_size = static_cast<uint32_t>(key.size()) - header.partition_size;
    if (by_time) header.time = TimeOf(*order[0], row);
    if (spec_.newest_first) AppendOrdered(-static_cast<int64_t>(++arrivals_), &key);
    value.assign(reinterpret_cast<const char*>(&header), sizeof(header));
    row_codec_.EncodeRow(batch.columns, row, &value);
    RETURN_IF_ERROR(sort_->Add(key, value));
  }
  return Status::Ok();
}

Status BatchOver::Finish() {
  RETURN_IF_ERROR(sort_->Finish());
  auto open = [&](std::unique_ptr<Walker>* walker) -> Status {
    *walker = std::make_unique<Walker>();
    ASSIGN_OR_RETURN((*walker)->cursor, sort_->NewCursor());
    return (*walker)->Next();
  };
  RETURN_IF_ERROR(open(&emit_));
  bool aggregates = !spec_.functions.calls.empty();
  if (aggregates) RETURN_IF_ERROR(open(&lead_));
  if (aggregates && bounded()) RETURN_IF_ERROR(open(&tail_));
  for (const OverFunction& f : spec_.functions.functions) {
    if (f.kind == OverFunction::Kind::kLag) RETURN_IF_ERROR(open(&shifted_.emplace_back()));
    if (!NeedsSize(f.kind) || size_) continue;
    RETURN_IF_ERROR(open(&size_));
    RETURN_IF_ERROR(open(&peers_));
  }
  return Status::Ok();
}

Status BatchOver::Step(const Walker& at, int8_t sign, Program* program) {
  row_codec_.Decode(at.row, program->steps);
  program->signs.push_back(sign);
  bool many = program->signs.size() >= 4096;
  return many ? Flush(program) : Status::Ok();
}

// Runs the steps, and gives the rows that wait what comes out.
Status BatchOver::Flush(Program* program) {
  if (spec_.functions.calls.empty()) return Status::Ok();
  size_t count = program->signs.size();
  std::vector<ColumnPtr> after = program->carried;
  if (count > 0) {
    Batch batch(static_cast<int64_t>(count), FinishBuilders(program->steps));
    std::vector<std::string_view> groups(count, partition_);
    std::vector<uint8_t*> states(count, reinterpret_cast<uint8_t*>(state_.data()));
    std::vector<ColumnBuilder> made = MakeBuilders(aggregates_.result_types());
    // Step -1 is the one before the first.
    for (size_t c = 0; c < made.size(); ++c) made[c].AppendFrom(*program->carried[c], 0);
    RETURN_IF_ERROR(aggregates_.UpdateAndEmit(batch, groups, program->signs, states, &made));
    after = FinishBuilders(made);
  }
  std::vector<int32_t> picked;
  for (int32_t step : program->wanted) picked.push_back(step + 1);
  for (size_t c = 0; c < after.size(); ++c) {
    if (!picked.empty()) program->results[c].AppendRows(*after[c], picked);
    program->carried[c] = after[c]->Slice(static_cast<int64_t>(count), 1);
  }
  program->signs.clear();
  program->wanted.clear();
  return Status::Ok();
}

Status BatchOver::StartPartition(Program* program) {
  RETURN_IF_ERROR(Flush(program));
  if (partition_first_ > 0 || position_.row > 0) aggregates_.ClearViews(partition_);
  partition_.assign(emit_->partition);
  order_.clear();
  partition_first_ = emit_->number;
  position_ = {};
  state_.assign(aggregates_.width() / 8 + 1, 0);
  aggregates_.Init(reinterpret_cast<uint8_t*>(state_.data()));
  if (size_) {
    RETURN_IF_ERROR(size_->MoveTo(partition_first_));
    while (size_->at_row && size_->partition == partition_) RETURN_IF_ERROR(size_->Next());
    position_.size = size_->number - partition_first_;
  }
  if (tail_) RETURN_IF_ERROR(tail_->MoveTo(partition_first_));
  if (lead_) RETURN_IF_ERROR(lead_->MoveTo(partition_first_));
  return Status::Ok();
}

Status BatchOver::FindPeers() {
  if (!peers_) return Status::Ok();
  RETURN_IF_ERROR(peers_->MoveTo(emit_->number));
  while (peers_->at_row && peers_->order == order_) RETURN_IF_ERROR(peers_->Next());
  position_.last = peers_->number - partition_first_;
  return Status::Ok();
}

bool BatchOver::Leaves(const Walker& tail) const {
  if (tail.number >= lead_->number) return false;
  if (spec_.row_frame) return position_.frame > spec_.preceding;
  if (spec_.preceding == 0) return tail.order != emit_->order;
  return tail.time < emit_->time - spec_.preceding;
}

// Takes rows out of the frame and adds others, until it is the frame of the row that is emitted.
Status BatchOver::MoveFrame(bool first_peer, Program* program) {
  if (!spec_.row_frame && !first_peer) return Status::Ok();
  while (tail_ && Leaves(*tail_)) {
    RETURN_IF_ERROR(Step(*tail_, -1, program));
    --position_.frame;
    RETURN_IF_ERROR(tail_->Next());
  }
  auto belongs = [&] {
    if (!lead_->at_row) return false;
    return spec_.row_frame ? lead_->number <= emit_->number : lead_->order == emit_->order;
  };
  while (belongs()) {
    RETURN_IF_ERROR(Step(*lead_, 1, program));
    ++position_.frame;
    RETURN_IF_ERROR(lead_->Next());
  }
  return Status::Ok();
}

// Values of other rows of the partition.
Status BatchOver::AddShifted(Program* program) {
  size_t at = 0;
  for (const OverFunction& f : spec_.functions.functions) {
    if (f.kind != OverFunction::Kind::kLag) continue;
    Walker& walker = *shifted_[at];
    ColumnBuilder& out = program->shifted[at++];
    int64_t wanted = emit_->number - f.offset;
    RETURN_IF_ERROR(walker.MoveTo(wanted));
    bool there = wanted >= partition_first_ && walker.at_row && walker.partition == partition_;
    int column = there ? f.column : f.default_column;
    if (column < 0) {
      out.AppendNull();
      continue;
    }
    std::vector<ColumnBuilder> cells = MakeBuilders(spec_.rows.types);
    row_codec_.Decode(there ? walker.row : emit_->row, cells);
    out.AppendFrom(*cells[static_cast<size_t>(column)].Finish(), 0);
  }
  return Status::Ok();
}

Result<bool> BatchOver::NextResult(Batch* out) {
  if (!emit_->at_row) return false;
  Program program(spec_.rows.types);
  program.results = MakeBuilders(aggregates_.result_types());
  for (const DataType& type : aggregates_.result_types()) {
    program.carried.push_back(Column::Flatten(Column::Constant(type.WithNullable(true), Value::Null(), 1)));
  }
  if (!carried_.empty()) program.carried = std::move(carried_);
  for (const OverFunction& f : spec_.functions.functions) {
    if (f.kind == OverFunction::Kind::kLag) program.shifted.emplace_back(f.type);
  }
  while (emit_->at_row && program.count < context_->batch_rows) {
    if (position_.row == 0 || emit_->partition != partition_) RETURN_IF_ERROR(StartPartition(&program));
    bool first_peer = position_.row == 0 || emit_->order != order_;
    ++position_.row;
    if (first_peer) {
      ++position_.peers;
      position_.first = position_.row;
      order_.assign(emit_->order);
      RETURN_IF_ERROR(FindPeers());
    }
    bool emitted = spec_.most_number < 0 || position_.row <= spec_.most_number;
    if (lead_) RETURN_IF_ERROR(MoveFrame(first_peer, &program));
    if (emitted) {
      row_codec_.Decode(emit_->row, program.rows);
      program.wanted.push_back(static_cast<int32_t>(program.signs.size()) - 1);
      program.numbers[0].push_back(position_.row);
      program.numbers[1].push_back(position_.first);
      program.numbers[2].push_back(position_.peers);
      program.numbers[3].push_back(position_.last);
      program.numbers[4].push_back(position_.size);
      RETURN_IF_ERROR(AddShifted(&program));
      ++program.count;
    }
    RETURN_IF_ERROR(emit_->Next());
  }
  RETURN_IF_ERROR(Flush(&program));
  carried_ = std::move(program.carried);
  *out = Put(&program);
  return true;
}

// The first buckets are longer by one where the rows do not divide evenly.
ColumnPtr BatchOver::Shares(const OverFunction& f, const Program& program) const {
  ColumnBuilder out(f.type);
  for (size_t i = 0; i < program.numbers[0].size(); ++i) {
    int64_t row = program.numbers[0][i], rank = program.numbers[1][i];
    int64_t last = program.numbers[3][i], size = program.numbers[4][i];
    if (f.kind == OverFunction::Kind::kNtile) {
      int64_t length = size / f.offset, longer = size % f.offset;
      int64_t in_longer = longer * (length + 1);
      int64_t bucket = row <= in_longer ? (row - 1) / (length + 1) : longer + (row - 1 - in_longer) / length;
      out.Append(static_cast<int32_t>(bucket + 1));
    } else if (f.kind == OverFunction::Kind::kPercentRank) {
      out.Append(size > 1 ? static_cast<double>(rank - 1) / static_cast<double>(size - 1) : 0.0);
    } else {
      out.Append(static_cast<double>(last) / static_cast<double>(size));
    }
  }
  return out.Finish();
}

Batch BatchOver::Put(Program* program) const {
  Batch batch(program->count, FinishBuilders(program->rows));
  size_t shifted = 0;
  for (const OverFunction& f : spec_.functions.functions) {
    if (f.kind == OverFunction::Kind::kAggregate) {
      batch.columns.push_back(program->results[static_cast<size_t>(f.index)].Finish());
    } else if (f.kind == OverFunction::Kind::kLag) {
      batch.columns.push_back(program->shifted[shifted++].Finish());
    } else if (NeedsSize(f.kind)) {
      batch.columns.push_back(Shares(f, *program));
    } else {
      size_t kind = static_cast<size_t>(f.kind) - static_cast<size_t>(OverFunction::Kind::kRowNumber);
      ColumnBuilder numbers(f.type);
      for (int64_t number : program->numbers[kind]) numbers.Append(number);
      batch.columns.push_back(numbers.Finish());
    }
  }
  return batch;
}

}  // namespace penstock
