// BITMAP_BUILD_AGG, BITMAP_AND_AGG, BITMAP_OR_AGG, BITMAP_XOR_AGG and their .._CARDINALITY_AGG forms.
// Insert-only input keeps one bitmap; with retractions every member is counted, and so are the bitmaps.
#include "expr/aggregates/register.h"
#include "expr/aggregates/view_kernel.h"
#include "expr/bitmap.h"
#include "expr/signature.h"

namespace penstock {

namespace {

enum class BitmapAggregate { kBuild, kAnd, kOr, kXor };

// The members that a row brings.
BitmapMembers MembersAt(const Column& column, int64_t row) {
  if (column.physical() == Physical::kInt32) return {static_cast<uint32_t>(column.At<int32_t>(row))};
  return DecodeBitmap(column.StringAt(row));
}

void WriteBitmap(std::string_view stored, bool cardinality, ColumnBuilder* out) {
  if (cardinality) {
    out->Append(BitmapSize(stored));
  } else {
    out->AppendString(stored);
  }
}

class CombinedBitmap : public ViewKernel {
 public:
  CombinedBitmap(BitmapAggregate kind, bool cardinality) : kind_(kind), cardinality_(cardinality) {}
  Status Apply(const AggregateInput& in, int64_t row, uint8_t*) override {
    if (in.args[0]->IsNull(row)) return Status::Ok();
    std::string_view group = in.groups[static_cast<size_t>(row)];
    std::string added = EncodeBitmap(MembersAt(*in.args[0], row));
    if (std::optional<std::string_view> stored = view(0)->Get(group, {}))
      added = CombineBitmaps(Operation(), *stored, added);
    view(0)->Put(group, {}, added);
    return Status::Ok();
  }
  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    if (std::optional<std::string_view> stored = view(0)->Get(group, {})) {
      WriteBitmap(*stored, cardinality_, out);
    } else {
      out->AppendNull();
    }
    return Status::Ok();
  }

 private:
  BitmapOp Operation() const {
    if (kind_ == BitmapAggregate::kAnd) return BitmapOp::kAnd;
    return kind_ == BitmapAggregate::kXor ? BitmapOp::kXor : BitmapOp::kOr;
  }
  BitmapAggregate kind_;
  bool cardinality_;
};

class CountedMembers : public ViewKernel {
 public:
  CountedMembers(BitmapAggregate kind, bool cardinality)
      : ViewKernel(sizeof(int64_t)), kind_(kind), cardinality_(cardinality) {}
  Status Apply(const AggregateInput& in, int64_t row, uint8_t* state) override {
    if (in.args[0]->IsNull(row)) return Status::Ok();
    auto i = static_cast<size_t>(row);
    int64_t total = 0;
    std::memcpy(&total, state, sizeof(total));
    total += in.signs[i];
    std::memcpy(state, &total, sizeof(total));
    for (uint32_t member : MembersAt(*in.args[0], row)) {
      char element[] = {static_cast<char>(member >> 24), static_cast<char>(member >> 16),
                        static_cast<char>(member >> 8), static_cast<char>(member)};
      AddToCount(view(0), in.groups[i], {element, sizeof(element)}, in.signs[i]);
    }
    return Status::Ok();
  }
  Status Write(const uint8_t* state, std::string_view group, ColumnBuilder* out) const override {
    int64_t total = 0;
    std::memcpy(&total, state, sizeof(total));
    BitmapMembers members;
    view(0)->ForEach(group, [&](std::string_view element, std::string_view count) {
      if (Belongs(CountOf(count), total)) {
        uint32_t member = 0;
        for (char c : element) member = member << 8 | static_cast<uint8_t>(c);
        members.push_back(member);
      }
      return true;
    });
    bool null = kind_ == BitmapAggregate::kBuild ? members.empty() : total <= 0;
    if (null) {
      out->AppendNull();
    } else {
      WriteBitmap(EncodeBitmap(members), cardinality_, out);
    }
    return Status::Ok();
  }

 private:
  bool Belongs(int64_t count, int64_t total) const {
    if (kind_ == BitmapAggregate::kAnd) return count == total;
    return kind_ == BitmapAggregate::kXor ? count % 2 != 0 : count > 0;
  }
  BitmapAggregate kind_;
  bool cardinality_;
};

void Add(AggregateRegistry* registry, const std::string& name, BitmapAggregate kind, bool cardinality) {
  Family argument = kind == BitmapAggregate::kBuild ? Family::kInt : Family::kBitmap;
  DataType result = cardinality ? DataType::BigInt() : DataType::Bitmap();
  registry->Add(name, Fixed(name, {argument}, result, Nullability::kAlways),
                [kind, cardinality](const AggregateSite& site) -> Result<std::unique_ptr<AggregateKernel>> {
                  if (site.retracts)
                    return std::unique_ptr<AggregateKernel>(new CountedMembers(kind, cardinality));
                  return std::unique_ptr<AggregateKernel>(new CombinedBitmap(kind, cardinality));
                });
}

}  // namespace

void RegisterBitmapAggregates(AggregateRegistry* registry) {
  const std::pair<const char*, BitmapAggregate> kinds[] = {{"BUILD", BitmapAggregate::kBuild},
                                                           {"AND", BitmapAggregate::kAnd},
                                                           {"OR", BitmapAggregate::kOr},
                                                           {"XOR", BitmapAggregate::kXor}};
  for (const auto& [word, kind] : kinds) {
    Add(registry, std::string("BITMAP_") + word + "_AGG", kind, false);
    Add(registry, std::string("BITMAP_") + word + "_CARDINALITY_AGG", kind, true);
  }
}

}  // namespace penstock
