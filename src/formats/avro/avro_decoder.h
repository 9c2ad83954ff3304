// AvroDecoder: messages that are one record each, without a header: the writer's schema has to be known, and
// is that of the table's columns (format `avro` in Kafka). Step 2 of a record's way.
#pragma once

#include "formats/avro/avro_program.h"
#include "formats/decoder.h"

namespace penstock {

class AvroDecoder : public Decoder {
 public:
  // REQUIRES: the program is usable.
  AvroDecoder(AvroProgram program, OnBadRecord on_bad_record)
      : program_(std::move(program)), on_bad_record_(on_bad_record) {}
  Status DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) override;

 private:
  AvroProgram program_;
  OnBadRecord on_bad_record_;
};

// Appends the record that `bytes` consist of as a row; false, and nothing is appended, when they are none.
bool DecodeAvroRecord(const AvroProgram& program, std::string_view bytes, DecodedRows* out,
                      std::string* problem);

}  // namespace penstock
