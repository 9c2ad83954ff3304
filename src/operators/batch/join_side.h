// The rows of one side of a batch join: in memory as columns, or in files divided by the hash of their join
// key. Used by the operator's thread.
#pragma once

#include <vector>

#include "data/row_codec.h"
#include "operators/batch/spill/spill_partitions.h"
#include "operators/joins/join_condition.h"

namespace penstock {

// Rows to read from front to back: pieces in memory, then files.
struct JoinSideSource {
  std::vector<Batch> pieces;
  std::vector<SpillFilePtr> files;
  int64_t rows() const;
};

// Walks through a source in batches.
class JoinSideReader {
 public:
  JoinSideReader(const JoinSideSource* source, const RowCodec* codec, int64_t piece_rows, size_t piece_bytes)
      : source_(source), codec_(codec), piece_rows_(piece_rows), piece_bytes_(piece_bytes) {}
  // False behind the last row.
  Result<bool> Next(Batch* out);

 private:
  const JoinSideSource* source_;
  const RowCodec* codec_;
  int64_t piece_rows_;
  size_t piece_bytes_;
  size_t piece_ = 0, file_ = 0;
  std::unique_ptr<SpillReader> reader_;
};

// Collects a side.
class JoinSideRows {
 public:
  JoinSideRows(const JoinSpec& spec, size_t side, SpillSpace* space);

  // Rows whose key matches nothing are left out unless `keeps_unmatched`. False where there is no room: the
  // batch was not taken, and Spill makes room.
  Result<bool> Add(const Batch& batch, bool keeps_unmatched);
  // Puts what is in memory into files, and what comes later too.
  Status Spill();
  bool spilled() const { return spilling_ != nullptr; }
  size_t memory_bytes() const { return held_.bytes(); }
  int64_t rows() const { return rows_; }

  // Ends collecting: everything in one source.
  Result<JoinSideSource> Take();
  // The same by part, each a source of files. REQUIRES: spilled.
  Result<std::vector<JoinSideSource>> TakeParts();
  // Divides a source into parts of a level.
  Result<std::vector<JoinSideSource>> Divide(const JoinSideSource& source, int level, size_t piece_bytes);
  void ReleaseMemory();

  const std::vector<DataType>& types() const { return codec_.types(); }
  const RowCodec& codec() const { return codec_; }

 private:
  Status AddTo(SpillPartitions* parts, const Batch& batch);
  void FlushPiece();
  static Result<std::vector<JoinSideSource>> FilesOf(SpillPartitions* parts);

  const JoinSpec& spec_;
  size_t side_;
  SpillSpace* space_;
  RowCodec codec_;
  JoinKeys keys_;
  HeldMemory held_;
  std::vector<ColumnBuilder> builders_;
  int64_t building_ = 0;  // rows in the builders
  int64_t rows_ = 0;
  std::vector<Batch> pieces_;
  std::unique_ptr<SpillPartitions> spilling_;
};

}  // namespace penstock
