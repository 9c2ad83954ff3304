// Fuzz target: CSV, decoded as a whole and in small pieces: the rows must be the same. The first byte chooses
// the options.
#include <cstdio>

#include "fuzz/decoded_text.h"

namespace {

using namespace penstock;

std::unique_ptr<Decoder> Make(uint8_t options, const std::vector<Field>& columns) {
  FormatRequest request;
  request.columns = request.stored = columns;
  request.prefix = "csv.";
  request.on_bad_record = OnBadRecord::kSkip;
  if (options & 1) request.options["ignore-parse-errors"] = "true";
  if (options & 2) request.options["escape-character"] = "\\";
  if (options & 4) request.options["allow-comments"] = "true";
  if (options & 8) request.options["null-literal"] = "n";
  if (options & 16) request.options["disable-quote-character"] = "true";
  const Format* format = FindFormat("csv").value();
  Result<std::unique_ptr<Decoder>> decoder = format->NewDecoder(request);
  CHECK(decoder.has_value());
  return std::move(*decoder);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<Field> columns = fuzz::Columns(false);
  if (data[0] & 32) columns = {{"a", DataType::Int()}, {"b", DataType::String()}};
  fuzz::Reading whole = fuzz::ReadStream(*Make(data[0], columns), text, text.size(), text.size(), columns);
  fuzz::Reading pieces = fuzz::ReadStream(*Make(data[0], columns), text, text.size(), 3, columns);
  if (!(whole == pieces)) {
    std::fprintf(stderr, "whole (%ld bad):\n%s\npieces (%ld bad):\n%s\n", static_cast<long>(whole.bad),
                 whole.rows.c_str(), static_cast<long>(pieces.bad), pieces.rows.c_str());
  }
  CHECK(whole == pieces);
  return 0;
}
