// Taking envelopes apart. Parts are found by simdjson On-Demand as pieces of the record's text; what nobody
// wants is stepped over. Step 2 of a record's way (docs/ARCHITECTURE.md).
#include "formats/json/debezium_decoder.h"

#include <simdjson.h>

#include <charconv>

namespace penstock {

namespace {

namespace od = simdjson::ondemand;

// Parts of a record as their JSON text; empty where there is none, or null.
struct Envelope {
  std::string_view before, after, op, timestamp, source, schema;
};

std::string_view TextOf(std::string_view json) {
  while (!json.empty() && static_cast<unsigned char>(json.back()) <= ' ') json.remove_suffix(1);
  return json == "null" ? std::string_view() : json;
}

}  // namespace

struct DebeziumDecoder::Rep {
  Rep(const FormatRequest& request, DebeziumOptions given, std::vector<DebeziumMetadata> wanted)
      : options(std::move(given)),
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
  bool Malformed(simdjson::error_code error) {
    return Wrong(std::string("malformed JSON: ") + simdjson::error_message(error));
  }

  template <typename OnField>
  bool ForEachField(std::string_view json, const OnField& on_field);
  bool Open(std::string_view record, Envelope* envelope);
  bool Decode(std::string_view record, DecodedRows* out);
  bool DecodeImage(std::string_view json, const char* name, const char* change, RowKind kind,
                   const Envelope& envelope, DecodedRows* out);
  bool AppendMetadata(const Envelope& envelope, DecodedRows* out);
  bool AppendFromSource(std::string_view source, const char* key, const DataType& type, ColumnBuilder* to);
  bool AppendProperties(std::string_view source, ColumnBuilder* to);
  void AppendCompact(std::string_view json, ColumnBuilder* to);
  void AppendMillis(std::string_view json, const DataType& type, ColumnBuilder* to) const;

