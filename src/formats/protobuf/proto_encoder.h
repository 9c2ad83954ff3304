// ProtoEncoder: rows as protobuf messages, step 10 of a record's way. NULL columns are left out, and so are
// values that equal the default of a field without presence (proto3), as protobuf's own writers do.
#pragma once

#include <string>

#include "formats/encoder.h"
#include "formats/protobuf/proto_decoder.h"

namespace penstock {

class ProtoEncoder : public Encoder {
 public:
  // `root` names all columns; required fields of the message that are no column make every row fail.
  ProtoEncoder(ProtoSchemaPtr schema, ProtoStep root, ProtobufOptions options)
      : schema_(std::move(schema)), root_(std::move(root)), options_(std::move(options)) {}
  Status EncodeRow(const Batch& batch, int64_t row, std::string* out) override;

 private:
  ProtoSchemaPtr schema_;
  ProtoStep root_;
  ProtobufOptions options_;
};

}  // namespace penstock
