// Aggregate functions: how SUM, COUNT, MIN ... are resolved, and the kernels that keep and change their
// state. The state of one group is a fixed number of plain bytes (kept inline in keyed state) plus, where
// that is not enough (DISTINCT, MIN over retractions, LISTAGG), entries of views: ordered maps inside the
// group, which the operator provides over its keyed state. Kernels work on whole batches: one virtual call
// per aggregate and batch.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/column.h"
#include "data/column_builder.h"
#include "expr/function.h"

namespace penstock {

// An ordered map from element bytes to value bytes inside each group; the port behind which keyed state
// stands.
class AggregateView {
 public:
  virtual ~AggregateView() = default;
  // The value stored for an element; nullopt when there is none. Valid until the next change of the view.
  virtual std::optional<std::string_view> Get(std::string_view group, std::string_view element) = 0;
  virtual void Put(std::string_view group, std::string_view element, std::string_view value) = 0;
  virtual void Erase(std::string_view group, std::string_view element) = 0;
  // Calls back in element order until `visit` returns false; the view must not change meanwhile.
  virtual void ForEach(
      std::string_view group,
      const std::function<bool(std::string_view element, std::string_view value)>& visit) = 0;
  virtual std::optional<std::string> First(std::string_view group) = 0;
  virtual std::optional<std::string> Last(std::string_view group) = 0;
  virtual void Clear(std::string_view group) = 0;
};

// The rows an aggregate is fed.
struct AggregateInput {
  std::vector<ColumnPtr> args;
  int64_t rows = 0;
  std::span<const int8_t> signs;             // +1 accumulate, -1 retract, 0 skip; one per row
  std::span<const std::string_view> groups;  // the group's key per row, for views
};

class AggregateKernel {
 public:
  virtual ~AggregateKernel() = default;
  // Bytes of inline state per group, a multiple of 8.
  virtual size_t width() const = 0;
  virtual void Init(uint8_t* state) const = 0;
  // Applies row i to states[i], in row order (a state may occur many times).
  virtual Status Update(const AggregateInput& input, std::span<uint8_t* const> states) = 0;
  // Appends the result of each state.
  virtual Status Emit(std::span<const uint8_t* const> states, std::span<const std::string_view> groups,
                      ColumnBuilder* out) const = 0;
  // Like Update, but appends the result after every row: the raw changelog of updating aggregations.
  virtual Status UpdateAndEmit(const AggregateInput& input, std::span<uint8_t* const> states,
                               ColumnBuilder* out) = 0;

  // Whether partial states of disjoint rows can be combined; windows then share slices.
  virtual bool mergeable() const { return false; }
  virtual void Merge(uint8_t* into, const uint8_t* from) const;

  // Whether a group can be put together out of parts that saw disjoint rows in any order: the slices of
  // windows, and groups that were split because their key is hot. A part is bytes of the kernel's own, its
  // inline state and what it keeps in views. True where states merge; aggregates that depend on the order of
  // rows say no.
  virtual bool has_partials() const { return mergeable() && view_count() == 0; }
  // Appends the part that a group holds.
  virtual void WritePartial(const uint8_t* state, std::string_view group, std::string* out) const;
  // Takes a part in. A damaged one is an error.
  virtual Status MergePartial(uint8_t* state, std::string_view group, std::string_view part);

  // Whether rows whose arguments are NULL matter to it: DISTINCT lets them through then.
  virtual bool keeps_nulls() const { return false; }

  // Views it needs; the operator hands them over once, in that order, before the first Update.
  virtual int view_count() const { return 0; }
  virtual void SetViews(std::vector<AggregateView*> views);
};

// What binding a kernel needs to know of its call.
struct AggregateSite {
  std::vector<DataType> args;
  std::vector<Value> constants;  // literal arguments, NULL elsewhere
  DataType result;
  bool retracts = false;  // rows may be taken back
  const EvalContext* context = nullptr;
};

class AggregateFunction {
 public:
  using Resolve = std::function<Result<Signature>(std::span<const ArgInfo> args)>;
  using Bind = std::function<Result<std::unique_ptr<AggregateKernel>>(const AggregateSite& site)>;

  AggregateFunction(std::string name, Resolve resolve, Bind bind)
      : name_(std::move(name)), resolve_(std::move(resolve)), bind_(std::move(bind)) {}

  const std::string& name() const { return name_; }
  Result<Signature> ResolveCall(std::span<const ArgInfo> args) const { return resolve_(args); }
  Result<std::unique_ptr<AggregateKernel>> BindCall(const AggregateSite& site) const { return bind_(site); }

 private:
  std::string name_;
  Resolve resolve_;
  Bind bind_;
};

class AggregateRegistry {
 public:
  static const AggregateRegistry& BuiltIn();
  const AggregateFunction* Find(std::string_view name) const;
  std::vector<std::string> Names() const;
  AggregateFunction& Add(std::string name, AggregateFunction::Resolve resolve, AggregateFunction::Bind bind);

 private:
  std::map<std::string, std::unique_ptr<AggregateFunction>, std::less<>> functions_;
};

// One aggregate of a GROUP BY: a serialisable part of plans. Columns are indices of the operator's input.
struct AggregateCall {
  std::string function;  // upper case; "COUNT" without arguments is COUNT(*)
  std::vector<int> args;
  std::vector<DataType> arg_types;
  std::vector<Value> constants;
  int filter = -1;  // BOOLEAN column, -1 for none
  bool distinct = false;
  DataType type;
  std::string ToString() const;
  bool operator==(const AggregateCall&) const = default;
  void Write(ByteWriter& out) const;
  static Result<AggregateCall> Read(ByteReader& in);
};

}  // namespace penstock
