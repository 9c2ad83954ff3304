// APPROX_TOP_K(value, k [, capacity]): the k most frequent values with their counts, most frequent first.
// The Misra-Gries summary with batched decrements (Anderson et al., "A High-Performance Algorithm for
// Identifying Frequent Items in Data Streams", 2017): view 0 counts up to `capacity` values; when they are
// more, the median count is subtracted from all and those at zero go. Counts are told with what was
// subtracted added back: never too small, too large by at most 2 / capacity of all rows. Inline: the number
// of values and the sum of what was subtracted.
#include <algorithm>

#include "data/key_codec.h"
#include "expr/aggregates/register.h"
#include "expr/aggregates/sketch_arguments.h"
#include "expr/aggregates/view_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

constexpr const char* kName = "APPROX_TOP_K";
constexpr double kMaxCapacity = 65536;

int64_t DefaultCapacity(int64_t k) { return std::max<int64_t>(256, 8 * k); }

struct Summary {
  int64_t values;      // entries of the view
  int64_t subtracted;  // from every value that ever was there
};

class ApproximateTopK : public ViewKernel {
 public:
  ApproximateTopK(const DataType& type, int64_t k, int64_t capacity)
      : ViewKernel(sizeof(Summary)), codec_({type}), k_(static_cast<size_t>(k)), capacity_(capacity) {}

  Status Apply(const AggregateInput& in, int64_t row, uint8_t* state) override {
    if (in.args[0]->IsNull(row)) return Status::Ok();
    scratch_.clear();
    codec_.EncodeRow(std::span(in.args.data(), 1), row, &scratch_);
    Add({state, in.groups[static_cast<size_t>(row)], scratch_}, 1);
    return Status::Ok();
  }

  Status Write(const uint8_t* state, std::string_view group, ColumnBuilder* out) const override {
    const auto& summary = *reinterpret_cast<const Summary*>(state);
    std::vector<Counted> found = Entries(group);
    if (found.empty()) {
      out->AppendNull();
      return Status::Ok();
    }
    size_t shown = std::min(k_, found.size());
    auto more_frequent = [](const Counted& a, const Counted& b) {
      return a.count != b.count ? a.count > b.count : a.element < b.element;
    };
    std::partial_sort(found.begin(), found.begin() + static_cast<int64_t>(shown), found.end(), more_frequent);
    ColumnBuilder& rows = out->child(0);
    for (size_t i = 0; i < shown; ++i) {
      codec_.Decode(found[i].element, std::span(&rows.child(0), 1));
      rows.child(1).Append(found[i].count + summary.subtracted);
      rows.CloseRow();
    }
    out->CloseList();
    return Status::Ok();
  }
  bool has_partials() const override { return true; }

 protected:
  void MergeInline(uint8_t* into, const uint8_t* from) override {
    reinterpret_cast<Summary*>(into)->subtracted += reinterpret_cast<const Summary*>(from)->subtracted;
  }
  Status MergeEntry(size_t, const EntryPlace& at, std::string_view count) override {
    Add(at, CountOf(count));
    return Status::Ok();
  }

 private:
  struct Counted {
    std::string element;
    int64_t count;
  };
  std::vector<Counted> Entries(std::string_view group) const {
    std::vector<Counted> entries;
    view(0)->ForEach(group, [&](std::string_view element, std::string_view count) {
      entries.push_back({std::string(element), CountOf(count)});
      return true;
    });
    return entries;
  }
  void Add(const EntryPlace& at, int64_t delta) {
    auto& summary = *reinterpret_cast<Summary*>(at.state);
    if (AddToCount(view(0), at.group, at.element, delta) == delta) ++summary.values;
    if (summary.values > capacity_) Shrink(&summary, at.group);
  }
  void Shrink(Summary* summary, std::string_view group) {
    std::vector<Counted> entries = Entries(group);
    auto middle = entries.begin() + static_cast<int64_t>(entries.size() / 2);
    std::nth_element(entries.begin(), middle, entries.end(),
                     [](const Counted& a, const Counted& b) { return a.count < b.count; });
    int64_t median = middle->count;
    summary->subtracted += median;
    summary->values = 0;
    for (const Counted& entry : entries) {
      int64_t left = std::min(entry.count, median);
      if (AddToCount(view(0), group, entry.element, -left) > 0) ++summary->values;
    }
  }
  KeyCodec codec_;
  size_t k_;
  int64_t capacity_;
  std::string scratch_;
};

Result<Signature> Resolve(std::span<const ArgInfo> args) {
  constexpr const char* kExpected = "value <comparable>, k <INTEGER literal>[, capacity <INTEGER literal>]";
  bool fits = args.size() >= 2 && args.size() <= 3 && !args[0].type.is_collection() &&
              !args[0].type.is(TypeKind::kRow) && !args[0].type.is(TypeKind::kVariant) &&
              !args[0].type.is(TypeKind::kBitmap) && !args[0].type.is(TypeKind::kNull);
  Signature signature;
  for (size_t i = 1; fits && i < args.size(); ++i) {
    std::optional<double> number = LiteralNumber(args[i]);
    fits = args[i].type.is_integer() && number && *number >= 1 && *number <= kMaxCapacity;
    if (fits && i == 2) fits = *number >= *LiteralNumber(args[1]);
  }
  if (!fits) return BadArguments(kName, kExpected);
  for (const ArgInfo& arg : args) signature.args.push_back(arg.type);
  DataType item = args[0].type.WithTimeAttribute(TimeAttribute::kNone).NotNull();
  DataType row = DataType::Row({{"item", item}, {"count", DataType::BigInt().NotNull()}}).NotNull();
  signature.result = DataType::Array(row);
  return signature;
}

}  // namespace

void RegisterApproximateTopK(AggregateRegistry* registry) {
  registry->Add(kName, Resolve, [](const AggregateSite& site) -> Result<std::unique_ptr<AggregateKernel>> {
    if (site.retracts) return CannotRetract(kName, "rank the rows of GROUP BY value with ROW_NUMBER()");
    auto k = static_cast<int64_t>(*ConstantNumber(site, 1));
    auto capacity = ConstantNumber(site, 2);
    return std::unique_ptr<AggregateKernel>(new ApproximateTopK(
        site.args[0], k, capacity ? static_cast<int64_t>(*capacity) : DefaultCapacity(k)));
  });
}

}  // namespace penstock
