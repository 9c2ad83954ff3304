// AggregateSet: the aggregates of one GROUP BY bound together: where each keeps its bytes in a group's state,
// which rows each of them sees (FILTER, DISTINCT), and the views they share. Used by the aggregating
// operators on their thread.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/key_codec.h"
#include "data/row_codec.h"
#include "expr/aggregate.h"
#include "operators/aggregation/shared_distinct.h"
#include "state/state_backend.h"
#include "stream/operator.h"

namespace penstock {

// An AggregateView over a MapState in a namespace that the operator sets before it calls.
class StateView : public AggregateView {
 public:
  explicit StateView(MapState* state) : state_(state) {}
  void set_namespace(int64_t name_space) { namespace_ = name_space; }
  std::optional<std::string_view> Get(std::string_view group, std::string_view element) override {
    return state_->Get(namespace_, Key(group), element);
  }
  void Put(std::string_view group, std::string_view element, std::string_view value) override {
    state_->Put(namespace_, Key(group), element, value);
  }
  void Erase(std::string_view group, std::string_view element) override {
    state_->Erase(namespace_, Key(group), element);
  }
  void ForEach(std::string_view group,
               const std::function<bool(std::string_view, std::string_view)>& visit) override {
    state_->Scan(namespace_, Key(group), "", visit);
  }
  std::optional<std::string> First(std::string_view group) override;
  std::optional<std::string> Last(std::string_view group) override;
  void Clear(std::string_view group) override { state_->Clear(namespace_, Key(group)); }

 private:
  static StateKey Key(std::string_view group) { return {group, HashKey(group)}; }
  MapState* state_;
  int64_t namespace_ = 0;
};

class AggregateSet {
 public:
  // The phases of an aggregation in two: kMakes adds rows up to parts, kTakes puts parts together
  // (docs/design/hot-keys.md). DISTINCT is left to the second: a part has every value with its count, or,
  // where no row is taken back, the values that no part before it had.
  enum class Parts : uint8_t { kNone, kMakes, kTakes };
  // Before Open.
  void set_parts(Parts parts) { parts_ = parts; }

  // `retracts`: input rows may be -U or -D. State names start with `prefix`. `clears`: ClearViews will be
  // called for groups that rows were not taken back from.
  Status Open(const std::vector<AggregateCall>& calls, bool retracts, OperatorContext* context,
              const std::string& prefix, int64_t ttl_ms, bool clears = false);

  // Bytes of one group's state, a multiple of 8.
  size_t width() const { return width_; }
  // Whether states of different slices can be merged: no views, every kernel mergeable.
  bool mergeable() const { return mergeable_; }
  void Init(uint8_t* state) const;
  void SetNamespace(int64_t name_space);

  // One call per chunk of rows: `groups` and `states` per row, `signs` from the row kinds (0: the row is
  // ignored).
  Status Update(const Batch& batch, std::span<const std::string_view> groups, std::span<const int8_t> signs,
                std::span<uint8_t* const> states);
  // The same, and appends each aggregate's result after every row to `after`.
  Status UpdateAndEmit(const Batch& batch, std::span<const std::string_view> groups,
                       std::span<const int8_t> signs, std::span<uint8_t* const> states,
                       std::vector<ColumnBuilder>* after);
  Status Emit(std::span<const uint8_t* const> states, std::span<const std::string_view> groups,
              std::vector<ColumnBuilder>* out) const;
  void Merge(uint8_t* into, const uint8_t* from) const;
  // Appends the part of each aggregate to a BYTES column. REQUIRES: kMakes.
  void WriteParts(const uint8_t* state, std::string_view group, std::span<ColumnBuilder> out) const;
  // Takes in the parts in the columns from `first` on, one row after the other. REQUIRES: kTakes.
  Status MergeParts(const Batch& batch, int first, std::span<const std::string_view> groups,
                    std::span<uint8_t* const> states);
  // Whether a group holds nothing, as if no row had ever come.
  bool IsBlank(const uint8_t* state, std::string_view group) const;
  // Drops what a group keeps in views; the caller erases its fixed state. REQUIRES: opened to retract or
  // clear.
  void ClearViews(std::string_view group);
  bool has_views() const { return !views_.empty() || !distinct_states_.empty(); }
  // Drops everything that views keep in a namespace.
  void EraseNamespace(int64_t name_space);
  std::vector<DataType> result_types() const;

 private:
  struct Bound {
    AggregateCall call;
    std::unique_ptr<AggregateKernel> kernel;
    size_t offset = 0;
    // With DISTINCT, one of the two: the values that were there, as sub-keys of the group, where no row is
    // ever taken back; else counts per value.
    FixedState* values = nullptr;
    // Of kMakes, by namespace and group: the values that the next part brings, each with its length.
    std::map<int64_t, std::unordered_map<std::string, ByteWriter>> fresh;
    StateView* counts = nullptr;
    std::unique_ptr<KeyCodec> codec;  // of the DISTINCT arguments
    // With DISTINCT in place of `values`, where another aggregate has the same arguments.
    SharedDistinct* shared = nullptr;
    std::vector<int8_t> first;  // of `shared`: the signs of the batch at hand
  };
  // Aggregates that share one.
  struct Sharing {
    std::unique_ptr<SharedDistinct> values;
    std::vector<size_t> bound;  // by number of the aggregate in it
  };
  // Which calls can share: by their arguments, those with DISTINCT of which there are several.
  static std::vector<std::vector<size_t>> SharedArguments(const std::vector<AggregateCall>& calls);
  Status OpenShared(const std::vector<size_t>& members, OperatorContext* context, const std::string& prefix);
  Status KeepFirstShared(const Batch& batch, std::span<const std::string_view> groups,
                         std::span<const int8_t> signs);
  // The rows that an aggregate looks at.
  void RowsOf(const Bound& bound, const Batch& batch, std::span<const int8_t> signs,
              std::vector<int8_t>* out) const;
  void TakeOutFiltered(const Bound& bound, const Batch& batch, std::vector<int8_t>* signs) const;
  Status KeepFirst(Bound& bound, const std::vector<ColumnPtr>& args, std::span<const std::string_view> groups,
                   std::vector<int8_t>* signs);
  void CountValues(Bound& bound, const std::vector<ColumnPtr>& args, std::span<const std::string_view> groups,
                   std::vector<int8_t>* signs);
  Status SignsFor(Bound& bound, const Batch& batch, std::span<const std::string_view> groups,
                  std::span<const int8_t> signs, std::vector<int8_t>* out);
  static void WriteValues(const Bound& bound, std::string_view group, std::string* out);
  Status MergeNewValues(Bound& bound, const Column& parts, std::span<const std::string_view> groups,
                        std::span<uint8_t* const> states);
  Status MergeValues(Bound& bound, const Column& parts, std::span<const std::string_view> groups,
                     std::span<uint8_t* const> states);
  Result<StateView*> NewView(OperatorContext* context, const std::string& name, int64_t ttl_ms);

  std::vector<Bound> bound_;
  std::vector<Sharing> shared_;
  std::vector<std::unique_ptr<StateView>> views_;
  std::vector<MapState*> view_states_;
  std::vector<FixedState*> distinct_states_;
  int64_t namespace_ = 0;
  size_t width_ = 0;
  bool mergeable_ = true;
  Parts parts_ = Parts::kNone;
};

}  // namespace penstock
