// Drives one operator directly in unit tests: feeds changes and watermarks in batches of any size, collects
// what leaves as text, and carries the operator's state over a restart.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "operators/rank/rank_rows.h"

namespace penstock {

class OperatorDriver {
 public:
  using Make = std::function<std::unique_ptr<Operator>()>;
  OperatorDriver(std::vector<DataType> types, Make make, size_t batch_rows = 1000)
      : types_(std::move(types)), make_(std::move(make)), batch_rows_(batch_rows) {
    eval_.now_micros = [this] { return clock_.NowMicros(); };
    Open({}, {});
  }

  // One change, such as {1, "a"}; numbers are BIGINT.
  OperatorDriver& Row(RowKind kind, const std::vector<Value>& row) {
    for (size_t i = 0; i < row.size(); ++i) builders_[i].AppendValue(row[i]);
    kinds_.push_back(kind);
    if (kinds_.size() >= batch_rows_) Send();
    return *this;
  }
  OperatorDriver& Watermark(int64_t millis) {
    marks_.push_back({static_cast<int32_t>(kinds_.size()), MarkKind::kWatermark, millis});
    return *this;
  }
  // What left since the last call.
  std::vector<std::string> Take() {
    Send();
    return std::exchange(sink_.rows, {});
  }
  // What left through another lane since the last call.
  std::vector<std::string> TakeLane(int lane) {
    Send();
    return std::exchange(sink_.lanes[lane], {});
  }
  // Moves the clock and calls the operator where it asked for that.
  OperatorDriver& Advance(int64_t millis) {
    Send();
    clock_.AdvanceMicros(millis * 1000);
    int64_t now = clock_.MonotonicMillis();
    bool due = op_->NextProcessingTime() <= now;
    EXPECT_TRUE(!due || static_cast<bool>(op_->OnProcessingTime(now, sink_)));
    return *this;
  }
  // Saves the state and goes on with a new operator that starts from it.
  void Restart() {
    Send();
    ByteWriter keyed;
    ASSERT_TRUE(backend_->Snapshot(keyed).ok());
    std::vector<std::string> lists;
    ASSERT_TRUE(op_->SnapshotState(&lists).ok());
    Open(keyed.Take(), lists);
  }
  int64_t late_rows() const { return metrics_.late_rows; }
  ManualClock& clock() { return clock_; }

 private:
  struct Sink : Output {
    std::vector<std::string> rows;
    std::map<int, std::vector<std::string>> lanes;
    void Emit(int lane, Batch batch) override {
      for (int64_t r = 0; r < batch.rows; ++r) {
        std::string text = RowKindText(batch.kind(r));
        for (const ColumnPtr& column : batch.columns) {
          Value value = column->ValueAt(r);
          text += " " + (value.is_null()                         ? "null"
                         : column->physical() == Physical::kBool ? std::to_string(value.as_bool())
                         : value.is_int()                        ? std::to_string(value.as_int())
                                                                 : value.as_string());
        }
        (lane == kMainLane ? rows : lanes[lane]).push_back(text);
      }
    }
    bool full() const override { return false; }
  };

  void Open(const std::string& keyed, const std::vector<std::string>& lists) {
    builders_ = MakeBuilders(types_);
    op_ = make_();
    backend_ = MakeHashBackend({}, &clock_);
    if (!keyed.empty()) {
      ASSERT_TRUE(backend_->Restore(keyed).ok());
      ASSERT_TRUE(op_->RestoreState(lists).ok());
    }
    context_.clock = &clock_;
    context_.eval = &eval_;
    context_.state = backend_.get();
    context_.metrics = &metrics_;
    ASSERT_TRUE(op_->Open(&context_).ok());
  }
  void Send() {
    Batch batch(static_cast<int64_t>(kinds_.size()), FinishBuilders(builders_));
    batch.kinds = std::make_shared<std::vector<RowKind>>(std::exchange(kinds_, {}));
    batch.marks = std::exchange(marks_, {});
    if (batch.empty()) return;
    ASSERT_TRUE(static_cast<bool>(op_->Process(0, batch, sink_)));
  }

  std::vector<DataType> types_;
  Make make_;
  size_t batch_rows_;
  ManualClock clock_{1'000'000'000};
  EvalContext eval_;
  OperatorMetrics metrics_;
  OperatorContext context_;
  std::unique_ptr<StateBackend> backend_;
  std::unique_ptr<Operator> op_;
  std::vector<ColumnBuilder> builders_;
  std::vector<RowKind> kinds_;
  std::vector<Mark> marks_;
  Sink sink_;
};

}  // namespace penstock
