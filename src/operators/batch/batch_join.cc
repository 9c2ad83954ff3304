// Parts, tables and the rows that run against them.
#include "operators/batch/batch_join.h"

#include <algorithm>

namespace penstock {

std::string BatchJoinSpec::Serialize() const {
  ByteWriter out;
  join.Write(out);
  return out.Take();
}

Result<BatchJoinSpec> BatchJoinSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  BatchJoinSpec spec;
  ASSIGN_OR_RETURN(spec.join, JoinSpec::Read(in));
  return spec;
}

namespace {

constexpr int64_t kPieceRows = 4096;
// Positions in the bytes of a column are 32 bits wide.
constexpr size_t kMostTableBytes = size_t{1} << 30;
// Of a row in the table beside its columns: hash, chain, slots, key.
constexpr size_t kRowBytes = 48;

size_t OtherSide(size_t side) { return 1 - side; }

}  // namespace

struct BatchJoin::Part {
  std::array<JoinSideSource, 2> sources;
  int level = 0;
  bool divisible = true;
  bool in_memory = false;  // one of the sources holds memory of its side
  int build = -1;          // the side that becomes the table; -1: the smaller one
};

struct BatchJoin::Table {
  Table(const JoinSpec& spec, size_t side) : keys(spec, side) {}
  Batch rows;
  JoinKeys keys;
  std::vector<int32_t> heads, next;
  std::vector<uint8_t> matched;
  bool last_piece = true;
  int64_t rest = 0;  // rows that kRest has looked at

  void Link() {
    auto count = static_cast<size_t>(rows.rows);
    size_t slots = 16;
    while (slots < count * 2) slots *= 2;
    heads.assign(slots, -1);
    next.assign(count, -1);
    matched.assign(count, 0);
    for (size_t i = count; i-- > 0;) {
      auto row = static_cast<int64_t>(i);
      if (keys.never_matches(row)) continue;
      int32_t& head = heads[keys[row].hash & (slots - 1)];
      next[i] = head;
      head = static_cast<int32_t>(row);
    }
  }
  int32_t First(StateKey key) const { return Skip(heads[key.hash & (heads.size() - 1)], key); }
  int32_t Next(int32_t row, StateKey key) const { return Skip(next[static_cast<size_t>(row)], key); }
  int32_t Skip(int32_t row, StateKey key) const {
    for (; row >= 0; row = next[static_cast<size_t>(row)]) {
      StateKey other = keys[row];
      if (other.hash == key.hash && other.bytes == key.bytes) break;
    }
    return row;
  }
};

struct BatchJoin::Probe {
  Probe(const JoinSpec& spec, size_t side) : keys(spec, side) {}
  std::unique_ptr<JoinSideReader> reader;
  std::vector<bool> matched;  // of all rows of the part, over all pieces of the table
  Batch batch;
  int64_t first = 0;  // number of the batch's first row
  JoinKeys keys;
  int64_t row = 0;      // of the batch
  int32_t match = -1;   // the next one of `row` in the table
  bool at_row = false;  // `match` was looked up
};

BatchJoin::BatchJoin(BatchJoinSpec spec)
    : BatchOperator(spec.join.output_types(), 2), spec_(std::move(spec)) {}

BatchJoin::~BatchJoin() = default;

Status BatchJoin::Prepare() {
  RETURN_IF_ERROR(condition_.Open(spec_.join, context_->eval));
  for (size_t side : {kLeftSide, kRightSide})
    sides_[side] = std::make_unique<JoinSideRows>(spec_.join, side, space_.get());
  table_memory_ = std::make_unique<HeldMemory>(space_.get());
  return Status::Ok();
}

// Whether rows of a side are in the result though they match nothing.
bool BatchJoin::KeepsUnmatched(size_t side) const {
  return spec_.join.outer(side) || (side == kLeftSide && spec_.join.type == JoinType::kAnti);
}

