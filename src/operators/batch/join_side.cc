// Collecting, spilling and dividing the rows of a side.
#include "operators/batch/join_side.h"

#include <algorithm>

namespace penstock {

namespace {

constexpr int64_t kPieceRows = 4096;

// The columns of the input: those that are emitted, and computed keys behind them.
std::vector<DataType> InputTypes(const JoinSpec& spec, size_t side) {
  const JoinSide& s = spec.sides[side];
  std::vector<DataType> types = s.types;
  for (size_t k = 0; k < s.keys.size(); ++k) {
    auto column = static_cast<size_t>(s.keys[k]);
    if (column >= types.size()) types.resize(column + 1);
    if (column >= s.types.size()) types[column] = s.key_types[k];
  }
  return types;
}

}  // namespace

int64_t JoinSideSource::rows() const {
  int64_t rows = 0;
  for (const Batch& piece : pieces) rows += piece.rows;
  for (const SpillFilePtr& file : files) rows += static_cast<int64_t>(file->records());
  return rows;
}

Result<bool> JoinSideReader::Next(Batch* out) {
  if (piece_ < source_->pieces.size()) {
    *out = source_->pieces[piece_++];
    return true;
  }
  std::vector<ColumnBuilder> builders = MakeBuilders(codec_->types());
  int64_t rows = 0;
  for (size_t bytes = 0; rows < piece_rows_ && bytes < piece_bytes_;) {
    if (!reader_) {
      if (file_ >= source_->files.size()) break;
      ASSIGN_OR_RETURN(reader_, SpillReader::Open(source_->files[file_++]));
    }
    ASSIGN_OR_RETURN(bool more, reader_->Next());
    if (!more) {
      reader_ = nullptr;
      continue;
    }
    codec_->Decode(reader_->value(), builders);
    bytes += reader_->value().size();
    ++rows;
  }
  if (rows == 0) return false;
  *out = Batch(rows, FinishBuilders(builders));
  return true;
}

JoinSideRows::JoinSideRows(const JoinSpec& spec, size_t side, SpillSpace* space)
    : spec_(spec),
      side_(side),
      space_(space),
      codec_(InputTypes(spec, side)),
      keys_(spec, side),
      held_(space),
      builders_(MakeBuilders(codec_.types())) {}

Result<bool> JoinSideRows::Add(const Batch& batch, bool keeps_unmatched) {
  keys_.Encode(batch);
  std::vector<int32_t> kept;
  for (int64_t row = 0; row < batch.rows; ++row) {
    if (keeps_unmatched || !keys_.never_matches(row)) kept.push_back(static_cast<int32_t>(row));
  }
  if (spilling_) {
    rows_ += static_cast<int64_t>(kept.size());
    std::string encoded;
    for (int32_t row : kept) {
      encoded.clear();
      codec_.EncodeRow(batch.columns, row, &encoded);
      RETURN_IF_ERROR(spilling_->Add(keys_[row].hash, {}, encoded));
    }
    return true;
  }
  size_t bytes = batch.MemoryBytes() + 8;
  if (!held_.TryHold(held_.bytes() + bytes)) return false;
  for (size_t c = 0; c < builders_.size(); ++c) builders_[c].AppendRows(*batch.columns[c], kept);
  building_ += static_cast<int64_t>(kept.size());
  rows_ += static_cast<int64_t>(kept.size());
  if (building_ >= kPieceRows) FlushPiece();
  return true;
}

void JoinSideRows::FlushPiece() {
  if (building_ == 0) return;
  pieces_.emplace_back(std::exchange(building_, 0), FinishBuilders(builders_));
}

Status JoinSideRows::AddTo(SpillPartitions* parts, const Batch& batch) {
  keys_.Encode(batch);
  std::string encoded;
  for (int64_t row = 0; row < batch.rows; ++row) {
    encoded.clear();
    codec_.EncodeRow(batch.columns, row, &encoded);
    RETURN_IF_ERROR(parts->Add(keys_[row].hash, {}, encoded));
  }
  return Status::Ok();
}

Status JoinSideRows::Spill() {
  if (spilling_) return Status::Ok();
  FlushPiece();
  spilling_ = std::make_unique<SpillPartitions>(space_, 0);
  for (Batch& piece : pieces_) {
    RETURN_IF_ERROR(AddTo(spilling_.get(), piece));
    piece = Batch();
  }
  pieces_.clear();
  held_.ReleaseAll();
  return Status::Ok();
}

Result<std::vector<JoinSideSource>> JoinSideRows::FilesOf(SpillPartitions* parts) {
  ASSIGN_OR_RETURN(std::vector<SpilledPart> files, parts->Finish());
  std::vector<JoinSideSource> sources(files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i].file) sources[i].files.push_back(std::move(files[i].file));
  }
  return sources;
}

Result<JoinSideSource> JoinSideRows::Take() {
  JoinSideSource all;
  FlushPiece();
  all.pieces = std::move(pieces_);
  if (!spilling_) return all;
  ASSIGN_OR_RETURN(std::vector<JoinSideSource> parts, FilesOf(spilling_.get()));
  for (JoinSideSource& part : parts) {
    for (SpillFilePtr& file : part.files) all.files.push_back(std::move(file));
  }
  return all;
}

Result<std::vector<JoinSideSource>> JoinSideRows::TakeParts() { return FilesOf(spilling_.get()); }

Result<std::vector<JoinSideSource>> JoinSideRows::Divide(const JoinSideSource& source, int level,
                                                         size_t piece_bytes) {
  SpillPartitions parts(space_, level);
  JoinSideReader reader(&source, &codec_, kPieceRows, piece_bytes);
  while (true) {
    Batch batch;
    ASSIGN_OR_RETURN(bool more, reader.Next(&batch));
    if (!more) break;
    RETURN_IF_ERROR(AddTo(&parts, batch));
  }
  return FilesOf(&parts);
}

void JoinSideRows::ReleaseMemory() { held_.ReleaseAll(); }

}  // namespace penstock
