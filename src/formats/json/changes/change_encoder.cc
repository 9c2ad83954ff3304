// Writing records of changes. Step 10 of a record's way (docs/ARCHITECTURE.md).
#include "formats/json/changes/change_encoder.h"

namespace penstock {

ChangeEncoder::ChangeEncoder(const std::vector<Field>& columns, const ChangeDialect& dialect,
                             JsonOptions options)
    : row_(columns, options) {
  auto operation = [&](const char* value) {
    return std::string(",\"") + dialect.operation + "\":\"" + value + "\"}";
  };
  behind_add_ = operation(dialect.inserted);
  behind_delete_ = operation(dialect.deleted);
  if (dialect.tool == ChangeTool::kCanal) {
    before_add_ = before_delete_ = R"({"data":[)";
    behind_add_.insert(0, "]");
    behind_delete_.insert(0, "]");
  } else if (dialect.tool == ChangeTool::kMaxwell) {
    before_add_ = before_delete_ = R"({"data":)";
  } else {
    bool nulls = !options.ignore_null_fields;
    before_add_ = nulls ? R"({"before":null,"after":)" : R"({"after":)";
    before_delete_ = R"({"before":)";
    if (nulls) behind_delete_.insert(0, R"(,"after":null)");
  }
}

Status ChangeEncoder::EncodeRow(const Batch& batch, int64_t row, std::string* out) {
  bool added = IsAdd(batch.kind(row));
  *out += added ? before_add_ : before_delete_;
  RETURN_IF_ERROR(row_.EncodeRow(batch, row, out));
  *out += added ? behind_add_ : behind_delete_;
  return Status::Ok();
}

}  // namespace penstock
