// Keeping values in the order of their arrival.
#include "expr/aggregates/arrival_kernel.h"

namespace penstock {

namespace {
// Big-endian, so that the view's order is that of arrival.
std::string NumberBytes(int64_t number) {
  std::string bytes(sizeof(number), '\0');
  for (size_t i = 0; i < sizeof(number); ++i) bytes[i] = static_cast<char>(number >> (8 * (7 - i)));
  return bytes;
}
}  // namespace

Status ArrivalKernel::Apply(const AggregateInput& in, int64_t row, uint8_t* state) {
  auto i = static_cast<size_t>(row);
  if (!keeps_nulls_ && in.args[0]->IsNull(row)) return Status::Ok();
  scratch_.clear();
  codec_.EncodeRow(std::span(in.args.data(), 1), row, &scratch_);
  if (in.signs[i] < 0) {
    Remove(in.groups[i]);
    return Status::Ok();
  }
  int64_t next = 0;
  std::memcpy(&next, state, sizeof(next));
  std::string number = NumberBytes(next++);
  std::memcpy(state, &next, sizeof(next));
  view(0)->Put(in.groups[i], number, scratch_);
  if (!retracts_) return Status::Ok();
  std::optional<std::string_view> numbers = view(1)->Get(in.groups[i], scratch_);
  std::string all = numbers ? std::string(*numbers) + number : number;
  view(1)->Put(in.groups[i], scratch_, all);
  return Status::Ok();
}

void ArrivalKernel::Remove(std::string_view group) {
  if (!retracts_) return;
  std::optional<std::string_view> numbers = view(1)->Get(group, scratch_);
  if (!numbers) return;  // taken back before it came
  std::string rest(numbers->substr(sizeof(int64_t)));
  view(0)->Erase(group, std::string(numbers->substr(0, sizeof(int64_t))));
  if (rest.empty()) {
    view(1)->Erase(group, scratch_);
  } else {
    view(1)->Put(group, scratch_, rest);
  }
}

ColumnPtr ArrivalKernel::Values(std::string_view group) const {
  ColumnBuilder values(type_);
  view(0)->ForEach(group, [&](std::string_view, std::string_view value) {
    codec_.Decode(value, std::span(&values, 1));
    return true;
  });
  return values.Finish();
}

void ArrivalKernel::WriteFirst(std::string_view group, ColumnBuilder* out) const {
  WriteAt(group, view(0)->First(group), out);
}

void ArrivalKernel::WriteLast(std::string_view group, ColumnBuilder* out) const {
  WriteAt(group, view(0)->Last(group), out);
}

void ArrivalKernel::WriteAt(std::string_view group, const std::optional<std::string>& number,
                            ColumnBuilder* out) const {
  std::optional<std::string_view> value;
  if (number) value = view(0)->Get(group, *number);
  if (value) {
    codec_.Decode(*value, std::span(out, 1));
  } else {
    out->AppendNull();
  }
}

}  // namespace penstock
