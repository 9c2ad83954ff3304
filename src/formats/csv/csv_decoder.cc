// Cutting bytes into records and cells, and cells into values.
#include "formats/csv/csv_decoder.h"

#include <cstring>

#include "base/utf8.h"
#include "data/datetime.h"
#include "formats/text_values.h"

namespace penstock {

namespace {
// A quote that is never closed makes no record longer than this.
constexpr size_t kMaxRecord = 64 << 20;
}  // namespace

CsvDecoder::CsvDecoder(const FormatRequest& request, CsvOptions options)
    : options_(std::move(options)), mode_(request.on_bad_record), stored_(request.stored) {
  if (options_.ignore_parse_errors) mode_ = OnBadRecord::kSkip;
  for (const Field& field : stored_) {
    int target = -1;
    for (size_t i = 0; i < request.columns.size(); ++i) {
      if (request.columns[i].name == field.name) target = static_cast<int>(i);
    }
    targets_.push_back(target);
  }
}

// `at` stands behind the opening quote; afterwards behind the closing one.
CsvDecoder::Scan CsvDecoder::ScanQuoted(std::string_view bytes, size_t* at) {
  Cell cell{*at, *at, false, true};
  size_t plain = *at;
  auto copy_until = [&](size_t end) {
    if (!cell.in_scratch) {
      cell.in_scratch = true;
      cell.begin = scratch_.size();
    }
    scratch_.append(bytes.substr(plain, end - plain));
  };
  size_t i = *at;
  for (; i < bytes.size(); ++i) {
    if (options_.escape && bytes[i] == *options_.escape && i + 1 < bytes.size()) {
      copy_until(i);
      plain = ++i;  // the escaped character stands for itself
    } else if (bytes[i] == *options_.quote) {
      if (i + 1 >= bytes.size() || bytes[i + 1] != *options_.quote) break;
      copy_until(i);
      plain = ++i;
    }
  }
  if (i >= bytes.size()) return Scan::kIncomplete;
  if (cell.in_scratch) {
    copy_until(i);
    cell.end = scratch_.size();
  } else {
    cell.end = i;
  }
  cells_.push_back(cell);
  *at = i + 1;
  return Scan::kRecord;
}

void CsvDecoder::ScanPlain(std::string_view bytes, size_t* at) {
  Cell cell{*at, *at, false, false};
  size_t i = *at;
  size_t plain = i;
  for (; i < bytes.size() && bytes[i] != options_.delimiter && bytes[i] != '\n'; ++i) {
    if (!options_.escape || bytes[i] != *options_.escape || i + 1 >= bytes.size()) continue;
    if (!cell.in_scratch) {
      cell.in_scratch = true;
      cell.begin = scratch_.size();
    }
    scratch_.append(bytes.substr(plain, i - plain));
    plain = ++i;
  }
  size_t end = i;
  if (end > plain && bytes[end - 1] == '\r' && (i == bytes.size() || bytes[i] == '\n')) --end;
  if (cell.in_scratch) {
    scratch_.append(bytes.substr(plain, end - plain));
    cell.end = scratch_.size();
  } else {
    cell.end = end;
  }
  cells_.push_back(cell);
  *at = i;
}

CsvDecoder::Scan CsvDecoder::ScanRecord(std::string_view bytes, size_t at, bool last, size_t* next) {
  cells_.clear();
  scratch_.clear();
  Scan unfinished = last || bytes.size() - at > kMaxRecord ? Scan::kMalformed : Scan::kIncomplete;
  while (true) {
    if (options_.quote && at < bytes.size() && bytes[at] == *options_.quote) {
      ++at;
      if (ScanQuoted(bytes, &at) != Scan::kRecord) {
        problem_ = "missing closing quote";
        return unfinished;
      }
      while (at < bytes.size() && bytes[at] == ' ' && options_.delimiter != ' ') ++at;
      if (at < bytes.size() && bytes[at] == '\r' && (at + 1 == bytes.size() || bytes[at + 1] == '\n')) ++at;
      if (at < bytes.size() && bytes[at] != options_.delimiter && bytes[at] != '\n') {
        problem_ = "expected a delimiter or the end of the line behind a closing quote";
        return Scan::kMalformed;
      }
    } else {
      ScanPlain(bytes, &at);
    }
    if (at >= bytes.size()) {
      *next = bytes.size();
      return last ? Scan::kRecord : Scan::kIncomplete;
    }
    if (bytes[at] == '\n') {
      *next = at + 1;
      return Scan::kRecord;
    }
    ++at;
  }
}

std::string_view CsvDecoder::TextOf(const Cell& cell, std::string_view bytes) const {
  return (cell.in_scratch ? std::string_view(scratch_) : bytes).substr(cell.begin, cell.end - cell.begin);
}

// Elements of an ARRAY or fields of a ROW within one cell.
bool CsvDecoder::AppendParts(std::string_view text, const DataType& type, ColumnBuilder* to) {
  bool array = type.is(TypeKind::kArray);
  size_t part = 0;
  for (size_t at = 0; !(array && text.empty());) {
    size_t end = std::min(text.find(options_.array_delimiter, at), text.size());
    if (!array && part >= type.fields().size()) return false;
    const DataType& part_type = array ? type.element() : type.fields()[part].type;
    if (!AppendCell(text.substr(at, end - at), part_type, &to->child(array ? 0 : part))) return false;
    ++part;
    if (end == text.size()) break;
    at = end + options_.array_delimiter.size();
  }
  if (array) {
    to->CloseList();
    return true;
  }
  if (part != type.fields().size()) return false;
  to->CloseRow();
  return true;
}

bool CsvDecoder::AppendCell(std::string_view text, const DataType& type, ColumnBuilder* to) {
  if (options_.null_literal && text == *options_.null_literal) {
    to->AppendNull();
    return true;
  }
  int64_t length = to->length();
  bool done = false;
  if (type.is(TypeKind::kArray) || type.is(TypeKind::kRow)) {
    done = AppendParts(text, type, to);
  } else if (type.is(TypeKind::kDate)) {
    // As java.sql.Date.valueOf: one digit is enough for month and day.
    std::optional<int64_t> days =
        text.find_first_not_of("0123456789-") == std::string_view::npos ? ParseDate(text) : std::nullopt;
    done = days.has_value();
    if (done) to->Append(static_cast<int32_t>(*days));
  } else {
    std::string_view trimmed = text;
    while (type.is_timestamp() && !trimmed.empty() && trimmed.front() == ' ') trimmed.remove_prefix(1);
    while (type.is_timestamp() && !trimmed.empty() && trimmed.back() == ' ') trimmed.remove_suffix(1);
    TimestampStandard standard =
        type.is(TypeKind::kTime) ? TimestampStandard::kIso8601 : TimestampStandard::kSql;
    done = AppendFromText(trimmed, type, standard, to);
  }
  if (done) return true;
  to->Truncate(length);
  if (options_.ignore_parse_errors) {
    ++bad_fields_;
    to->AppendNull();
    return true;
  }
  problem_ = "cannot read '" + std::string(text.substr(0, 100)) + "' as " + type.ToString();
  return false;
}

bool CsvDecoder::AppendRow(std::string_view bytes, DecodedRows* out) {
  if (cells_.size() > stored_.size() || (cells_.size() < stored_.size() && !options_.ignore_parse_errors)) {
    problem_ = "row length mismatch: " + std::to_string(stored_.size()) + " fields expected but was " +
               std::to_string(cells_.size());
    return false;
  }
  bad_fields_ = 0;
  for (size_t i = 0; i < stored_.size(); ++i) {
    if (targets_[i] < 0) continue;
    ColumnBuilder& to = out->builders[static_cast<size_t>(targets_[i])];
    if (i >= cells_.size()) {
      ++bad_fields_;
      to.AppendNull();
      continue;
    }
    if (AppendCell(TextOf(cells_[i], bytes), stored_[i].type, &to)) continue;
    problem_ = "field '" + stored_[i].name + "': " + problem_;
    out->DropUnfinishedRow();
    return false;
  }
  out->AddRow();
  out->bad.AddFields(bad_fields_);
  return true;
}

Status CsvDecoder::DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) {
  size_t next = 0;
  if (!IsValidUtf8(record)) return ReportBadRecord(record, "not valid UTF-8", offset, mode_, out);
  if (options_.allow_comments && record.starts_with('#')) return Status::Ok();
  if (ScanRecord(record, 0, true, &next) == Scan::kRecord && AppendRow(record, out)) return Status::Ok();
  return ReportBadRecord(record, problem_, offset, mode_, out);
}

