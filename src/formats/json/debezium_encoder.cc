// Writing Debezium's envelopes.
// Step 10 of a record's way (docs/ARCHITECTURE.md).
#include "formats/json/debezium_encoder.h"

namespace penstock {

Status DebeziumEncoder::EncodeRow(const Batch& batch, int64_t row, std::string* out) {
  bool added = IsAdd(batch.kind(row));
  *out += added && !leave_out_nulls_ ? R"({"before":null,"after":)"
          : added                    ? R"({"after":)"
                                     : R"({"before":)";
  RETURN_IF_ERROR(row_.EncodeRow(batch, row, out));
  *out += added ? R"(,"op":"c"})" : leave_out_nulls_ ? R"(,"op":"d"})" : R"(,"after":null,"op":"d"})";
  return Status::Ok();
}

}  // namespace penstock
