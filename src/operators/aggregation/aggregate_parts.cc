// Parts of aggregates: what the first phase of an aggregation in two hands to the second. The part of an
// aggregate is its kernel's; of one with DISTINCT the values with their counts.
#include <cstring>

#include "operators/aggregation/aggregate_set.h"

namespace penstock {

void AggregateSet::WriteParts(const uint8_t* state, std::string_view group,
                              std::span<ColumnBuilder> out) const {
  std::string part;
  for (size_t b = 0; b < bound_.size(); ++b) {
    part.clear();
    const Bound& bound = bound_[b];
    if (bound.values != nullptr) {
      auto slice = bound.fresh.find(namespace_);
      if (slice != bound.fresh.end()) {
        auto fresh = slice->second.find(std::string(group));
        if (fresh != slice->second.end()) part = fresh->second.bytes();
      }
    } else if (bound.call.distinct) {
      WriteValues(bound, group, &part);
    } else {
      bound.kernel->WritePartial(state + bound.offset, group, &part);
    }
    out[b].AppendString(part);
  }
}

void AggregateSet::WriteValues(const Bound& bound, std::string_view group, std::string* out) {
  ByteWriter values;
  bound.counts->ForEach(group, [&](std::string_view value, std::string_view count) {
    values.String(value);
    values.Raw(count);
    return true;
  });
  *out = values.Take();
}

Status AggregateSet::MergeParts(const Batch& batch, int first, std::span<const std::string_view> groups,
                                std::span<uint8_t* const> states) {
  std::vector<uint8_t*> at(states.size());
  for (size_t b = 0; b < bound_.size(); ++b) {
    Bound& bound = bound_[b];
    const Column& parts = *batch.column(first + static_cast<int>(b));
    for (size_t i = 0; i < states.size(); ++i) at[i] = states[i] + bound.offset;
    if (bound.call.distinct) {
      RETURN_IF_ERROR(bound.values != nullptr ? MergeNewValues(bound, parts, groups, at)
                                              : MergeValues(bound, parts, groups, at));
      continue;
    }
    for (size_t i = 0; i < at.size(); ++i)
      RETURN_IF_ERROR(bound.kernel->MergePartial(at[i], groups[i], parts.StringAt(static_cast<int64_t>(i))));
  }
  return Status::Ok();
}

// Where nothing is taken back: the kernel sees a row for each value that no part brought before.
Status AggregateSet::MergeNewValues(Bound& bound, const Column& parts,
                                    std::span<const std::string_view> groups,
                                    std::span<uint8_t* const> states) {
  std::string bytes;
  std::vector<size_t> starts, of;
  for (size_t i = 0; i < states.size(); ++i) {
    ByteReader in(parts.StringAt(static_cast<int64_t>(i)));
    while (!in.at_end()) {
      starts.push_back(bytes.size());
      of.push_back(i);
      bytes.append(groups[i]);
      bytes.append(in.String());
      if (!in.ok()) return Status::Corruption("a part of a DISTINCT aggregate is damaged");
    }
  }
  starts.push_back(bytes.size());
  std::vector<StateKey> keys(of.size());
  for (size_t k = 0; k < of.size(); ++k) {
    std::string_view key = std::string_view(bytes).substr(starts[k], starts[k + 1] - starts[k]);
    keys[k] = {key, SubKeyHash(HashKey(groups[of[k]]), HashKey(key))};
  }
  std::vector<uint8_t*> values(keys.size());
  std::vector<uint8_t> created(keys.size());
  RETURN_IF_ERROR(bound.values->Access(namespace_, keys, values, created));
  std::vector<ColumnBuilder> arguments = MakeBuilders(bound.call.arg_types);
  std::vector<std::string_view> row_groups;
  std::vector<uint8_t*> row_states;
  for (size_t k = 0; k < keys.size(); ++k) {
    if (created[k] == 0) continue;
    bound.codec->Decode(keys[k].bytes.substr(groups[of[k]].size()), arguments);
    row_groups.push_back(groups[of[k]]);
    row_states.push_back(states[of[k]]);
  }
  std::vector<int8_t> signs(row_states.size(), 1);
  AggregateInput input;
  for (ColumnBuilder& argument : arguments) input.args.push_back(argument.Finish());
  input.rows = static_cast<int64_t>(signs.size());
  input.signs = signs;
  input.groups = row_groups;
  return input.rows == 0 ? Status::Ok() : bound.kernel->Update(input, row_states);
}

// The kernel sees a row for each value that comes or goes.
Status AggregateSet::MergeValues(Bound& bound, const Column& parts, std::span<const std::string_view> groups,
                                 std::span<uint8_t* const> states) {
  std::vector<ColumnBuilder> arguments;
  for (const DataType& type : bound.call.arg_types) arguments.emplace_back(type);
  std::vector<int8_t> signs;
  std::vector<std::string_view> row_groups;
  std::vector<uint8_t*> row_states;
  for (size_t i = 0; i < states.size(); ++i) {
    ByteReader in(parts.StringAt(static_cast<int64_t>(i)));
    while (!in.at_end()) {
      std::string_view value = in.String();
      auto delta = in.Fixed<int64_t>();
      if (!in.ok()) return Status::Corruption("a part of a DISTINCT aggregate is damaged");
      int64_t before = 0;
      if (std::optional<std::string_view> stored = bound.counts->Get(groups[i], value))
        std::memcpy(&before, stored->data(), sizeof(before));
      int64_t after = before + delta;
      if (after == 0) {
        bound.counts->Erase(groups[i], value);
      } else {
        bound.counts->Put(groups[i], value, {reinterpret_cast<const char*>(&after), sizeof(after)});
      }
      if ((before > 0) == (after > 0)) continue;
      bound.codec->Decode(value, arguments);
      signs.push_back(after > 0 ? 1 : -1);
      row_groups.push_back(groups[i]);
      row_states.push_back(states[i]);
    }
  }
  AggregateInput input;
  for (ColumnBuilder& argument : arguments) input.args.push_back(argument.Finish());
  input.rows = static_cast<int64_t>(signs.size());
  input.signs = signs;
  input.groups = row_groups;
  return input.rows == 0 ? Status::Ok() : bound.kernel->Update(input, row_states);
}

bool AggregateSet::IsBlank(const uint8_t* state, std::string_view group) const {
  std::vector<uint64_t> blank(width_ / 8 + 1);
  Init(reinterpret_cast<uint8_t*>(blank.data()));
  if (std::memcmp(blank.data(), state, width_) != 0) return false;
  for (const auto& view : views_) {
    if (view->First(group)) return false;
  }
  return true;
}

}  // namespace penstock
