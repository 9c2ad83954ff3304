// Binding and feeding the aggregates of a GROUP BY.
#include "operators/aggregation/aggregate_set.h"

#include <algorithm>
#include <cstring>

namespace penstock {

namespace {

std::vector<ColumnPtr> ArgumentsOf(const AggregateCall& call, const Batch& batch) {
  std::vector<ColumnPtr> args;
  for (int arg : call.args) args.push_back(batch.column(arg));
  return args;
}

}  // namespace

std::optional<std::string> StateView::First(std::string_view group) {
  std::optional<std::string> first;
  state_->Scan(namespace_, Key(group), "", [&](std::string_view element, std::string_view) {
    first = std::string(element);
    return false;
  });
  return first;
}

std::optional<std::string> StateView::Last(std::string_view group) {
  std::optional<std::string> last;
  state_->ScanBackward(namespace_, Key(group), [&](std::string_view element, std::string_view) {
    last = std::string(element);
    return false;
  });
  return last;
}

Result<StateView*> AggregateSet::NewView(OperatorContext* context, const std::string& name, int64_t ttl_ms) {
  ASSIGN_OR_RETURN(MapState * state, context->state->OpenMap({name, 0, ttl_ms}));
  view_states_.push_back(state);
  views_.push_back(std::make_unique<StateView>(state));
  return views_.back().get();
}

Status AggregateSet::Open(const std::vector<AggregateCall>& calls, bool retracts, OperatorContext* context,
                          const std::string& prefix, int64_t ttl_ms, bool clears) {
  // With a time to live each aggregate has its own times at which values are gone.
  std::vector<std::vector<size_t>> shared;
  if (!retracts && !clears && ttl_ms == 0 && parts_ == Parts::kNone) shared = SharedArguments(calls);
  auto shares = [&](size_t i) {
    return std::any_of(shared.begin(), shared.end(), [i](const auto& members) {
      return std::count(members.begin(), members.end(), i) > 0;
    });
  };
  for (size_t i = 0; i < calls.size(); ++i) {
    Bound bound;
    bound.call = calls[i];
    const AggregateFunction* function = AggregateRegistry::BuiltIn().Find(calls[i].function);
    if (function == nullptr)
      return Status::NotFound("plan uses aggregate " + calls[i].function + ", which does not exist");
    AggregateSite site{calls[i].arg_types, calls[i].constants, calls[i].type, retracts, context->eval};
    ASSIGN_OR_RETURN(bound.kernel, function->BindCall(site));
    bound.offset = width_;
    width_ += bound.kernel->width();
    std::string name = prefix + "-" + std::to_string(i);
    if (calls[i].distinct) {
      if (retracts || clears) {
        ASSIGN_OR_RETURN(bound.counts, NewView(context, name + "-distinct", ttl_ms));
      } else if (!shares(i)) {
        ASSIGN_OR_RETURN(bound.values, context->state->OpenFixed({name + "-distinct", 0, ttl_ms, true}));
        distinct_states_.push_back(bound.values);
      }
      bound.codec = std::make_unique<KeyCodec>(calls[i].arg_types);
    }
    std::vector<AggregateView*> views;
    for (int v = 0; v < bound.kernel->view_count(); ++v) {
      ASSIGN_OR_RETURN(StateView * view, NewView(context, name + "-view-" + std::to_string(v), ttl_ms));
      views.push_back(view);
    }
    bound.kernel->SetViews(views);
    mergeable_ = mergeable_ && bound.kernel->mergeable() && !calls[i].distinct && views.empty();
    bound_.push_back(std::move(bound));
  }
  for (const auto& members : shared) RETURN_IF_ERROR(OpenShared(members, context, prefix));
  return Status::Ok();
}

std::vector<std::vector<size_t>> AggregateSet::SharedArguments(const std::vector<AggregateCall>& calls) {
  std::map<std::vector<int>, std::vector<size_t>> by_arguments;
  for (size_t i = 0; i < calls.size(); ++i) {
    if (calls[i].distinct) by_arguments[calls[i].args].push_back(i);
  }
  std::vector<std::vector<size_t>> shared;
  for (auto& [args, members] : by_arguments) {
    if (members.size() > 1 && members.size() <= SharedDistinct::kMost) shared.push_back(std::move(members));
  }
  return shared;
}

Status AggregateSet::OpenShared(const std::vector<size_t>& members, OperatorContext* context,
                                const std::string& prefix) {
  auto name = [&](size_t i) { return prefix + "-" + std::to_string(i) + "-distinct"; };
  StateDescriptor descriptor{name(members[0]) + "-shared", SharedDistinct::kWidth, 0, true};
  ASSIGN_OR_RETURN(FixedState * values, context->state->OpenFixed(descriptor));
  distinct_states_.push_back(values);
  Sharing sharing{std::make_unique<SharedDistinct>(values, bound_[members[0]].call.arg_types), members};
  for (size_t m = 0; m < members.size(); ++m) {
    bound_[members[m]].shared = sharing.values.get();
    ASSIGN_OR_RETURN(FixedState * own, context->state->OpenFixed({name(members[m]), 0, 0, true}));
    RETURN_IF_ERROR(sharing.values->TakeOver(own, m));
  }
  shared_.push_back(std::move(sharing));
  return Status::Ok();
}

void AggregateSet::Init(uint8_t* state) const {
  for (const Bound& bound : bound_) bound.kernel->Init(state + bound.offset);
}

void AggregateSet::SetNamespace(int64_t name_space) {
  namespace_ = name_space;
  for (auto& view : views_) view->set_namespace(name_space);
}

void AggregateSet::TakeOutFiltered(const Bound& bound, const Batch& batch, std::vector<int8_t>* signs) const {
  const Column& filter = *batch.column(bound.call.filter);
  for (size_t i = 0; i < signs->size(); ++i) {
    auto row = static_cast<int64_t>(i);
    if (filter.IsNull(row) || filter.At<uint8_t>(row) == 0) (*signs)[i] = 0;
  }
}

// Lets the first row of each value through. One access for the whole batch: values come as sub-keys.
Status AggregateSet::KeepFirst(Bound& bound, const std::vector<ColumnPtr>& args,
                               std::span<const std::string_view> groups, std::vector<int8_t>* signs) {
  std::string bytes;
  std::vector<size_t> rows, starts;
  for (size_t i = 0; i < signs->size(); ++i) {
    if ((*signs)[i] == 0) continue;
    rows.push_back(i);
    starts.push_back(bytes.size());
    bytes.append(groups[i]);
    bound.codec->EncodeRow(args, static_cast<int64_t>(i), &bytes);
  }
  starts.push_back(bytes.size());
  std::vector<StateKey> keys(rows.size());
  for (size_t k = 0; k < rows.size(); ++k) {
    std::string_view key = std::string_view(bytes).substr(starts[k], starts[k + 1] - starts[k]);
    keys[k] = {key, SubKeyHash(HashKey(groups[rows[k]]), HashKey(key))};
  }
  std::vector<uint8_t*> values(keys.size());
  std::vector<uint8_t> created(keys.size());
  RETURN_IF_ERROR(bound.values->Access(namespace_, keys, values, created));
  for (size_t k = 0; k < rows.size(); ++k) {
    if (created[k] == 0) (*signs)[rows[k]] = 0;
    if (created[k] == 0 || parts_ != Parts::kMakes) continue;
    std::string_view group = groups[rows[k]];
    bound.fresh[namespace_][std::string(group)].String(keys[k].bytes.substr(group.size()));
  }
  return Status::Ok();
}

// Lets a row through when its value's count leaves or reaches zero.
void AggregateSet::CountValues(Bound& bound, const std::vector<ColumnPtr>& args,
                               std::span<const std::string_view> groups, std::vector<int8_t>* signs) {
  std::string element;
  for (size_t i = 0; i < signs->size(); ++i) {
    int8_t& sign = (*signs)[i];
    if (sign == 0) continue;
    element.clear();
    bound.codec->EncodeRow(args, static_cast<int64_t>(i), &element);
    int64_t count = 0;
    if (std::optional<std::string_view> stored = bound.counts->Get(groups[i], element)) {
      std::memcpy(&count, stored->data(), sizeof(count));
    }
    int64_t next = count + sign;
    if (next == 0) {
      bound.counts->Erase(groups[i], element);
    } else {
      bound.counts->Put(groups[i], element, {reinterpret_cast<const char*>(&next), sizeof(next)});
    }
    bool passes = (count <= 0 && next > 0) || (count > 0 && next <= 0);
    if (!passes) sign = 0;
  }
}

// FILTER takes rows out; DISTINCT has no place for NULL where the aggregate has none.
void AggregateSet::RowsOf(const Bound& bound, const Batch& batch, std::span<const int8_t> signs,
                          std::vector<int8_t>* out) const {
  out->assign(signs.begin(), signs.end());
  if (bound.call.filter >= 0) TakeOutFiltered(bound, batch, out);
  if (!bound.call.distinct || bound.kernel->keeps_nulls()) return;
  for (int arg : bound.call.args) {
    const Column& column = *batch.column(arg);
    for (size_t i = 0; column.has_validity() && i < out->size(); ++i) {
      if (column.IsNull(static_cast<int64_t>(i))) (*out)[i] = 0;
    }
  }
}

Status AggregateSet::KeepFirstShared(const Batch& batch, std::span<const std::string_view> groups,
                                     std::span<const int8_t> signs) {
  for (Sharing& sharing : shared_) {
    std::vector<std::vector<int8_t>*> first;
    for (size_t b : sharing.bound) {
      RowsOf(bound_[b], batch, signs, &bound_[b].first);
      first.push_back(&bound_[b].first);
    }
    std::vector<ColumnPtr> args = ArgumentsOf(bound_[sharing.bound[0]].call, batch);
    RETURN_IF_ERROR(sharing.values->KeepFirst(namespace_, args, groups, first));
  }
  return Status::Ok();
}

// Of DISTINCT without those rows whose value does not come or go with them.
Status AggregateSet::SignsFor(Bound& bound, const Batch& batch, std::span<const std::string_view> groups,
                              std::span<const int8_t> signs, std::vector<int8_t>* out) {
  if (bound.shared != nullptr) {
    out->swap(bound.first);
    return Status::Ok();
  }
  RowsOf(bound, batch, signs, out);
  if (!bound.call.distinct) return Status::Ok();
  std::vector<ColumnPtr> args = ArgumentsOf(bound.call, batch);
  if (bound.values != nullptr) return KeepFirst(bound, args, groups, out);
  CountValues(bound, args, groups, out);
  return Status::Ok();
}

Status AggregateSet::Update(const Batch& batch, std::span<const std::string_view> groups,
                            std::span<const int8_t> signs, std::span<uint8_t* const> states) {
  return UpdateAndEmit(batch, groups, signs, states, nullptr);
}

Status AggregateSet::UpdateAndEmit(const Batch& batch, std::span<const std::string_view> groups,
                                   std::span<const int8_t> signs, std::span<uint8_t* const> states,
                                   std::vector<ColumnBuilder>* after) {
  RETURN_IF_ERROR(KeepFirstShared(batch, groups, signs));
  std::vector<int8_t> own;
  std::vector<uint8_t*> at(states.size());
  for (size_t b = 0; b < bound_.size(); ++b) {
    Bound& bound = bound_[b];
    RETURN_IF_ERROR(SignsFor(bound, batch, groups, signs, &own));
    if (parts_ == Parts::kMakes && bound.call.distinct) continue;
    for (size_t i = 0; i < states.size(); ++i) at[i] = states[i] + bound.offset;
    AggregateInput input;
    input.args = ArgumentsOf(bound.call, batch);
    input.rows = batch.rows;
    input.signs = own;
    input.groups = groups;
    if (after == nullptr) {
      RETURN_IF_ERROR(bound.kernel->Update(input, at));
    } else {
      RETURN_IF_ERROR(bound.kernel->UpdateAndEmit(input, at, &(*after)[b]));
    }
  }
  return Status::Ok();
}

Status AggregateSet::Emit(std::span<const uint8_t* const> states, std::span<const std::string_view> groups,
                          std::vector<ColumnBuilder>* out) const {
  std::vector<const uint8_t*> at(states.size());
  for (size_t b = 0; b < bound_.size(); ++b) {
    for (size_t i = 0; i < states.size(); ++i) at[i] = states[i] + bound_[b].offset;
    RETURN_IF_ERROR(bound_[b].kernel->Emit(at, groups, &(*out)[b]));
  }
  return Status::Ok();
}

void AggregateSet::Merge(uint8_t* into, const uint8_t* from) const {
  for (const Bound& bound : bound_) bound.kernel->Merge(into + bound.offset, from + bound.offset);
}

void AggregateSet::ClearViews(std::string_view group) {
  for (auto& view : views_) view->Clear(group);
}

void AggregateSet::EraseNamespace(int64_t name_space) {
  for (MapState* state : view_states_) state->EraseNamespace(name_space);
  for (FixedState* state : distinct_states_) state->EraseNamespace(name_space);
  for (Bound& bound : bound_) bound.fresh.erase(name_space);
}

std::vector<DataType> AggregateSet::result_types() const {
  std::vector<DataType> types;
  for (const Bound& bound : bound_) types.push_back(bound.call.type);
  return types;
}

}  // namespace penstock
