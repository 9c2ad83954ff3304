// Taking records of changes apart. Step 2 of a record's way (docs/ARCHITECTURE.md).
#include "formats/json/changes/change_decoder.h"

#include <algorithm>
#include <charconv>

#include "base/strings.h"
#include "expr/functions/text/regexp_pattern.h"
#include "formats/json/changes/json_parts.h"

namespace penstock {

namespace {

constexpr int64_t kMillisMax = 8'640'000'000'000'000;  // 100 million days: microseconds fit, in any zone

std::string_view Find(const std::vector<JsonPart>& parts, std::string_view key, bool* there = nullptr) {
  // Of several fields of a name the last counts.
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (part->key != key) continue;
    if (there != nullptr) *there = true;
    return part->text;
  }
  return {};
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<std::unique_ptr<Regex>> WholeMatch(const std::string& pattern) {
  if (pattern.empty()) return std::unique_ptr<Regex>();
  return Regex::CompileJava("^(?:" + pattern + ")\\z");
}

}  // namespace

struct ChangeDecoder::Rep {
  Rep(const FormatRequest& request, const ChangeDialect& of, ChangeOptions given,
      std::vector<const ChangeMetadata*> wanted)
      : dialect(of),
        options(std::move(given)),
        metadata(std::move(wanted)),
        columns(request.columns),
        zone(request.zone),
        rows(std::vector<Field>(columns.begin(),
                                columns.begin() + static_cast<ptrdiff_t>(request.physical_columns())),
             options.json, OnBadRecord::kFail),
        first_metadata(request.physical_columns()) {}

  bool Wrong(std::string text) {
    problem = std::move(text);
    return false;
  }
  bool Decode(std::string_view record, DecodedRows* out);
  bool Includes(const Regex* pattern, const char* field, bool* included);
  bool DecodeCanal(std::string_view operation, DecodedRows* out);
  bool DecodeMaxwell(std::string_view operation, DecodedRows* out);
  bool DecodeOgg(std::string_view operation, DecodedRows* out);
  bool Unknown(std::string_view operation) {
    return Wrong("unknown \"" + std::string(dialect.operation) + "\" value \"" +
                 std::string(operation.substr(0, 100)) + "\"");
  }
  bool AppendUpdate(std::string_view old, std::string_view now, DecodedRows* out);
  bool AppendRow(std::string_view json, const char* name, RowKind kind, DecodedRows* out);
  bool AppendMetadata(DecodedRows* out);
  bool AppendOne(const ChangeMetadata& wanted, const DataType& type, ColumnBuilder* to);
  bool AppendTexts(std::string_view json, ColumnBuilder* to);
  bool AppendNumbers(std::string_view json, ColumnBuilder* to);
  void AppendInstant(std::optional<int128_t> nanos, const DataType& type, ColumnBuilder* to) const;