  DebeziumOptions options;
  std::vector<DebeziumMetadata> metadata;
  std::vector<Field> columns;
  const TimeZone* zone;
  JsonDecoder rows;
  size_t first_metadata;
  od::parser parser;
  std::string problem;
  std::string scratch;
};

// Calls on_field(key, value's JSON text) for each field of an object until one call says false.
template <typename OnField>
bool DebeziumDecoder::Rep::ForEachField(std::string_view json, const OnField& on_field) {
  od::document document;
  od::object object;
  if (auto error = parser.iterate(json, json.size() + kDecodePadding).get(document)) return Malformed(error);
  if (auto error = document.get_object().get(object)) {
    return error == simdjson::INCORRECT_TYPE ? Wrong("a Debezium record is a JSON object") : Malformed(error);
  }
  for (auto entry : object) {
    od::field field;
    std::string_view key, text;
    if (auto error = std::move(entry).get(field)) return Malformed(error);
    if (auto error = field.unescaped_key().get(key)) return Malformed(error);
    if (auto error = simdjson::to_json_string(field.value()).get(text)) return Malformed(error);
    on_field(key, TextOf(text));
  }
  const char* rest = nullptr;
  if (document.current_location().get(rest) != simdjson::OUT_OF_BOUNDS)
    return Malformed(simdjson::TRAILING_CONTENT);
  return true;
}

bool DebeziumDecoder::Rep::Open(std::string_view record, Envelope* envelope) {
  if (options.schema_include) {
    std::string_view payload;
    bool read = ForEachField(record, [&](std::string_view key, std::string_view text) {
      if (key == "payload") payload = text;
      if (key == "schema") envelope->schema = text;
    });
    if (!read) return false;
    if (payload.empty()) return Wrong("the record has no \"payload\"");
    record = payload;
  }
  return ForEachField(record, [&](std::string_view key, std::string_view text) {
    if (key == "before") envelope->before = text;
    if (key == "after") envelope->after = text;
    if (key == "op") envelope->op = text;
    if (key == "source") envelope->source = text;
    if (key == "ts_ms") envelope->timestamp = text;
  });
}

bool DebeziumDecoder::Rep::Decode(std::string_view record, DecodedRows* out) {
  Envelope envelope;
  if (!Open(record, &envelope)) return false;
  if (envelope.op == R"("c")" || envelope.op == R"("r")")
    return DecodeImage(envelope.after, "after", "INSERT", RowKind::kInsert, envelope, out);
  if (envelope.op == R"("d")")
    return DecodeImage(envelope.before, "before", "DELETE", RowKind::kDelete, envelope, out);
  if (envelope.op != R"("u")") {
    return Wrong(envelope.op.empty() ? "the record has no \"op\""
                                     : "unknown \"op\" value " + std::string(envelope.op.substr(0, 100)));
  }
  return DecodeImage(envelope.before, "before", "UPDATE", RowKind::kUpdateBefore, envelope, out) &&
         DecodeImage(envelope.after, "after", "UPDATE", RowKind::kUpdateAfter, envelope, out);
}

// One image of the row as a row of that kind.
bool DebeziumDecoder::Rep::DecodeImage(std::string_view json, const char* name, const char* change,
                                       RowKind kind, const Envelope& envelope, DecodedRows* out) {
  if (json.empty()) {
    bool old = kind == RowKind::kUpdateBefore || kind == RowKind::kDelete;
    return Wrong(std::string("the \"") + name + "\" field of " + change + " message is null" +
                 (old ? "; a PostgreSQL table has to have REPLICA IDENTITY FULL" : ""));
  }
  if (json[0] != '{') return Wrong(std::string("\"") + name + "\" is no JSON object");
  if (!rows.TryRecord(json, out)) return Wrong(rows.problem());
  out->SetLastKind(kind);
  return AppendMetadata(envelope, out);
}

bool DebeziumDecoder::Rep::AppendMetadata(const Envelope& envelope, DecodedRows* out) {
  bool read = true;
  for (size_t i = 0; i < metadata.size(); ++i) {
    ColumnBuilder* to = &out->builders[first_metadata + i];
    const DataType& type = columns[first_metadata + i].type;
    switch (metadata[i]) {
      case DebeziumMetadata::kSchema: AppendCompact(envelope.schema, to); break;
      case DebeziumMetadata::kIngestionTimestamp: AppendMillis(envelope.timestamp, type, to); break;
      case DebeziumMetadata::kSourceTimestamp:
        read = read && AppendFromSource(envelope.source, "ts_ms", type, to);
        break;
      case DebeziumMetadata::kSourceDatabase:
        read = read && AppendFromSource(envelope.source, "db", type, to);
        break;
      case DebeziumMetadata::kSourceSchema:
        read = read && AppendFromSource(envelope.source, "schema", type, to);
        break;
      case DebeziumMetadata::kSourceTable:
        read = read && AppendFromSource(envelope.source, "table", type, to);
        break;
      case DebeziumMetadata::kSourceProperties: read = read && AppendProperties(envelope.source, to); break;
    }
  }
  return read;
}

namespace {

// The text of a JSON string without its quotes and escapes, or of another value as it stands.
bool Unquoted(std::string_view json, od::parser* parser, std::string_view* text) {
  *text = json;
  if (json.empty() || json[0] != '"') return true;
  od::document document;
  return parser->iterate(json, json.size() + kDecodePadding).get(document) == simdjson::SUCCESS &&
         document.get_string().get(*text) == simdjson::SUCCESS;
}

}  // namespace

// One property of the source; NULL where it has none.
bool DebeziumDecoder::Rep::AppendFromSource(std::string_view source, const char* key, const DataType& type,
                                            ColumnBuilder* to) {
  std::string_view found, text;
  if (!source.empty() && !ForEachField(source, [&](std::string_view name, std::string_view json) {
        if (name == key) found = json;
      })) {
    return false;
  }
  if (type.is_timestamp()) {
    AppendMillis(found, type, to);
    return true;
  }
  if (!Unquoted(found, &parser, &text)) return Wrong("malformed JSON: a string in \"source\"");
  found.empty() ? to->AppendNull() : to->AppendString(text);
  return true;
}

bool DebeziumDecoder::Rep::AppendProperties(std::string_view source, ColumnBuilder* to) {
  if (source.empty()) {
    to->AppendNull();
    return true;
  }
  std::vector<std::pair<std::string, std::string_view>> properties;
  bool read = ForEachField(
      source, [&](std::string_view name, std::string_view json) { properties.emplace_back(name, json); });
  if (!read) return false;
  for (const auto& [name, json] : properties) {
    std::string_view text;
    if (!Unquoted(json, &parser, &text)) return Wrong("malformed JSON: a string in \"source\"");
    to->child(0).AppendString(name);
    json.empty() ? to->child(1).AppendNull() : to->child(1).AppendString(text);
  }
  to->CloseList();
  return true;
}

// JSON text without its blanks.
void DebeziumDecoder::Rep::AppendCompact(std::string_view json, ColumnBuilder* to) {
  if (json.empty()) return to->AppendNull();
  scratch.resize(json.size() + simdjson::SIMDJSON_PADDING);
  size_t size = 0;
  if (simdjson::minify(json.data(), json.size(), scratch.data(), size) != simdjson::SUCCESS)
    return to->AppendNull();
  to->AppendString({scratch.data(), size});
}

// An instant in milliseconds; what is no number is NULL.
void DebeziumDecoder::Rep::AppendMillis(std::string_view json, const DataType& type,
                                        ColumnBuilder* to) const {
  int64_t millis = 0;
  auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), millis);
  constexpr int64_t kMillisMax = 8'640'000'000'000'000;  // 100 million days: microseconds fit, in any zone
  bool number = error == std::errc() && end == json.data() + json.size();
  if (!number || millis > kMillisMax || millis < -kMillisMax) return to->AppendNull();
  int64_t micros = millis * 1000;
  if (type.is(TypeKind::kTimestamp)) micros = zone->ToLocalMicros(micros);
  int128_t stored = NanosToTimestamp(int128_t(micros) * 1000, type.precision());
  if (to->physical() == Physical::kInt128) return to->Append(stored);
  to->Append(static_cast<int64_t>(stored));
}

DebeziumDecoder::DebeziumDecoder(const FormatRequest& request, DebeziumOptions options,
                                 std::vector<DebeziumMetadata> metadata)
    : rep_(new Rep(request, std::move(options), std::move(metadata))),
      on_bad_record_(request.on_bad_record) {}
DebeziumDecoder::~DebeziumDecoder() = default;

Status DebeziumDecoder::DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) {
  if (record.empty()) return Status::Ok();
  int64_t rows = out->rows;
  if (rep_->Decode(record, out)) return Status::Ok();
  out->TruncateRows(rows);
  bool skip = rep_->options.json.ignore_parse_errors;
  return ReportBadRecord(record, rep_->problem, offset, skip ? OnBadRecord::kSkip : on_bad_record_, out);
}

}  // namespace penstock
