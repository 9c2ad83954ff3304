// One access to the state per batch, for all aggregates.
#include "operators/aggregation/shared_distinct.h"

#include <algorithm>
#include <cstring>

namespace penstock {

namespace {

uint64_t SeenBy(const uint8_t* value, bool created) {
  uint64_t seen = 0;
  if (!created) std::memcpy(&seen, value, sizeof(seen));
  return seen;
}

}  // namespace

Status SharedDistinct::KeepFirst(int64_t name_space, const std::vector<ColumnPtr>& args,
                                 std::span<const std::string_view> groups,
                                 std::span<std::vector<int8_t>* const> signs) {
  KeyBlock encoded;
  codec_.Encode(args, static_cast<int64_t>(groups.size()), &encoded);
  std::string bytes;
  std::vector<size_t> rows, ends;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (std::none_of(signs.begin(), signs.end(), [i](const auto* own) { return (*own)[i] != 0; })) continue;
    bytes.append(groups[i]);
    bytes.append(encoded[static_cast<int64_t>(i)]);
    rows.push_back(i);
    ends.push_back(bytes.size());
  }
  std::vector<StateKey> keys(rows.size());
  for (size_t k = 0, begin = 0; k < rows.size(); begin = ends[k++]) {
    std::string_view key = std::string_view(bytes).substr(begin, ends[k] - begin);
    keys[k] = {key, SubKeyHash(HashKey(groups[rows[k]]), HashKey(key))};
  }
  std::vector<uint8_t*> values(keys.size());
  std::vector<uint8_t> created(keys.size());
  RETURN_IF_ERROR(values_->Access(name_space, keys, values, created));
  for (size_t k = 0; k < rows.size(); ++k) {
    uint64_t seen = SeenBy(values[k], created[k] != 0);
    for (size_t a = 0; a < signs.size(); ++a) {
      int8_t& sign = (*signs[a])[rows[k]];
      if (sign == 0) continue;
      if ((seen >> a & 1) != 0) sign = 0;
      seen |= uint64_t{1} << a;
    }
    std::memcpy(values[k], &seen, sizeof(seen));
  }
  return Status::Ok();
}

Status SharedDistinct::TakeOver(FixedState* own, size_t aggregate) {
  for (int64_t name_space : own->Namespaces()) {
    Status status;
    own->ForEachUnordered(name_space, [&](StateKey key, uint8_t*) {
      if (status.ok()) status = SetBit(name_space, key, aggregate);
    });
    RETURN_IF_ERROR(status);
    own->EraseNamespace(name_space);
  }
  return Status::Ok();
}

Status SharedDistinct::SetBit(int64_t name_space, StateKey key, size_t aggregate) {
  uint8_t* value = nullptr;
  uint8_t created = 0;
  RETURN_IF_ERROR(values_->Access(name_space, {&key, 1}, {&value, 1}, {&created, 1}));
  uint64_t seen = SeenBy(value, created != 0) | uint64_t{1} << aggregate;
  std::memcpy(value, &seen, sizeof(seen));
  return Status::Ok();
}

}  // namespace penstock
