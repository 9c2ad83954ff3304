// Line-wise decoding of streams, and the hand-over of decoded rows.
#include "formats/decoder.h"

#include <cstring>

#include "base/strings.h"
#include "data/row_codec.h"

namespace penstock {

DecodedRows::DecodedRows(const std::vector<DataType>& types, bool keep_bad_rows)
    : builders(MakeBuilders(types)), bad(keep_bad_rows) {}

Batch DecodedRows::Take() {
  Batch batch(rows, FinishBuilders(builders));
  batch.kinds = std::move(kinds);
  kinds = nullptr;
  rows = 0;
  return batch;
}

Result<size_t> Decoder::DecodeStream(std::string_view bytes, bool last, int64_t max_rows, DecodedRows* out) {
  size_t at = 0;
  while (at < bytes.size() && out->rows < max_rows) {
    const void* newline = std::memchr(bytes.data() + at, '\n', bytes.size() - at);
    if (newline == nullptr && !last) break;
    size_t end = newline != nullptr ? static_cast<size_t>(static_cast<const char*>(newline) - bytes.data())
                                    : bytes.size();
    std::string_view line = bytes.substr(at, end - at);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty() || takes_empty_lines()) RETURN_IF_ERROR(DecodeRecord(line, at, out));
    at = std::min(end + 1, bytes.size());
  }
  return at;
}

Status ReportBadRecord(std::string_view record, std::string_view problem, size_t offset, OnBadRecord mode,
                       DecodedRows* out) {
  if (mode == OnBadRecord::kSkip) {
    out->bad.Add(record, problem, out->PositionOf(offset));
    return Status::Ok();
  }
  return SqlError(ErrorNumber::kBadRecord, {},
                  "bad record at " + out->PositionOf(offset) + ": " + std::string(problem) + ": " +
                      QuoteJson(record.substr(0, 200)),
                  "skip such records with the format's option 'ignore-parse-errors', or keep them: SET "
                  "'penstock.bad-rows.<table>' = '<sink>'");
}

}  // namespace penstock
