// MiniBatch: the bundle of an operator that folds changes (table.exec.mini-batch.*): input batches wait until
// `size` rows are there or `latency_ms` of processing time has passed. The operator also empties it before a
// barrier and at the end. Watermarks wait behind the rows they follow. Used on the operator's thread.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "stream/operator.h"

namespace penstock {

struct MiniBatchSpec {
  int64_t size = 0;  // 0: no mini-batch
  int64_t latency_ms = 0;
  bool enabled() const { return size > 0; }
  void Write(ByteWriter& out) const;
  static MiniBatchSpec Read(ByteReader& in);
};

class MiniBatch {
 public:
  explicit MiniBatch(MiniBatchSpec spec) : spec_(spec) {}
  bool enabled() const { return spec_.enabled(); }

  // Rows of `batch` from `begin` on that still fit; the caller finishes the bundle when full().
  int64_t Room() const { return spec_.size - rows_; }
  // `now`: monotonic.
  void Add(Batch rows, int64_t now);
  bool full() const { return rows_ >= spec_.size; }
  bool empty() const { return rows_ == 0 && marks_.empty(); }
  // Keeps a mark until the bundle is finished; passes on the last watermark and all changes of idleness.
  void AddMark(const Mark& mark);
  // The monotonic instant at which the bundle must be finished.
  int64_t deadline() const { return deadline_; }

  // The waiting rows as one batch without marks, and the marks behind them; the bundle is empty afterwards.
  Batch TakeRows();
  std::vector<Mark> TakeMarks();

 private:
  MiniBatchSpec spec_;
  std::vector<Batch> batches_;
  std::vector<Mark> marks_;
  int64_t rows_ = 0;
  int64_t deadline_ = INT64_MAX;
};

}  // namespace penstock
