// LateRows: the rows an operator leaves out because the watermark has passed their time, or the end of a
// window they belong to. They are counted and leave through the late lane: the columns of the operator's
// input (of a join: those of both inputs, NULL for the other side), then what is known of why. Partial rows
// missed some of their windows and were taken by the others: they are counted apart. Used by one operator's
// thread.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "data/data_type.h"
#include "operators/emit_queue.h"

namespace penstock {

class LateRows {
 public:
  // What stands behind the input's columns: late_watermark, late_window_start, late_window_end (the last
  // window that was missed; NULL where the operator has none), late_partial, late_change ("+I", "-U", ..) and
  // $side (0 or 1, the input of a join).
  static const Schema& schema();

  // For joins: the columns of each side that leave.
  void SetSides(std::array<std::vector<DataType>, 2> types) { sides_ = std::move(types); }

  // Notes a row of the batch that the next Take is called with. Windows are local milliseconds.
  void Add(int64_t row) { noted_.push_back({static_cast<int32_t>(row), std::nullopt, std::nullopt, false}); }
  void AddWindowed(int64_t row, int64_t window_start, int64_t window_end, bool partial = false) {
    noted_.push_back({static_cast<int32_t>(row), window_start, window_end, partial});
  }
  // Queues the noted rows; `watermark` is the one they missed.
  void Take(const Batch& batch, int64_t watermark, OperatorMetrics* metrics, size_t side = 0);
  // As EmitQueue::Flush.
  Progress Flush(Output& out) { return queue_.Flush(out, kLateLane); }

 private:
  struct Noted {
    int32_t row = 0;
    std::optional<int64_t> window_start, window_end;
    bool partial = false;
  };
  std::vector<ColumnPtr> InputColumns(const Batch& batch, const std::vector<int32_t>& rows,
                                      size_t side) const;
  std::optional<std::array<std::vector<DataType>, 2>> sides_;
  std::vector<Noted> noted_;
  EmitQueue queue_;
};

}  // namespace penstock