Status BatchJoin::Add(int input, const Batch& batch) {
  auto side = static_cast<size_t>(input);
  ASSIGN_OR_RETURN(bool taken, sides_[side]->Add(batch, KeepsUnmatched(side)));
  if (taken) return Status::Ok();
  bool other_larger = sides_[OtherSide(side)]->memory_bytes() > sides_[side]->memory_bytes();
  RETURN_IF_ERROR(SpillSide(other_larger ? OtherSide(side) : side));
  ASSIGN_OR_RETURN(taken, sides_[side]->Add(batch, KeepsUnmatched(side)));
  if (taken) return Status::Ok();
  RETURN_IF_ERROR(SpillSide(side));
  return sides_[side]->Add(batch, KeepsUnmatched(side)).status();
}

Status BatchJoin::SpillSide(size_t side) { return sides_[side]->Spill(); }

// Where one side is in memory, it becomes the table and the files of the other run against it once; there
// must be room for that.
Status BatchJoin::Finish() {
  int in_memory = -1;
  for (size_t side : {kLeftSide, kRightSide}) {
    if (!sides_[side]->spilled() && sides_[OtherSide(side)]->spilled()) in_memory = static_cast<int>(side);
  }
  if (in_memory >= 0) {
    JoinSideRows& side = *sides_[static_cast<size_t>(in_memory)];
    bool fits = table_memory_->TryHold(side.memory_bytes() + static_cast<size_t>(side.rows()) * kRowBytes);
    if (!fits) RETURN_IF_ERROR(side.Spill());
  }
  bool divided = sides_[kLeftSide]->spilled() && sides_[kRightSide]->spilled();
  if (!divided) {
    Part all;
    all.in_memory = true;
    all.build = in_memory;
    for (size_t side : {kLeftSide, kRightSide}) {
      ASSIGN_OR_RETURN(all.sources[side], sides_[side]->Take());
    }
    parts_.push_back(std::move(all));
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(std::vector<JoinSideSource> left, sides_[kLeftSide]->TakeParts());
  ASSIGN_OR_RETURN(std::vector<JoinSideSource> right, sides_[kRightSide]->TakeParts());
  for (size_t i = 0; i < left.size(); ++i) {
    Part part;
    part.sources = {std::move(left[i]), std::move(right[i])};
    part.level = 1;
    parts_.push_back(std::move(part));
  }
  return Status::Ok();
}

Status BatchJoin::TakeNextPart() {
  part_ = nullptr;
  if (parts_.empty()) {
    phase_ = Phase::kDone;
    return Status::Ok();
  }
  part_ = std::make_unique<Part>(std::move(parts_.back()));
  parts_.pop_back();
  build_ = part_->sources[kLeftSide].rows() < part_->sources[kRightSide].rows() ? kLeftSide : kRightSide;
  if (part_->build >= 0) build_ = static_cast<size_t>(part_->build);
  build_reader_ = std::make_unique<JoinSideReader>(&part_->sources[build_], &sides_[build_]->codec(),
                                                   kPieceRows, space_->block_bytes());
  size_t probe = OtherSide(build_);
  probe_ = std::make_unique<Probe>(spec_.join, probe);
  probe_->matched.assign(static_cast<size_t>(part_->sources[probe].rows()), false);
  phase_ = Phase::kBuild;
  return Status::Ok();
}

// By other bits of the hash. What one key fills alone stays as it is.
Status BatchJoin::Divide(Part part) {
  std::array<std::vector<JoinSideSource>, 2> divided;
  for (size_t side : {kLeftSide, kRightSide}) {
    ASSIGN_OR_RETURN(divided[side],
                     sides_[side]->Divide(part.sources[side], part.level, space_->block_bytes()));
    part.sources[side].pieces.clear();
    if (part.in_memory) sides_[side]->ReleaseMemory();
  }
  int64_t rows = part.sources[kLeftSide].rows() + part.sources[kRightSide].rows();
  for (size_t i = 0; i < divided[kLeftSide].size(); ++i) {
    Part made;
    made.sources = {std::move(divided[kLeftSide][i]), std::move(divided[kRightSide][i])};
    made.level = part.level + 1;
    int64_t own = made.sources[kLeftSide].rows() + made.sources[kRightSide].rows();
    made.divisible = made.level < SpillPartitions::kMostLevels && (part.in_memory || own < rows);
    if (own > 0) parts_.push_back(std::move(made));
  }
  return Status::Ok();
}

// Loads as much of the smaller side as there is room for.
Status BatchJoin::LoadTable() {
  std::vector<Batch> pieces;
  table_ = std::make_unique<Table>(spec_.join, build_);
  size_t bytes = 0;
  bool more = true;
  while (more) {
    Batch piece;
    ASSIGN_OR_RETURN(more, build_reader_->Next(&piece));
    if (!more) break;
    size_t own = piece.MemoryBytes() + static_cast<size_t>(piece.rows) * kRowBytes;
    bool held = bytes + own <= kMostTableBytes && table_memory_->TryHold(bytes + own);
    bytes += own;
    pieces.push_back(std::move(piece));
    if (held) continue;
    bool divides = part_->divisible && !spec_.join.sides[kLeftSide].keys.empty() && table_->last_piece;
    if (divides && !probe_->reader) {
      Part part = std::move(*part_);
      table_ = nullptr;
      build_reader_ = nullptr;
      phase_ = Phase::kNextPart;
      return Divide(std::move(part));
    }
    table_->last_piece = false;
    break;
  }
  const std::vector<DataType>& types = sides_[build_]->types();
  table_->rows = Batch(0, EmptyColumns(types));
  for (const Batch& piece : pieces) table_->rows.rows += piece.rows;
  for (size_t c = 0; c < types.size() && !pieces.empty(); ++c) {
    std::vector<ColumnPtr> columns;
    for (Batch& piece : pieces) columns.push_back(std::move(piece.columns[c]));
    table_->rows.columns[c] = Column::Concat(columns);
  }
  if (table_->last_piece && part_->in_memory) {
    part_->sources[build_].pieces.clear();
    sides_[build_]->ReleaseMemory();
  }
  table_->keys.Encode(table_->rows);
  table_->Link();
  return StartProbe();
}

Status BatchJoin::StartProbe() {
  size_t side = OtherSide(build_);
  probe_->reader = std::make_unique<JoinSideReader>(&part_->sources[side], &sides_[side]->codec(), kPieceRows,
                                                    space_->block_bytes());
  probe_->batch = Batch();
  probe_->first = 0;
  probe_->row = 0;
  phase_ = Phase::kProbe;
  return Status::Ok();
}

Result<bool> BatchJoin::NextProbeBatch() {
  probe_->first += probe_->batch.rows;
  probe_->row = 0;
  probe_->at_row = false;
  ASSIGN_OR_RETURN(bool more, probe_->reader->Next(&probe_->batch));
  if (more) probe_->keys.Encode(probe_->batch);
  return more;
}

// Pairs of equal keys, about as many as a batch has rows.
void BatchJoin::CollectPairs(std::vector<int32_t>* probe_rows, std::vector<int32_t>* build_rows) {
  auto most = static_cast<size_t>(context_->batch_rows);
  for (; probe_->row < probe_->batch.rows; ++probe_->row, probe_->at_row = false) {
    StateKey key = probe_->keys[probe_->row];
    if (!probe_->at_row) {
      probe_->match = probe_->keys.never_matches(probe_->row) ? -1 : table_->First(key);
      probe_->at_row = true;
    }
    for (; probe_->match >= 0; probe_->match = table_->Next(probe_->match, key)) {
      if (probe_rows->size() >= most) return;
      probe_rows->push_back(static_cast<int32_t>(probe_->row));
      build_rows->push_back(probe_->match);
    }
  }
}

// Whether a row of a side is in the result without a row of the other.
bool BatchJoin::WantedAlone(size_t side, bool matched) const {
  if (spec_.join.left_only()) return side == kLeftSide && matched == (spec_.join.type == JoinType::kSemi);
  return !matched && spec_.join.outer(side);
}

void BatchJoin::AddAlone(size_t side, int32_t row, JoinedRows* rows) const {
  if (side == kLeftSide)
    rows->Add(row, -1, RowKind::kInsert);
  else
    rows->Add(-1, row, RowKind::kInsert);
}

Batch BatchJoin::TakeRows(JoinedRows* rows) const {
  std::array<std::vector<ColumnPtr>, 2> columns;
  columns[build_] = table_->rows.columns;
  columns[OtherSide(build_)] =
      probe_->batch.rows > 0 ? probe_->batch.columns : EmptyColumns(sides_[OtherSide(build_)]->types());
  return rows->Take(spec_.join, columns[kLeftSide], columns[kRightSide]);
}

Status BatchJoin::ProbeMore(Batch* out) {
  if (probe_->row >= probe_->batch.rows) {
    ASSIGN_OR_RETURN(bool more, NextProbeBatch());
    if (!more) {
      probe_->batch = Batch();
      phase_ = Phase::kRest;
      return Status::Ok();
    }
  }
  std::vector<int32_t> probe_rows, build_rows;
  CollectPairs(&probe_rows, &build_rows);
  bool left_builds = build_ == kLeftSide;
  std::vector<uint8_t> keep;
  RETURN_IF_ERROR(condition_.Evaluate(left_builds ? table_->rows.columns : probe_->batch.columns,
                                      left_builds ? build_rows : probe_rows,
                                      left_builds ? probe_->batch.columns : table_->rows.columns,
                                      left_builds ? probe_rows : build_rows, &keep));
  JoinedRows rows;
  for (size_t i = 0; i < keep.size(); ++i) {
    if (keep[i] == 0) continue;
    probe_->matched[static_cast<size_t>(probe_->first + probe_rows[i])] = true;
    table_->matched[static_cast<size_t>(build_rows[i])] = 1;
    if (spec_.join.left_only()) continue;
    rows.Add(left_builds ? build_rows[i] : probe_rows[i], left_builds ? probe_rows[i] : build_rows[i],
             RowKind::kInsert);
  }
  bool batch_done = probe_->row >= probe_->batch.rows;
  if (batch_done && table_->last_piece) AddUnmatchedProbe(&rows);
  if (!rows.empty()) *out = TakeRows(&rows);
  return Status::Ok();
}

// Rows of the batch that have met the whole table.
void BatchJoin::AddUnmatchedProbe(JoinedRows* rows) const {
  size_t side = OtherSide(build_);
  for (int64_t row = 0; row < probe_->batch.rows; ++row) {
    bool matched = probe_->matched[static_cast<size_t>(probe_->first + row)];
    if (WantedAlone(side, matched)) AddAlone(side, static_cast<int32_t>(row), rows);
  }
}

void BatchJoin::EmitRest(Batch* out) {
  JoinedRows rows;
  int64_t& row = table_->rest;
  for (; row < table_->rows.rows && rows.size() < static_cast<size_t>(context_->batch_rows); ++row) {
    if (WantedAlone(build_, table_->matched[static_cast<size_t>(row)] != 0))
      AddAlone(build_, static_cast<int32_t>(row), &rows);
  }
  if (!rows.empty()) *out = TakeRows(&rows);
  if (row < table_->rows.rows) return;
  phase_ = table_->last_piece ? Phase::kNextPart : Phase::kBuild;
  table_ = nullptr;
  table_memory_->ReleaseAll();
}

Result<bool> BatchJoin::NextResult(Batch* out) {
  switch (phase_) {
    case Phase::kNextPart: RETURN_IF_ERROR(TakeNextPart()); break;
    case Phase::kBuild: RETURN_IF_ERROR(LoadTable()); break;
    case Phase::kProbe: RETURN_IF_ERROR(ProbeMore(out)); break;
    case Phase::kRest: EmitRest(out); break;
    case Phase::kDone: return false;
  }
  return true;
}

}  // namespace penstock
