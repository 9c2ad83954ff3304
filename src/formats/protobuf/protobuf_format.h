// The protobuf format (docs/reference/formats/protobuf.md): one message a record, described by a descriptor
// set.
#pragma once

#include "formats/format.h"
#include "formats/protobuf/proto_decoder.h"

namespace penstock {

class ProtobufFormat : public Format {
 public:
  std::string name() const override { return "protobuf"; }
  std::vector<std::string> options() const override {
    return {"message-class-name", "descriptor-file", "read-default-values", "ignore-parse-errors",
            "write-null-string-literal"};
  }
  Status Check(const FormatRequest& request) const override;
  bool nested_projection(const FormatRequest&) const override { return true; }
  bool files() const override { return false; }
  std::string file_option() const override { return "descriptor-file"; }
  Result<std::unique_ptr<Decoder>> NewDecoder(const FormatRequest& request) const override;
  Result<std::unique_ptr<Encoder>> NewEncoder(const FormatRequest& request) const override;
};

}  // namespace penstock
