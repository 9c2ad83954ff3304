// HotKeyWatch: stands in front of the exchange of an operator whose hot keys are to have a subtask of their
// own (docs/design/hot-keys.md), counts the keys of some of the rows that pass, and keeps the counts in
// checkpoints: those who restore one choose by them. Rows go on as they are. Runs in the task before the
// exchange.
#pragma once

#include "data/key_codec.h"
#include "operators/hotkeys/heavy_hitters.h"
#include "stream/dedicated_keys.h"

namespace penstock {

struct HotKeyWatchSpec {
  std::vector<int> keys;
  std::vector<DataType> types;
  int64_t fewest = 4096;  // rows to be looked at before a key may be hot
  std::string Serialize() const;
  static Result<HotKeyWatchSpec> Parse(std::string_view bytes);
};

class HotKeyWatch : public Operator {
 public:
  explicit HotKeyWatch(HotKeyWatchSpec spec) : spec_(std::move(spec)), codec_(spec_.types) {}
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  // One list: WatchedKeys. Restored, subtask 0 goes on from what all of them saw.
  Status SnapshotState(std::vector<std::string>* lists) override;
  Status RestoreState(const std::vector<std::string>& lists) override;

 private:
  void Look(const Batch& batch);
  WatchedKeys Seen() const;

  HotKeyWatchSpec spec_;
  KeyCodec codec_;
  HeavyHitters hitters_;
  WatchedKeys restored_;
  std::shared_ptr<WatchFindings> findings_;
  int64_t looked_ = 0, told_at_ = 0;
  int64_t next_row_ = 0;  // to be looked at, from the first of the next batch
  uint64_t steps_ = 1;    // random numbers: rows may repeat in any period
  std::string scratch_;
};

}  // namespace penstock
