// SplitWatermarks: one watermark generator per split of a source, merged by minimum over the splits that are
// open and not idle. Rows that name no split share the generator -1. A reader without any split is idle. The
// merged watermark never goes back. Single-threaded; times are monotonic milliseconds.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "data/batch.h"

namespace penstock {

class SplitWatermarks {
 public:
  explicit SplitWatermarks(int64_t idle_ms) : idle_ms_(idle_ms) {}

  // Every split has this watermark at least.
  void StartAt(int64_t watermark) { floor_ = merged_ = watermark; }
  // Exactly these splits are open from now on; those not known yet start without a watermark.
  void SetOpen(const std::vector<int32_t>& splits, int64_t now);
  // A row of `split` gave this watermark.
  void Advance(int32_t split, int64_t watermark);
  // Rows of `split` were seen at `now`: it is not idle.
  void Touch(int32_t split, int64_t now);
  // Marks splits idle that were silent for the idle timeout.
  void CheckIdle(int64_t now);

  int64_t merged() const { return merged_; }
  bool idle() const { return idle_; }

 private:
  struct Generator {
    int64_t watermark = kNoWatermark;
    int64_t last_row_ms = 0;
    bool idle = false;
  };
  void Merge();

  int64_t idle_ms_;  // 0: never idle
  int64_t floor_ = kNoWatermark;
  int64_t merged_ = kNoWatermark;
  bool idle_ = false;
  std::map<int32_t, Generator> generators_;
};

}  // namespace penstock