Result<size_t> CsvDecoder::DecodeStream(std::string_view bytes, bool last, int64_t max_rows,
                                        DecodedRows* out) {
  size_t at = 0;
  while (at < bytes.size() && out->rows < max_rows) {
    size_t next = 0;
    if (options_.allow_comments && bytes[at] == '#') {
      size_t newline = bytes.find('\n', at);
      if (newline == std::string_view::npos && !last) break;
      at = newline == std::string_view::npos ? bytes.size() : newline + 1;
      continue;
    }
    Scan scan = ScanRecord(bytes, at, last, &next);
    if (scan == Scan::kIncomplete) break;
    if (scan == Scan::kMalformed) {
      size_t newline = bytes.find('\n', at);
      if (newline == std::string_view::npos && !last) break;
      next = newline == std::string_view::npos ? bytes.size() : newline + 1;
    }
    std::string_view record = bytes.substr(at, next - at);
    while (!record.empty() && (record.back() == '\n' || record.back() == '\r')) record.remove_suffix(1);
    bool valid = IsValidUtf8(record);
    if (!valid) problem_ = "not valid UTF-8";
    if (scan != Scan::kRecord || !valid || !AppendRow(bytes, out)) {
      RETURN_IF_ERROR(ReportBadRecord(record, problem_, at, mode_, out));
    }
    at = next;
  }
  return at;
}

}  // namespace penstock
