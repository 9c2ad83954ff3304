// Rows become entries as the operators do it.
#include "engine/forecast/key_feeder.h"

#include <algorithm>
#include <set>
#include <string>

#include "data/key_codec.h"
#include "operators/aggregation/aggregate_set.h"

namespace penstock {

namespace {

// Odd, with its bits all over: products with it are spread over all numbers.
constexpr uint64_t kSpread = 0x9e3779b97f4a7c15ULL;

size_t InTurn(const std::vector<size_t>& sizes, uint64_t turn) {
  return sizes.empty() ? 0 : sizes[turn % sizes.size()];
}

// A fixed number of bytes for each key.
class FixedFeeder : public KeyFeeder {
 public:
  FixedFeeder(size_t bytes, bool sub_keys) : bytes_(bytes), sub_keys_(sub_keys) {}
  Status Open(StateBackend* backend) override {
    ASSIGN_OR_RETURN(state_, backend->OpenFixed({"forecast", bytes_, 0, sub_keys_}));
    return Status::Ok();
  }
  Status Feed(StateKey key, uint64_t, int64_t) override {
    uint8_t* value = nullptr;
    uint8_t created = 0;
    RETURN_IF_ERROR(state_->Access(0, std::span(&key, 1), std::span(&value, 1), std::span(&created, 1)));
    std::fill_n(value, bytes_, uint8_t{0});
    return Status::Ok();
  }
  void Clear(StateKey key) override { state_->Erase(0, key); }

 private:
  size_t bytes_;
  bool sub_keys_;
  FixedState* state_ = nullptr;
};

// Elements under each key.
class ElementFeeder : public KeyFeeder {
 public:
  ElementFeeder(const sql::StateUse& use, const EntrySample& sample) : use_(use), sample_(sample) {}
  Status Open(StateBackend* backend) override {
    ASSIGN_OR_RETURN(state_, backend->OpenMap({"forecast", 0, 0}));
    return Status::Ok();
  }
  Status Feed(StateKey key, uint64_t turn, int64_t rows) override {
    constexpr int64_t kSettled = 64;  // after so many replacements more of them change nothing
    switch (use_.keeping) {
      case sql::Keeping::kFirst: rows = 1; break;
      case sql::Keeping::kNewest: rows = std::min(rows, kSettled); break;
      default: break;
    }
    std::set<uint64_t> first;  // of kTop: the names that are kept
    for (int64_t row = 0; row < rows; ++row) {
      auto number = static_cast<uint64_t>(row);
      uint64_t at = turn * 7 + number, name = use_.keeping == sql::Keeping::kEach ? number : at * kSpread;
      if (use_.keeping == sql::Keeping::kTop && !Enters(key, name, &first)) continue;
      state_->Put(0, key, NameOf(name, at),
                  std::string(use_.fixed_bytes + InTurn(sample_.row_bytes, at), 'x'));
    }
    return Status::Ok();
  }
  void Clear(StateKey key) override { state_->Clear(0, key); }

 private:
  std::string NameOf(uint64_t name, uint64_t turn) const {
    bool one = use_.keeping == sql::Keeping::kNewest || use_.keeping == sql::Keeping::kFirst;
    size_t size = use_.element_bytes + InTurn(sample_.name_bytes, turn);
    if (size == 0) return "";
    return NumberedName(one ? 0 : name, size);
  }
  // The last one leaves where one comes before it.
  bool Enters(StateKey key, uint64_t name, std::set<uint64_t>* first) {
    if (static_cast<int64_t>(first->size()) >= use_.most_per_key) {
      uint64_t last = *first->rbegin();
      if (name > last) return false;
      state_->Erase(0, key, NameOf(last, 0));
      first->erase(last);
    }
    return first->insert(name).second;
  }

  const sql::StateUse& use_;
  const EntrySample& sample_;
  MapState* state_ = nullptr;
};

// The aggregate itself, fed with values of the sample.
class ViewFeeder : public KeyFeeder {
 public:
  ViewFeeder(const sql::StateUse& use, const EntrySample& sample, const EvalContext* eval)
      : use_(use), sample_(sample), eval_(eval) {}

  Status Open(StateBackend* backend) override {
    const AggregateCall& call = *use_.call;
    const AggregateFunction* function = AggregateRegistry::BuiltIn().Find(call.function);
    if (function == nullptr) return Status::Internal("no aggregate " + call.function);
    ASSIGN_OR_RETURN(kernel_,
                     function->BindCall({call.arg_types, call.constants, call.type, use_.retracts, eval_}));
    views_.clear();
    maps_.clear();
    std::vector<AggregateView*> views;
    for (int v = 0; v < kernel_->view_count(); ++v) {
      ASSIGN_OR_RETURN(MapState * map, backend->OpenMap({"forecast-" + std::to_string(v), 0, 0}));
      maps_.push_back(map);
      views_.push_back(std::make_unique<StateView>(map));
      views.push_back(views_.back().get());
    }
    kernel_->SetViews(views);
    return Status::Ok();
  }
  Status Feed(StateKey key, uint64_t turn, int64_t rows) override {
    AggregateInput input;
    std::vector<int32_t> picked;
    for (int64_t row = 0; row < rows && sample_.value_rows > 0; ++row) {
      uint64_t at = (turn * 7 + static_cast<uint64_t>(row)) * kSpread >> 20;
      picked.push_back(static_cast<int32_t>(at % static_cast<uint64_t>(sample_.value_rows)));
    }
    for (const ColumnPtr& column : sample_.values) input.args.push_back(column->Take(picked));
    input.rows = static_cast<int64_t>(picked.size());
    std::vector<int8_t> signs(picked.size(), 1);
    std::vector<std::string_view> groups(picked.size(), key.bytes);
    std::vector<uint64_t> inline_state(kernel_->width() / 8 + 1);
    auto* state = reinterpret_cast<uint8_t*>(inline_state.data());
    kernel_->Init(state);
    std::vector<uint8_t*> states(picked.size(), state);
    input.signs = signs;
    input.groups = groups;
    return kernel_->Update(input, states);
  }
  void Clear(StateKey key) override {
    for (MapState* map : maps_) map->Clear(0, key);
  }

 private:
  const sql::StateUse& use_;
  const EntrySample& sample_;
  const EvalContext* eval_;
  std::unique_ptr<AggregateKernel> kernel_;
  std::vector<MapState*> maps_;
  std::vector<std::unique_ptr<StateView>> views_;
};

}  // namespace

std::string NumberedName(uint64_t number, size_t size) {
  std::string name(std::max<size_t>(size, 1), '\1');
  for (size_t i = 0; i < name.size() && i < 8; ++i)
    name[std::min<size_t>(name.size(), 9) - 1 - i] = static_cast<char>(number >> 8 * i);
  return name;
}

std::unique_ptr<KeyFeeder> MakeKeyFeeder(const sql::StateUse& use, const EntrySample& sample,
                                         const EvalContext* eval) {
  if (use.keeping == sql::Keeping::kViews) return std::make_unique<ViewFeeder>(use, sample, eval);
  if (use.ordered) return std::make_unique<ElementFeeder>(use, sample);
  return std::make_unique<FixedFeeder>(use.fixed_bytes, use.group_columns > 0);
}

}  // namespace penstock
