// Constant rows.
#include "operators/values_source.h"

#include "data/row_codec.h"
#include "expr/evaluator.h"

namespace penstock {

std::string ValuesSourceSpec::Serialize() const {
  ByteWriter out;
  out.Varint(types.size());
  for (const DataType& type : types) type.Write(out);
  out.Varint(rows.size());
  for (const auto& row : rows) {
    out.Bool(true);  // a row takes at least a byte, also without columns
    for (const ExprPtr& expr : row) expr->Write(out);
  }
  return out.Take();
}

Result<ValuesSourceSpec> ValuesSourceSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  ValuesSourceSpec spec;
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    ASSIGN_OR_RETURN(DataType type, DataType::Read(in));
    spec.types.push_back(std::move(type));
  }
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    in.Bool();
    std::vector<ExprPtr> row;
    for (size_t c = 0; c < spec.types.size(); ++c) {
      ASSIGN_OR_RETURN(ExprPtr expr, Expr::Read(in));
      row.push_back(std::move(expr));
    }
    spec.rows.push_back(std::move(row));
  }
  return spec;
}

namespace {

class Reader : public SplitReader {
 public:
  Reader(const ValuesSourceSpec* spec, SourceContext context) : spec_(spec), context_(std::move(context)) {}

  Status AddSplits(std::vector<SourceSplit> splits) override {
    for (const SourceSplit& split : splits) {
      active_ = true;
      ByteReader in(split.position);
      if (!split.position.empty()) next_ = in.Varint();
    }
    return Status::Ok();
  }

  Result<PollResult> Poll(int64_t max_rows) override {
    PollResult result;
    result.state = PollState::kEnd;
    if (!active_ || next_ >= spec_->rows.size()) return result;
    std::vector<ColumnBuilder> builders = MakeBuilders(spec_->types);
    for (; next_ < spec_->rows.size() && result.batch.rows < max_rows; ++next_, ++result.batch.rows) {
      for (size_t c = 0; c < builders.size(); ++c) {
        ASSIGN_OR_RETURN(Value value, EvaluateConstant(spec_->rows[next_][c], *context_.eval));
        builders[c].AppendValue(value);
      }
    }
    result.batch.columns = FinishBuilders(builders);
    result.state = PollState::kRows;
    return result;
  }

  std::vector<SourceSplit> Snapshot() const override {
    if (!active_) return {};
    ByteWriter position;
    position.Varint(next_);
    return {{"values", position.Take()}};
  }

 private:
  const ValuesSourceSpec* spec_;
  SourceContext context_;
  bool active_ = false;
  uint64_t next_ = 0;
};

class Enumerator : public SplitEnumerator {
 public:
  Result<std::vector<SourceSplit>> Discover() override { return std::vector<SourceSplit>{{"values", ""}}; }
};

class ValuesSource : public Source {
 public:
  explicit ValuesSource(ValuesSourceSpec spec) : spec_(std::move(spec)) {}
  Result<std::unique_ptr<SplitEnumerator>> MakeEnumerator(const SourceContext&) override {
    return std::unique_ptr<SplitEnumerator>(new Enumerator());
  }
  Result<std::unique_ptr<SplitReader>> MakeReader(const SourceContext& context) override {
    return std::unique_ptr<SplitReader>(new Reader(&spec_, context));
  }

 private:
  ValuesSourceSpec spec_;
};

}  // namespace

Result<std::unique_ptr<Source>> MakeValuesSource(std::string_view bytes) {
  ASSIGN_OR_RETURN(ValuesSourceSpec spec, ValuesSourceSpec::Parse(bytes));
  return std::unique_ptr<Source>(new ValuesSource(std::move(spec)));
}

}  // namespace penstock
