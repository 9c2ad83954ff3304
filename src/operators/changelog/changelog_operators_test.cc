// ChangelogNormalize, SinkMaterializer and SetOperation, change by change.
#include <gtest/gtest.h>

#include "operators/changelog/changelog_normalize.h"
#include "operators/changelog/set_operation.h"
#include "operators/changelog/sink_materializer.h"

namespace penstock {
namespace {

// Feeds rows of two BIGINT columns, and writes down what comes out.
class Probe : public Output {
 public:
  explicit Probe(std::unique_ptr<Operator> op) : operator_(std::move(op)) {
    state_ = MakeHashBackend(KeyGroupRange(), &clock_);
    context_.clock = &clock_;
    context_.eval = &eval_;
    context_.state = state_.get();
    context_.metrics = &metrics_;
    EXPECT_TRUE(operator_->Open(&context_).ok());
  }
  std::string Feed(RowKind kind, int64_t a, int64_t b, int input = 0) {
    ColumnBuilder left(DataType::BigInt()), right(DataType::BigInt());
    left.Append(a);
    right.Append(b);
    Batch batch(1, {left.Finish(), right.Finish()});
    batch.kinds = std::make_shared<const std::vector<RowKind>>(1, kind);
    return Run(input, batch);
  }
  std::string Watermark(int64_t millis) {
    Batch batch = Batch::OfMark({0, MarkKind::kWatermark, millis}, {DataType::BigInt(), DataType::BigInt()});
    return Run(0, batch);
  }
  void Emit(int, Batch batch) override {
    for (int64_t row = 0; row < batch.rows; ++row) {
      ValueRow values = batch.RowAt(row);
      text_ += std::string(text_.empty() ? "" : " ") + RowKindText(batch.kind(row)) + "[" +
               std::to_string(values[0].as_int()) + "," + std::to_string(values[1].as_int()) + "]";
    }
  }
  bool full() const override { return false; }

 private:
  std::string Run(int input, const Batch& batch) {
    text_.clear();
    Result<Progress> progress = operator_->Process(input, batch, *this);
    return progress ? text_ : "error";
  }

  ManualClock clock_{0};
  EvalContext eval_;
  OperatorMetrics metrics_;
  OperatorContext context_;
  std::unique_ptr<StateBackend> state_;
  std::unique_ptr<Operator> operator_;
  std::string text_;
};

const std::vector<DataType> kTypes = {DataType::BigInt(), DataType::BigInt()};
constexpr RowKind kAdd = RowKind::kInsert, kUpdate = RowKind::kUpdateAfter, kDelete = RowKind::kDelete;

TEST(ChangelogNormalize, BringsBackTheOldRow) {
  ChangelogNormalizeSpec spec;
  spec.keys = {0};
  spec.types = kTypes;
  Probe probe(std::make_unique<ChangelogNormalize>(spec));
  EXPECT_EQ(probe.Feed(kUpdate, 1, 10), "+I[1,10]");
  EXPECT_EQ(probe.Feed(kAdd, 1, 10), "");
  EXPECT_EQ(probe.Feed(kAdd, 1, 20), "-U[1,10] +U[1,20]");
  EXPECT_EQ(probe.Feed(kDelete, 1, 0), "-D[1,20]");
  EXPECT_EQ(probe.Feed(kDelete, 1, 0), "");
}

std::unique_ptr<Operator> Materializer(ConflictAction action, std::vector<int> upsert_key = {}) {
  SinkMaterializerSpec spec;
  spec.primary_key = {0};
  spec.upsert_key = std::move(upsert_key);
  spec.types = kTypes;
  spec.names = {"a", "b"};
  spec.action = action;
  spec.watermarks = true;
  return std::make_unique<SinkMaterializer>(spec);
}

TEST(SinkMaterializer, TakingTheLastRowBackShowsTheOneBefore) {
  Probe probe(Materializer(ConflictAction::kDeduplicate));
  EXPECT_EQ(probe.Feed(kAdd, 1, 10), "+I[1,10]");
  EXPECT_EQ(probe.Feed(kAdd, 1, 20), "+U[1,20]");
  EXPECT_EQ(probe.Feed(kDelete, 1, 20), "+U[1,10]");
  EXPECT_EQ(probe.Feed(kDelete, 1, 10), "-D[1,10]");
}

TEST(SinkMaterializer, NothingKeepsTheFirstRowAndErrorFails) {
  Probe nothing(Materializer(ConflictAction::kNothing));
  EXPECT_EQ(nothing.Feed(kAdd, 1, 10), "");
  EXPECT_EQ(nothing.Feed(kAdd, 1, 20), "");
  EXPECT_EQ(nothing.Watermark(5), "+I[1,10]");
  Probe error(Materializer(ConflictAction::kError));
  error.Feed(kAdd, 1, 10);
  error.Feed(kAdd, 1, 20);
  EXPECT_EQ(error.Watermark(5), "error");
}

TEST(SinkMaterializer, ChangesThatOvertookEachOtherCancelOut) {
  Probe probe(Materializer(ConflictAction::kError));
  probe.Feed(kAdd, 1, 10);
  EXPECT_EQ(probe.Watermark(5), "+I[1,10]");
  probe.Feed(kAdd, 1, 20);
  probe.Feed(kDelete, 1, 10);
  EXPECT_EQ(probe.Watermark(6), "+U[1,20]");
}

TEST(SetOperation, ExceptAllCountsBothSides) {
  Probe probe(std::make_unique<SetOperation>(SetOperationSpec{kTypes, false, true, 0}));
  EXPECT_EQ(probe.Feed(kAdd, 1, 1), "+I[1,1]");
  EXPECT_EQ(probe.Feed(kAdd, 1, 1), "+I[1,1]");
  EXPECT_EQ(probe.Feed(kAdd, 1, 1, 1), "-D[1,1]");
  EXPECT_EQ(probe.Feed(kDelete, 1, 1, 1), "+I[1,1]");
}

}  // namespace
}  // namespace penstock
