// Layout of the rows of a join's side.
#include "operators/joins/join_state.h"

#include <cstring>

namespace penstock {

void JoinStateSpec::Write(ByteWriter& out) const {
  out.Bool(has_unique_key);
  out.Bool(unique_in_join_key);
  WriteColumns(unique_key, out);
  out.Fixed(ttl_ms);
}

JoinStateSpec JoinStateSpec::Read(ByteReader& in) {
  JoinStateSpec spec;
  spec.has_unique_key = in.Bool();
  spec.unique_in_join_key = in.Bool();
  spec.unique_key = ReadColumns(in);
  spec.ttl_ms = in.Fixed<int64_t>();
  return spec;
}

Status JoinState::Open(const std::string& name, const JoinStateSpec& spec, const std::vector<DataType>& types,
                       StateBackend* backend) {
  spec_ = spec;
  codec_ = RowCodec(types);
  std::vector<DataType> unique;
  for (int column : spec_.unique_key) unique.push_back(types[static_cast<size_t>(column)]);
  unique_codec_ = RowCodec(std::move(unique));
  ASSIGN_OR_RETURN(state_, backend->OpenMap({name, 0, spec_.ttl_ms}));
  return Status::Ok();
}

void JoinState::Encode(const Batch& batch, int64_t begin, int64_t end) {
  codec_.EncodeRows(std::span(batch.columns).first(codec_.types().size()), begin, end, &encoded_);
  if (!spec_.has_unique_key || spec_.unique_in_join_key) return;
  std::vector<ColumnPtr> columns;
  for (int column : spec_.unique_key) columns.push_back(batch.column(column));
  unique_codec_.EncodeRows(columns, begin, end, &unique_keys_);
}

int32_t JoinState::CopiesOf(std::string_view value) {
  int32_t copies = 0;
  std::memcpy(&copies, value.data(), sizeof(copies));
  return copies;
}

void JoinState::Put(StateKey key, std::string_view element, int32_t copies, int32_t associations,
                    std::string_view row) {
  value_.assign(kHeader, '\0');
  std::memcpy(value_.data(), &copies, sizeof(copies));
  std::memcpy(value_.data() + sizeof(copies), &associations, sizeof(associations));
  value_.append(row);
  state_->Put(0, key, element, value_);
}

bool JoinState::Replaces(StateKey key, std::string_view element) {
  return spec_.has_unique_key && state_->Get(0, key, element).has_value();
}

void JoinState::Add(StateKey key, std::string_view element, int64_t row, int32_t associations) {
  if (spec_.has_unique_key) return Put(key, element, 1, associations, encoded_[row]);
  std::optional<std::string_view> old = state_->Get(0, key, element);
  Put(key, element, old ? CopiesOf(*old) + 1 : 1, associations, {});
}

void JoinState::Retract(StateKey key, std::string_view element) {
  if (spec_.has_unique_key) return state_->Erase(0, key, element);
  std::optional<std::string_view> old = state_->Get(0, key, element);
  if (!old) return;  // taken back before it came, or its time to live is over
  int32_t copies = CopiesOf(*old);
  if (copies <= 1) return state_->Erase(0, key, element);
  int32_t associations = 0;
  std::memcpy(&associations, old->data() + sizeof(copies), sizeof(associations));
  Put(key, element, copies - 1, associations, {});
}

int32_t JoinState::Associations(StateKey key, std::string_view element) {
  std::optional<std::string_view> value = state_->Get(0, key, element);
  int32_t associations = 0;
  if (value) std::memcpy(&associations, value->data() + sizeof(int32_t), sizeof(associations));
  return associations;
}

void JoinState::SetAssociations(StateKey key, std::string_view element, int32_t associations) {
  std::optional<std::string_view> value = state_->Get(0, key, element);
  if (!value) return;
  std::string changed(*value);
  std::memcpy(changed.data() + sizeof(int32_t), &associations, sizeof(associations));
  state_->Put(0, key, element, changed);
}

}  // namespace penstock
