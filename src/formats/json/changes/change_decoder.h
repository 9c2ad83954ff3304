// ChangeDecoder: records of Canal, Maxwell and GoldenGate to changes, step 2 of a record's way. It finds the
// parts of a record and hands the text of its rows to a JsonDecoder. What an update of Canal or Maxwell does
// not name among the old values has not changed. A record without bytes (a tombstone) has no row.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/json/changes/change_format.h"
#include "formats/json/json_decoder.h"

namespace penstock {

struct ChangeOptions {
  JsonOptions json;
  std::string database, table;  // Java patterns that Canal's records have to match; "" takes all

  static Result<ChangeOptions> Parse(const FormatRequest& request);
};

class ChangeDecoder : public Decoder {
 public:
  // `metadata`: what the last columns of the request are read from.
  ChangeDecoder(const FormatRequest& request, const ChangeDialect& dialect, ChangeOptions options,
                std::vector<const ChangeMetadata*> metadata);
  ~ChangeDecoder() override;
  Status DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
  OnBadRecord on_bad_record_;
};

}  // namespace penstock
