// What the unit tests of formats share: decoding messages one by one, and rows as text with their kinds.
// Tests only.
#pragma once

#include <string>
#include <vector>

#include "data/value_text.h"
#include "formats/format.h"

namespace penstock::format_harness {

inline FormatRequest Request(std::vector<Field> columns, const Options& options = {}) {
  FormatRequest request;
  request.prefix = "f.";
  request.options = options;
  request.columns = request.stored = std::move(columns);
  request.on_bad_record = OnBadRecord::kSkip;
  return request;
}

// "+I 1|a", one line a row.
inline std::string RowsText(const Batch& batch, const std::vector<Field>& fields) {
  std::string text;
  for (int64_t row = 0; row < batch.rows; ++row) {
    text += std::string(RowKindText(batch.kind(row))) + " ";
    for (size_t i = 0; i < fields.size(); ++i) {
      Value value = batch.columns[i]->ValueAt(row);
      text += (i > 0 ? "|" : "");
      text += value.is_null() ? "NULL" : ValueToText(value, fields[i].type, TimeZone::Utc());
    }
    text += "\n";
  }
  return text;
}

struct Decoded {
  std::string rows;
  std::vector<std::string> errors;  // "problem @ position" of each bad record
  std::string status;               // of the call that failed, if one did
};

// Decodes each message as a record of its own.
inline Decoded DecodeMessages(Decoder& decoder, const std::vector<Field>& columns,
                              const std::vector<std::string>& messages) {
  DecodedRows out(Schema(columns).types(), true);
  out.source = "t-0";
  Decoded result;
  for (size_t i = 0; i < messages.size(); ++i) {
    std::string padded = messages[i] + std::string(kDecodePadding, '\0');
    Status status = decoder.DecodeRecord(std::string_view(padded).substr(0, messages[i].size()), i, &out);
    if (status.ok()) continue;
    result.status = status.message();
    break;
  }
  Batch bad = out.bad.Take();
  for (int64_t row = 0; row < bad.rows; ++row) {
    result.errors.push_back(std::string(bad.columns[1]->StringAt(row)) + " @ " +
                            std::string(bad.columns[2]->StringAt(row)));
  }
  result.rows = RowsText(out.Take(), columns);
  return result;
}

inline Decoded DecodeMessages(const std::string& format, const FormatRequest& request,
                              const std::vector<std::string>& messages) {
  Result<std::unique_ptr<Decoder>> decoder = FindFormat(format).value()->NewDecoder(request);
  if (!decoder) return {"", {}, decoder.error().message()};
  return DecodeMessages(**decoder, request.columns, messages);
}

// Encodes every row as a message.
inline std::vector<std::string> EncodeMessages(Encoder& encoder, const Batch& batch) {
  std::vector<std::string> messages;
  for (int64_t row = 0; row < batch.rows; ++row) {
    std::string message;
    Status status = encoder.EncodeRow(batch, row, &message);
    messages.push_back(status.ok() ? message : "error: " + status.message());
  }
  return messages;
}

// A batch of the rows; kinds may be empty (all +I).
inline Batch MakeBatch(const std::vector<Field>& fields, const std::vector<ValueRow>& rows,
                       const std::vector<RowKind>& kinds = {}) {
  DecodedRows out(Schema(fields).types(), false);
  for (size_t row = 0; row < rows.size(); ++row) {
    for (size_t i = 0; i < fields.size(); ++i) out.builders[i].AppendValue(rows[row][i]);
    out.AddRow(kinds.empty() ? RowKind::kInsert : kinds[row]);
  }
  return out.Take();
}

}  // namespace penstock::format_harness