  const ChangeDialect& dialect;
  ChangeOptions options;
  std::vector<const ChangeMetadata*> metadata;
  std::vector<Field> columns;
  const TimeZone* zone;
  JsonDecoder rows;
  size_t first_metadata;
  std::unique_ptr<Regex> database, table;  // null: all
  JsonParts json;
  std::vector<JsonPart> fields;  // of the record
  std::vector<JsonPart> now_rows, old_rows, now_fields, old_fields, parts;
  std::string merged, problem;
};

bool ChangeDecoder::Rep::Decode(std::string_view record, DecodedRows* out) {
  if (!json.Fields(record, &fields)) return Wrong(json.problem());
  bool included = true;
  if (!Includes(database.get(), "database", &included) || !Includes(table.get(), "table", &included))
    return false;
  if (!included) return true;
  std::string_view text = Find(fields, dialect.operation), operation;
  if (text.empty()) return Wrong("the record has no \"" + std::string(dialect.operation) + "\"");
  if (!json.Unquoted(text, &operation)) return Wrong(json.problem());
  std::string copy(operation);
  if (dialect.tool == ChangeTool::kCanal) return DecodeCanal(copy, out);
  return dialect.tool == ChangeTool::kMaxwell ? DecodeMaxwell(copy, out) : DecodeOgg(copy, out);
}

bool ChangeDecoder::Rep::Includes(const Regex* pattern, const char* field, bool* included) {
  if (pattern == nullptr || !*included) return true;
  std::string_view text = Find(fields, field), name;
  if (text.empty()) return Wrong("the record has no \"" + std::string(field) + "\"");
  if (!json.Unquoted(text, &name)) return Wrong(json.problem());
  *included = pattern->Find(name, 0);
  return true;
}

// Several rows a record; "old" has as many as "data".
bool ChangeDecoder::Rep::DecodeCanal(std::string_view operation, DecodedRows* out) {
  if (operation == "CREATE") return true;  // of a table
  bool update = operation == dialect.updated, deletion = operation == dialect.deleted;
  if (!update && !deletion && operation != dialect.inserted) return Unknown(operation);
  if (!json.Elements(Find(fields, "data"), &now_rows)) return Wrong("\"data\": " + json.problem());
  if (update && !json.Elements(Find(fields, "old"), &old_rows)) return Wrong("\"old\": " + json.problem());
  if (update && old_rows.size() < now_rows.size()) return Wrong("\"old\" has fewer rows than \"data\"");
  for (size_t i = 0; i < now_rows.size(); ++i) {
    bool appended =
        update ? AppendUpdate(old_rows[i].text, now_rows[i].text, out)
               : AppendRow(now_rows[i].text, "data", deletion ? RowKind::kDelete : RowKind::kInsert, out);
    if (!appended) return false;
  }
  return true;
}

bool ChangeDecoder::Rep::DecodeMaxwell(std::string_view operation, DecodedRows* out) {
  std::string_view data = Find(fields, "data");
  if (operation == dialect.inserted) return AppendRow(data, "data", RowKind::kInsert, out);
  if (operation == dialect.deleted) return AppendRow(data, "data", RowKind::kDelete, out);
  if (operation == dialect.updated) return AppendUpdate(Find(fields, "old"), data, out);
  return Unknown(operation);
}

bool ChangeDecoder::Rep::DecodeOgg(std::string_view operation, DecodedRows* out) {
  std::string_view before = Find(fields, "before"), after = Find(fields, "after");
  if (operation == dialect.inserted) return AppendRow(after, "after", RowKind::kInsert, out);
  if (operation == dialect.deleted) return AppendRow(before, "before", RowKind::kDelete, out);
  if (operation != dialect.updated) return Unknown(operation);
  return AppendRow(before, "before", RowKind::kUpdateBefore, out) &&
         AppendRow(after, "after", RowKind::kUpdateAfter, out);
}

// The old row is the new one with the old values in the place of those that are named.
bool ChangeDecoder::Rep::AppendUpdate(std::string_view old, std::string_view now, DecodedRows* out) {
  if (!json.Fields(now, &now_fields)) return Wrong("\"data\": " + json.problem());
  if (!json.Fields(old, &old_fields)) return Wrong("\"old\": " + json.problem());
  merged = "{";
  auto add = [this](const JsonPart& part, std::string_view text) {
    if (merged.size() > 1) merged += ',';
    merged += QuoteJson(part.key) + ":";
    merged += text.empty() ? "null" : text;
  };
  for (const JsonPart& part : now_fields) {
    bool changed = false;
    std::string_view before = Find(old_fields, part.key, &changed);
    add(part, changed ? before : part.text);
  }
  for (const JsonPart& part : old_fields) {
    bool there = false;
    Find(now_fields, part.key, &there);
    if (!there) add(part, part.text);
  }
  merged += '}';
  merged.reserve(merged.size() + kDecodePadding);
  return AppendRow(merged, "old", RowKind::kUpdateBefore, out) &&
         AppendRow(now, "data", RowKind::kUpdateAfter, out);
}

bool ChangeDecoder::Rep::AppendRow(std::string_view row, const char* name, RowKind kind, DecodedRows* out) {
  if (row.empty()) {
    return Wrong("the \"" + std::string(name) + "\" field of a change is null" +
                 (name == std::string_view("before") ? "; does the database log whole rows?" : ""));
  }
  if (row[0] != '{') return Wrong("\"" + std::string(name) + "\" is no JSON object");
  if (!rows.TryRecord(row, out)) return Wrong(rows.problem());
  out->SetLastKind(kind);
  return AppendMetadata(out);
}

bool ChangeDecoder::Rep::AppendMetadata(DecodedRows* out) {
  for (size_t i = 0; i < metadata.size(); ++i) {
    if (!AppendOne(*metadata[i], columns[first_metadata + i].type, &out->builders[first_metadata + i]))
      return false;
  }
  return true;
}

bool ChangeDecoder::Rep::AppendOne(const ChangeMetadata& wanted, const DataType& type, ColumnBuilder* to) {
  std::string_view text = Find(fields, wanted.field), plain;
  if (text.empty()) {
    to->AppendNull();
    return true;
  }
  switch (wanted.kind) {
    case ChangeMetadataKind::kTexts: return AppendTexts(text, to);
    case ChangeMetadataKind::kNumbers: return AppendNumbers(text, to);
    default: break;
  }
  if (!json.Unquoted(text, &plain)) return Wrong(json.problem());
  if (wanted.kind == ChangeMetadataKind::kText) {
    to->AppendString(plain);
    return true;
  }
  if (wanted.kind == ChangeMetadataKind::kTimestamp) {
    std::string standard(plain);
    std::replace(standard.begin(), standard.end(), 'T', ' ');
    if (standard.ends_with('Z')) standard.pop_back();
    AppendInstant(ParseTimestamp(standard), type, to);
    return true;
  }
  std::optional<int64_t> number = ParseInteger(plain);
  int64_t unit = wanted.kind == ChangeMetadataKind::kSeconds ? 1000 : 1;
  bool usable = number && *number <= kMillisMax / unit && *number >= -kMillisMax / unit;
  AppendInstant(usable ? std::optional<int128_t>(int128_t(*number) * unit * 1'000'000) : std::nullopt, type,
                to);
  return true;
}

bool ChangeDecoder::Rep::AppendTexts(std::string_view text, ColumnBuilder* to) {
  if (!json.Elements(text, &parts)) return Wrong(json.problem());
  for (const JsonPart& part : parts) {
    std::string_view plain;
    if (!json.Unquoted(part.text, &plain)) return Wrong(json.problem());
    part.text.empty() ? to->child(0).AppendNull() : to->child(0).AppendString(plain);
  }
  to->CloseList();
  return true;
}

bool ChangeDecoder::Rep::AppendNumbers(std::string_view text, ColumnBuilder* to) {
  if (!json.Fields(text, &parts)) return Wrong(json.problem());
  for (const JsonPart& part : parts) {
    to->child(0).AppendString(part.key);
    std::optional<int64_t> number = ParseInteger(part.text);
    bool usable = number && *number >= INT32_MIN && *number <= INT32_MAX;
    usable ? to->child(1).Append(static_cast<int32_t>(*number)) : to->child(1).AppendNull();
  }
  to->CloseList();
  return true;
}

// What is no instant is NULL.
void ChangeDecoder::Rep::AppendInstant(std::optional<int128_t> nanos, const DataType& type,
                                       ColumnBuilder* to) const {
  if (!nanos) return to->AppendNull();
  if (type.is(TypeKind::kTimestamp)) {
    auto micros = static_cast<int64_t>(*nanos / 1000);
    *nanos = int128_t(zone->ToLocalMicros(micros)) * 1000 + *nanos % 1000;
  }
  int128_t stored = NanosToTimestamp(*nanos, type.precision());
  if (to->physical() == Physical::kInt128) return to->Append(stored);
  to->Append(static_cast<int64_t>(stored));
}

Result<ChangeOptions> ChangeOptions::Parse(const FormatRequest& request) {
  ChangeOptions options;
  ASSIGN_OR_RETURN(options.json, JsonOptions::Parse(request));
  options.database = request.option("database.include");
  options.table = request.option("table.include");
  for (const char* key : {"database.include", "table.include"}) {
    if (!WholeMatch(request.option(key))) return request.BadOption(key, "a regular expression");
  }
  return options;
}

ChangeDecoder::ChangeDecoder(const FormatRequest& request, const ChangeDialect& dialect,
                             ChangeOptions options, std::vector<const ChangeMetadata*> metadata)
    : rep_(new Rep(request, dialect, std::move(options), std::move(metadata))),
      on_bad_record_(request.on_bad_record) {
  // Options::Parse has compiled them once.
  rep_->database = WholeMatch(rep_->options.database).value();
  rep_->table = WholeMatch(rep_->options.table).value();
}
ChangeDecoder::~ChangeDecoder() = default;

Status ChangeDecoder::DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) {
  if (record.empty()) return Status::Ok();
  int64_t rows = out->rows;
  if (rep_->Decode(record, out)) return Status::Ok();
  out->TruncateRows(rows);
  bool skip = rep_->options.json.ignore_parse_errors;
  return ReportBadRecord(record, rep_->problem, offset, skip ? OnBadRecord::kSkip : on_bad_record_, out);
}

}  // namespace penstock
