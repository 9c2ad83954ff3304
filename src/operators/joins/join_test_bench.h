// Bench: drives an operator over inputs of BIGINT columns in tests: feeds changes and watermarks, saves and
// restores its state, and tells what it emitted as text.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/row_codec.h"
#include "state/state_backend.h"
#include "stream/operator.h"

namespace penstock::testing_bench {

struct Change {
  RowKind kind = RowKind::kInsert;
  std::vector<std::optional<int64_t>> values;
};

class Bench : public Output {
 public:
  explicit Bench(std::function<std::unique_ptr<Operator>()> make) : make_(std::move(make)) { Start("", {}); }

  void Feed(int input, const std::vector<Change>& changes) { Process(input, MakeBatch(changes)); }
  void Watermark(int input, int64_t millis) {
    Batch batch;
    batch.marks.push_back({0, MarkKind::kWatermark, millis});
    Process(input, batch);
  }
  void SaveAndRestore() {
    ByteWriter bytes;
    ASSERT_TRUE(state_->Snapshot(bytes).ok());
    std::vector<std::string> lists;
    ASSERT_TRUE(operator_->SnapshotState(&lists).ok());
    Start(bytes.Take(), lists);
  }
  // "+I[1, null] -D[..]" and "W(5)" for watermarks where asked for.
  std::string TakeText(bool watermarks = false) {
    std::string text;
    for (const auto& [line, watermark] : emitted_) {
      if (watermark && !watermarks) continue;
      text += (text.empty() ? "" : " ") + line;
    }
    emitted_.clear();
    return text;
  }
  OperatorMetrics& metrics() { return metrics_; }
  ManualClock& clock() { return clock_; }

  void Emit(int lane, Batch batch) override {
    if (lane != kMainLane) return;
    size_t mark = 0;
    for (int64_t row = 0; row <= batch.rows; ++row) {
      for (; mark < batch.marks.size() && batch.marks[mark].offset <= row; ++mark)
        emitted_.emplace_back("W(" + std::to_string(batch.marks[mark].watermark) + ")", true);
      if (row == batch.rows) break;
      std::string line = std::string(RowKindText(batch.kind(row))) + "[";
      for (const Value& value : batch.RowAt(row)) {
        if (line.back() != '[') line += ", ";
        line += value.is_null() ? "null" : std::to_string(value.as_int());
      }
      emitted_.emplace_back(line + "]", false);
    }
  }
  bool full() const override { return false; }

 private:
  void Start(const std::string& snapshot, const std::vector<std::string>& lists) {
    state_ = MakeHashBackend(KeyGroupRange(), &clock_);
    bool restored = snapshot.empty() || state_->Restore(snapshot).ok();
    ASSERT_TRUE(restored);
    operator_ = make_();
    context_.clock = &clock_;
    context_.eval = &eval_;
    context_.state = state_.get();
    context_.metrics = &metrics_;
    ASSERT_TRUE(operator_->RestoreState(lists).ok());
    ASSERT_TRUE(operator_->Open(&context_).ok());
  }
  static Batch MakeBatch(const std::vector<Change>& changes) {
    std::vector<DataType> types(changes[0].values.size(), DataType::BigInt());
    std::vector<ColumnBuilder> builders = MakeBuilders(types);
    auto kinds = std::make_shared<std::vector<RowKind>>();
    for (const Change& change : changes) {
      kinds->push_back(change.kind);
      for (size_t i = 0; i < builders.size(); ++i)
        builders[i].AppendValue(change.values[i] ? Value::Int(*change.values[i]) : Value::Null());
    }
    Batch batch(static_cast<int64_t>(changes.size()), FinishBuilders(builders));
    batch.kinds = kinds;
    return batch;
  }
  void Process(int input, const Batch& batch) {
    Result<Progress> progress = operator_->Process(input, batch, *this);
    ASSERT_TRUE(progress.has_value()) << progress.error().ToString();
  }

  std::function<std::unique_ptr<Operator>()> make_;
  ManualClock clock_{0};
  EvalContext eval_;
  OperatorMetrics metrics_;
  OperatorContext context_;
  std::unique_ptr<StateBackend> state_;
  std::unique_ptr<Operator> operator_;
  std::vector<std::pair<std::string, bool>> emitted_;
};

}  // namespace penstock::testing_bench
