// Fuzz target: lines of JSON, decoded as a whole, in small pieces, and record by record: the rows must be the
// same. The first byte chooses the options.
#include <cstdio>

#include "fuzz/decoded_text.h"

namespace {

using namespace penstock;

std::unique_ptr<Decoder> Make(uint8_t options, const std::vector<Field>& columns) {
  FormatRequest request;
  request.columns = request.stored = columns;
  request.prefix = "json.";
  request.on_bad_record = OnBadRecord::kSkip;
  if (options & 1) request.options["ignore-parse-errors"] = "true";
  if ((options & 3) == 2) request.options["fail-on-missing-field"] = "true";
  if (options & 4) request.options["timestamp-format.standard"] = "ISO-8601";
  const Format* format = FindFormat("json").value();
  Result<std::unique_ptr<Decoder>> decoder = format->NewDecoder(request);
  CHECK(decoder.has_value());
  return std::move(*decoder);
}

fuzz::Reading RecordByRecord(Decoder& decoder, const std::string& text, const std::vector<Field>& columns) {
  fuzz::Reading reading;
  DecodedRows decoded(Schema(columns).types(), true);
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string record = text.substr(begin, end - begin);
    if (!record.empty() && record.back() == '\r') record.pop_back();
    size_t length = record.size();
    record.append(kDecodePadding, '\0');
    if (length > 0) {
      CHECK(decoder.DecodeRecord(std::string_view(record).substr(0, length), begin, &decoded).ok());
    }
    fuzz::Append(&decoded, columns, &reading);
    begin = end + 1;
  }
  reading.bad = decoded.bad.count();
  return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<Field> columns = fuzz::Columns((data[0] & 8) != 0);
  fuzz::Reading whole = fuzz::ReadStream(*Make(data[0], columns), text, text.size(), text.size(), columns);
  fuzz::Reading pieces = fuzz::ReadStream(*Make(data[0], columns), text, text.size(), 5, columns);
  fuzz::Reading records = RecordByRecord(*Make(data[0], columns), text, columns);
  if (!(whole == pieces) || !(whole == records)) {
    std::fprintf(stderr, "whole (%ld bad):\n%s\npieces (%ld bad):\n%s\nrecords (%ld bad):\n%s\n",
                 static_cast<long>(whole.bad), whole.rows.c_str(), static_cast<long>(pieces.bad),
                 pieces.rows.c_str(), static_cast<long>(records.bad), records.rows.c_str());
  }
  CHECK(whole == pieces);
  CHECK(whole == records);
  return 0;
}
