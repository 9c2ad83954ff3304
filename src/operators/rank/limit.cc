// Counting rows.
#include "operators/rank/limit.h"

#include <algorithm>

namespace penstock {

std::string LimitSpec::Serialize() const {
  ByteWriter out;
  out.Fixed(limit);
  out.Fixed(offset);
  WriteTypes(types, out);
  return out.Take();
}

Result<LimitSpec> LimitSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  LimitSpec spec;
  spec.limit = in.Fixed<int64_t>();
  spec.offset = in.Fixed<int64_t>();
  ASSIGN_OR_RETURN(spec.types, ReadTypes(in));
  return spec;
}

Result<Progress> Limit::Process(int, const Batch& batch, Output& out) {
  int64_t end = spec_.limit < 0 ? INT64_MAX : spec_.offset + spec_.limit;
  std::vector<int32_t> passing;
  for (int64_t row = 0; row < batch.rows; ++row) {
    ++seen_;
    if (seen_ > spec_.offset && seen_ <= end) passing.push_back(static_cast<int32_t>(row));
  }
  Batch result = static_cast<int64_t>(passing.size()) == batch.rows ? batch : batch.Take(passing);
  if (!result.empty()) out.Emit(std::move(result));
  return Progress::kDone;
}

Status Limit::SnapshotState(std::vector<std::string>* out) {
  ByteWriter bytes;
  bytes.Fixed(seen_);
  out->push_back(bytes.Take());
  return Status::Ok();
}

Status Limit::RestoreState(const std::vector<std::string>& lists) {
  for (const std::string& list : lists) {
    ByteReader in(list);
    seen_ += in.Fixed<int64_t>();
  }
  return Status::Ok();
}

}  // namespace penstock
