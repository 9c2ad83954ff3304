// Records without a header.
// Step 2 of a record's way (docs/ARCHITECTURE.md).
#include "formats/avro/avro_decoder.h"

namespace penstock {

bool DecodeAvroRecord(const AvroProgram& program, std::string_view bytes, DecodedRows* out,
                      std::string* problem) {
  AvroInput in(bytes);
  if (program.Read(in, out->builders) &&
      (in.left() == 0 || in.Fail(std::to_string(in.left()) + " bytes are left behind the record"))) {
    out->AddRow();
    return true;
  }
  out->DropUnfinishedRow();
  *problem = "bad Avro record: " + in.problem();
  return false;
}

Status AvroDecoder::DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) {
  std::string problem;
  if (DecodeAvroRecord(program_, record, out, &problem)) return Status::Ok();
  return ReportBadRecord(record, problem, offset, on_bad_record_, out);
}

}  // namespace penstock
