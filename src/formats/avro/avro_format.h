// The avro format (docs/reference/formats/avro.md): container files for the filesystem connector, bare
// records of the table's schema for messages.
#pragma once

#include "formats/avro/avro_codec.h"
#include "formats/avro/avro_types.h"
#include "formats/format.h"

namespace penstock {

struct AvroOptions {
  AvroCodec codec = AvroCodec::kSnappy;
  AvroTimestamps timestamps = AvroTimestamps::kLegacy;

  static Result<AvroOptions> Parse(const FormatRequest& request);
};

class AvroFormat : public Format {
 public:
  std::string name() const override { return "avro"; }
  std::vector<std::string> options() const override {
    return {"codec", "encoding", "timestamp_mapping.legacy"};
  }
  Status Check(const FormatRequest& request) const override;
  bool nested_projection(const FormatRequest&) const override { return true; }
  bool bulk() const override { return true; }
  bool records() const override { return true; }
  Result<std::unique_ptr<Decoder>> NewDecoder(const FormatRequest& request) const override;
  Result<std::unique_ptr<Encoder>> NewEncoder(const FormatRequest& request) const override;
  Result<std::unique_ptr<BulkReader>> NewBulkReader(const FormatRequest&, ByteSource*) const override;
  Result<std::unique_ptr<BulkWriter>> NewBulkWriter(const FormatRequest&, ByteSink*) const override;
};

}  // namespace penstock
