// JsonDecoder: JSON objects to columns, step 2 of a record's way. Driven by the schema: it walks the fields
// in the order of the text, expects them in the order of the record before, and appends the wanted ones to
// their builders without building a document; the fields of a ROW type that the plan left out are not looked
// at either. A top-level array gives one row an element.
#pragma once

#include <memory>
#include <vector>

#include "formats/decoder.h"
#include "formats/json/json_format.h"

namespace penstock {

class JsonDecoder : public Decoder {
 public:
  JsonDecoder(const std::vector<Field>& columns, JsonOptions options, OnBadRecord on_bad_record);
  ~JsonDecoder() override;
  Status DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) override;
  // Decodes a record without reporting it: false, nothing appended and the reason in problem() when it is
  // bad. REQUIRES: kDecodePadding bytes behind it may be read.
  bool TryRecord(std::string_view record, DecodedRows* out);
  const std::string& problem() const;
  // One record a line. A line that is no JSON spoils none but itself.
  Result<size_t> DecodeStream(std::string_view bytes, bool last, int64_t max_rows, DecodedRows* out) override;

 private:
  Result<size_t> DecodeLines(std::string_view bytes, size_t begin, size_t end, bool valid, int64_t max_rows,
                             DecodedRows* out);
  Status DecodeCarefully(std::string_view record, size_t offset, DecodedRows* out);
  bool TryCarefully(std::string_view record, DecodedRows* out);

  struct Rep;
  std::unique_ptr<Rep> rep_;
  OnBadRecord on_bad_record_;
};

}  // namespace penstock
