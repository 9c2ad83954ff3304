// RowEmitter: puts the output of a row-wise operator together: rows copied from the input batch or decoded
// from state, each with its kind, become batches between the marks of the input. Used by one operator on its
// thread.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "data/row_codec.h"
#include "operators/emit_queue.h"

namespace penstock {

class RowEmitter {
 public:
  explicit RowEmitter(std::vector<DataType> types)
      : codec_(std::move(types)), builders_(MakeBuilders(codec_.types())) {}

  const RowCodec& codec() const { return codec_; }
  const std::vector<DataType>& types() const { return codec_.types(); }

  void Add(RowKind kind, const Batch& batch, int64_t row) {
    for (size_t c = 0; c < builders_.size(); ++c) builders_[c].AppendFrom(*batch.columns[c], row);
    kinds_.push_back(kind);
  }
  // REQUIRES: `bytes` was encoded by codec().
  void AddEncoded(RowKind kind, std::string_view bytes) {
    codec_.Decode(bytes, builders_);
    kinds_.push_back(kind);
  }
  // Moves the rows so far into the queue, then the mark.
  void FlushTo(EmitQueue* queue) {
    if (kinds_.empty()) return;
    Batch batch(static_cast<int64_t>(kinds_.size()), FinishBuilders(builders_));
    batch.kinds = std::make_shared<const std::vector<RowKind>>(std::move(kinds_));
    kinds_.clear();
    queue->AddRows(std::move(batch));
  }
  void MarkTo(const Mark& mark, EmitQueue* queue) {
    FlushTo(queue);
    queue->AddMark(mark, codec_.types());
  }

 private:
  RowCodec codec_;
  std::vector<ColumnBuilder> builders_;
  std::vector<RowKind> kinds_;
};

}  // namespace penstock
