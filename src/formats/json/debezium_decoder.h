// DebeziumDecoder: Debezium's envelopes to changes, step 2 of a record's way. It finds the parts of the
// envelope and hands the text of `before` and `after` to a JsonDecoder, which appends them as rows: c and r
// give +I, u gives -U and +U, d gives -D. A record without bytes (a tombstone) has no row.
#pragma once

#include <memory>
#include <vector>

#include "formats/json/debezium_format.h"
#include "formats/json/json_decoder.h"

namespace penstock {

class DebeziumDecoder : public Decoder {
 public:
  // `metadata`: what the last columns of the request are read from.
  DebeziumDecoder(const FormatRequest& request, DebeziumOptions options,
                  std::vector<DebeziumMetadata> metadata);
  ~DebeziumDecoder() override;
  Status DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
  OnBadRecord on_bad_record_;
};

}  // namespace penstock
