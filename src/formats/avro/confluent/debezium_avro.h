// Debezium's envelopes in Avro, for the format debezium-avro-confluent: a record with the row before, the row
// after and what happened, read as changes and written from them. Steps 2 and 10 of a record's way.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/avro/confluent/avro_confluent_decoder.h"
#include "formats/avro/avro_encoder.h"
#include "formats/avro/avro_types.h"

namespace penstock {

// Reads the envelopes of one writer: c and r give +I, u gives -U and +U, d gives -D.
class DebeziumAvroReader : public AvroRecordReader {
 public:
  // An error names what the writer's schema lacks, or what does not go with the columns.
  static Result<std::unique_ptr<AvroRecordReader>> Make(AvroSchemaPtr writer, const AvroSchemaPtr& reader,
                                                        const std::vector<Field>& columns);
  bool Read(std::string_view record, DecodedRows* out, std::string* problem) const override;

 private:
  // The field `before` or `after`: a record, or a union of null and a record.
  struct Image {
    int field = -1;
    int branch = -1;  // of the record in the union; -1: no union
    std::unique_ptr<AvroProgram> program;
  };
  // Where a record's parts are.
  struct Parts {
    std::string_view before, after, op;
  };
  DebeziumAvroReader() = default;
  static Status FindImage(const AvroSchemaPtr& writer, const char* name, const AvroSchemaPtr& reader,
                          const std::vector<Field>& columns, Image* image);
  bool Split(AvroInput& in, Parts* parts) const;
  static bool ReadImage(const Image& image, std::string_view bytes, const char* change, RowKind kind,
                        DecodedRows* out, std::string* problem);
  bool ReadChange(const Parts& parts, DecodedRows* out, std::string* problem) const;

  AvroSchemaPtr writer_;
  Image before_, after_;
  int op_field_ = -1;
};

// Writes +I and +U as `c`, -U and -D as `d`.
class DebeziumAvroEncoder : public Encoder {
 public:
  static Result<std::unique_ptr<Encoder>> Make(const std::vector<Field>& columns, AvroTimestamps timestamps,
                                               std::string prefix);
  Status EncodeRow(const Batch& batch, int64_t row, std::string* out) override;

 private:
  DebeziumAvroEncoder(std::unique_ptr<AvroEncoder> image, std::string prefix)
      : image_(std::move(image)), prefix_(std::move(prefix)) {}

  std::unique_ptr<AvroEncoder> image_;
  std::string prefix_;
};

// The columns of an envelope around rows of those columns.
std::vector<Field> DebeziumEnvelope(const std::vector<Field>& columns);

}  // namespace penstock
