// Binding and feeding the aggregates of a GROUP BY.
#include "operators/aggregation/aggregate_set.h"

#include <algorithm>
#include <cstring>

namespace penstock {

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
      } else {
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

// FILTER takes rows out, DISTINCT those whose value does not come or go with them.
Status AggregateSet::SignsFor(Bound& bound, const Batch& batch, std::span<const std::string_view> groups,
                              std::span<const int8_t> signs, std::vector<int8_t>* out) {
  out->assign(signs.begin(), signs.end());
  if (bound.call.filter >= 0) TakeOutFiltered(bound, batch, out);
  if (!bound.call.distinct) return Status::Ok();
  std::vector<ColumnPtr> args;
  for (int arg : bound.call.args) args.push_back(batch.column(arg));
  for (const ColumnPtr& arg : args) {
    if (bound.kernel->keeps_nulls() || !arg->has_validity()) continue;
    for (size_t i = 0; i < out->size(); ++i) {
      if (arg->IsNull(static_cast<int64_t>(i))) (*out)[i] = 0;
    }
  }
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
  std::vector<int8_t> own;
  std::vector<uint8_t*> at(states.size());
  for (size_t b = 0; b < bound_.size(); ++b) {
    Bound& bound = bound_[b];
    RETURN_IF_ERROR(SignsFor(bound, batch, groups, signs, &own));
    if (parts_ == Parts::kMakes && bound.call.distinct) continue;
    for (size_t i = 0; i < states.size(); ++i) at[i] = states[i] + bound.offset;
    AggregateInput input;
    for (int arg : bound.call.args) input.args.push_back(batch.column(arg));
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
