// COUNT of several arguments, which counts the rows where none is NULL, and the exact form of
// APPROX_COUNT_DISTINCT, for rows that may be taken back: it counts every value in a view.
#include "data/key_codec.h"
#include "expr/aggregates/register.h"
#include "expr/aggregates/view_kernel.h"

namespace penstock {

namespace {

int64_t ReadInline(const uint8_t* state) {
  int64_t count = 0;
  std::memcpy(&count, state, sizeof(count));
  return count;
}

class CountRows : public ViewKernel {
 public:
  CountRows() : ViewKernel(sizeof(int64_t), 0) {}
  Status Apply(const AggregateInput& in, int64_t row, uint8_t* state) override {
    for (const ColumnPtr& arg : in.args) {
      if (arg->IsNull(row)) return Status::Ok();
    }
    int64_t count = ReadInline(state) + in.signs[static_cast<size_t>(row)];
    std::memcpy(state, &count, sizeof(count));
    return Status::Ok();
  }
  Status Write(const uint8_t* state, std::string_view, ColumnBuilder* out) const override {
    out->Append(ReadInline(state));
    return Status::Ok();
  }
  bool mergeable() const override { return true; }
  void Merge(uint8_t* into, const uint8_t* from) const override {
    int64_t count = ReadInline(into) + ReadInline(from);
    std::memcpy(into, &count, sizeof(count));
  }
};

// Inline: the number of values that are there.
class CountDistinct : public ViewKernel {
 public:
  explicit CountDistinct(const DataType& type) : ViewKernel(sizeof(int64_t)), codec_({type}) {}
  Status Apply(const AggregateInput& in, int64_t row, uint8_t* state) override {
    if (in.args[0]->IsNull(row)) return Status::Ok();
    auto i = static_cast<size_t>(row);
    scratch_.clear();
    codec_.EncodeRow(std::span(in.args.data(), 1), row, &scratch_);
    Add({state, in.groups[i], scratch_}, in.signs[i]);
    return Status::Ok();
  }
  bool has_partials() const override { return true; }
  Status Write(const uint8_t* state, std::string_view, ColumnBuilder* out) const override {
    out->Append(ReadInline(state));
    return Status::Ok();
  }

 protected:
  Status MergeEntry(size_t, const EntryPlace& at, std::string_view count) override {
    Add(at, CountOf(count));
    return Status::Ok();
  }

 private:
  void Add(const EntryPlace& at, int64_t delta) {
    int64_t occurrences = AddToCount(view(0), at.group, at.element, delta);
    int64_t before = occurrences - delta;
    int64_t count = ReadInline(at.state) + (occurrences > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
    std::memcpy(at.state, &count, sizeof(count));
  }
  KeyCodec codec_;
  std::string scratch_;
};

}  // namespace

std::unique_ptr<AggregateKernel> MakeCountOfRows() { return std::make_unique<CountRows>(); }

std::unique_ptr<AggregateKernel> MakeCountOfValues(const DataType& type) {
  return std::make_unique<CountDistinct>(type);
}

}  // namespace penstock
