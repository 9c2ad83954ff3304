// WatermarkAssigner: makes watermarks out of rows, step 4 of a record's way. On-event emission puts a mark
// behind every row that moves the watermark; periodic emission (Flink's) behind rows that move it by more
// than the interval, and by wall clock; per split (Flink's sources that take the watermark in) by wall clock
// alone. The rows of several splits are merged by split_watermarks.h. Watermarks never go back.
//
// Rows that must not move the watermark leave through the bad lane instead, counted, with the reason as a
// STRING behind their columns: rows without a time (where no lane is asked for they fail the job, as in
// Flink), and rows whose time lies further ahead of the clock than a guard allows. The clock is the measure
// because it does not depend on the rows: measured by the watermark, a gap in the data would shut out
// everything behind it.
//
// How far rows come behind the newest one goes into a sketch (stream/delay_sketch.h), for the advice on the
// delay at the end of a run. The distance of two rows is that of their watermarks.
#pragma once

#include <optional>

#include "expr/evaluator.h"
#include "operators/split_watermarks.h"
#include "stream/delay_sketch.h"
#include "stream/operator.h"

namespace penstock {

struct WatermarkAssignerSpec {
  int column = -1;  // the rowtime
  ExprPtr expr;     // null: SOURCE_WATERMARK(), no watermark before the end
  bool on_event = true;
  bool per_split = false;  // emits by wall clock alone, and starts without a watermark
  int64_t interval_ms = 200;
  int64_t idle_ms = 0;          // 0: never idle
  int64_t max_future_ms = -1;   // how far ahead of the clock a row may be; -1: any
  bool quarantine = false;      // rows without a time do not fail the job
  std::vector<DataType> types;  // of the rows
  std::string Serialize() const;
  static Result<WatermarkAssignerSpec> Parse(std::string_view bytes);
};

class WatermarkAssigner : public Operator {
 public:
  explicit WatermarkAssigner(WatermarkAssignerSpec spec) : spec_(std::move(spec)) {}
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  int64_t NextProcessingTime() const override;
  Result<Progress> OnProcessingTime(int64_t now, Output& out) override;
  // The watermark that was sent; comes back only after a failure, not from a savepoint (as in Flink).
  Status SnapshotState(std::vector<std::string>* lists) override;
  Status RestoreState(const std::vector<std::string>& lists) override;

 private:
  int64_t RestoredWatermark() const;
  // Takes the rows out of the batch that are not let through, and emits them.
  Status Screen(Batch* batch, Output& out);
  Status AddMarks(const Batch& batch, std::vector<Mark>* marks);
  void AddIdleness(int32_t offset, std::vector<Mark>* marks);
  WatermarkAssignerSpec spec_;
  std::optional<Evaluator> evaluator_;
  SplitWatermarks splits_{0};  // what the rows give
  std::shared_ptr<DelaySketch> delays_;
  int64_t emitted_ = kNoWatermark;  // what was sent
  int64_t next_tick_ms_ = INT64_MAX;
  struct Saved {
    int subtask, parallelism;
    int64_t watermark;
  };
  std::vector<Saved> saved_;        // by the subtasks before the restore
  bool announce_restored_ = false;  // the first batch is preceded by the restored watermark
  bool idle_ = false;               // what was sent
  bool ended_ = false;
};

}  // namespace penstock
