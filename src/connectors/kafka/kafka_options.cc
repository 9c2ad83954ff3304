// Parsing of the options of kafka tables.
#include "connectors/kafka/kafka_options.h"

#include <algorithm>
#include <charconv>

#include "base/strings.h"
#include "connectors/kafka/kafka_properties.h"

namespace penstock {

namespace {

using Mode = KafkaPlace::Mode;

// Reads options of one table.
class Reader {
 public:
  Reader(const std::string& table, const std::map<std::string, std::string>& options)
      : table_(table), options_(options) {}

  bool has(const std::string& key) const { return options_.contains(key); }
  std::string Get(const std::string& key, const std::string& fallback = "") const {
    auto it = options_.find(key);
    return it == options_.end() ? fallback : it->second;
  }
  Status Bad(const std::string& key, const std::string& expected) const {
    return SqlError(
        ErrorNumber::kBadOption, {},
        "option '" + key + "' of table '" + table_ + "' is " + expected + ", not '" + Get(key) + "'");
  }
  Status Missing(const std::string& key, const std::string& why) const {
    return SqlError(ErrorNumber::kMissingOption, {},
                    "table '" + table_ + "' needs the option '" + key + "'" + why);
  }
  Status Wrong(const std::string& message, const std::string& hint = "") const {
    return SqlError(ErrorNumber::kBadOption, {}, "table '" + table_ + "': " + message, hint);
  }
  std::vector<std::string> List(const std::string& key) const {
    std::vector<std::string> parts;
    for (const std::string& part : Split(Get(key), ';')) {
      if (std::string_view trimmed = TrimSpace(part); !trimmed.empty()) parts.emplace_back(trimmed);
    }
    return parts;
  }

 private:
  const std::string& table_;
  const std::map<std::string, std::string>& options_;
};

bool ParseNumber(std::string_view text, int64_t* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

Status ParseTopics(const Reader& in, KafkaOptions* out) {
  out->topics = in.List("topic");
  out->topic_pattern = in.Get("topic-pattern");
  if (!out->topics.empty() && !out->topic_pattern.empty()) {
    return in.Wrong("options 'topic' and 'topic-pattern' exclude each other");
  }
  if (out->topics.empty() && out->topic_pattern.empty()) return in.Missing("topic", " (or 'topic-pattern')");
  if (in.Get("properties.bootstrap.servers").empty()) return in.Missing("properties.bootstrap.servers", "");
  return Status::Ok();
}

// Start and end have the same sub-options below "scan.startup." and "scan.bounded.".
Status ParsePlace(const Reader& in, const std::string& prefix, KafkaPlace* place,
                  const KafkaOptions& options) {
  if (place->mode == Mode::kTimestamp) {
    std::string key = prefix + "timestamp-millis";
    if (!in.has(key)) return in.Missing(key, " in timestamp mode");
    if (!ParseNumber(in.Get(key), &place->timestamp_ms) || place->timestamp_ms < 0) {
      return in.Bad(key, "a number of milliseconds since 1970");
    }
  } else if (place->mode == Mode::kSpecificOffsets) {
    std::string key = prefix + "specific-offsets";
    if (!in.has(key)) return in.Missing(key, " in specific-offsets mode");
    if (options.topics.size() != 1) {
      return in.Wrong("'" + key + "' is only possible with a single topic");
    }
    ASSIGN_OR_RETURN(place->offsets, ParseSpecificOffsets(key, in.Get(key)));
  }
  return Status::Ok();
}

Status ParsePlaces(const Reader& in, KafkaOptions* out) {
  static const std::map<std::string, Mode> kStart = {{"group-offsets", Mode::kGroupOffsets},
                                                     {"earliest-offset", Mode::kEarliest},
                                                     {"latest-offset", Mode::kLatest},
                                                     {"timestamp", Mode::kTimestamp},
                                                     {"specific-offsets", Mode::kSpecificOffsets}};
  static const std::map<std::string, Mode> kEnd = {{"unbounded", Mode::kUnbounded},
                                                   {"group-offsets", Mode::kGroupOffsets},
                                                   {"latest-offset", Mode::kLatest},
                                                   {"timestamp", Mode::kTimestamp},
                                                   {"specific-offsets", Mode::kSpecificOffsets}};
  auto start = kStart.find(ToLowerAscii(in.Get("scan.startup.mode", "group-offsets")));
  if (start == kStart.end()) {
    return in.Bad("scan.startup.mode",
                  "group-offsets, earliest-offset, latest-offset, timestamp or specific-offsets");
  }
  out->start.mode = start->second;
  auto end = kEnd.find(ToLowerAscii(in.Get("scan.bounded.mode", "unbounded")));
  if (end == kEnd.end()) {
    return in.Bad("scan.bounded.mode",
                  "unbounded, group-offsets, latest-offset, timestamp or specific-offsets");
  }
  out->end.mode = end->second;
  RETURN_IF_ERROR(ParsePlace(in, "scan.startup.", &out->start, *out));
  RETURN_IF_ERROR(ParsePlace(in, "scan.bounded.", &out->end, *out));

  out->group_id = in.Get("properties.group.id");
  out->auto_offset_reset = ToLowerAscii(in.Get("properties.auto.offset.reset"));
  static const std::vector<std::string> kResets = {"", "earliest", "latest", "none"};
  if (std::find(kResets.begin(), kResets.end(), out->auto_offset_reset) == kResets.end()) {
    return in.Bad("properties.auto.offset.reset", "earliest, latest or none");
  }
  bool resets = out->auto_offset_reset == "earliest" || out->auto_offset_reset == "latest";
  if (out->start.mode == Mode::kGroupOffsets && out->group_id.empty() && !resets) {
    return SqlError(ErrorNumber::kMissingOption, {},
                    "scan.startup.mode 'group-offsets' (the default) needs 'properties.group.id'",
                    "set it, or 'scan.startup.mode' = 'earliest-offset' or 'latest-offset'");
  }
  if (out->end.mode == Mode::kGroupOffsets && out->group_id.empty()) {
    return in.Missing("properties.group.id", " when 'scan.bounded.mode' is group-offsets");
  }
  if (in.has("scan.topic-partition-discovery.interval")) {
    long long millis = 0;
    if (!ParseDuration(in.Get("scan.topic-partition-discovery.interval"), &millis)) {
      return in.Bad("scan.topic-partition-discovery.interval", "a duration such as '5 min'");
    }
    out->discovery_interval_ms = std::max(0LL, millis);
  }
  return Status::Ok();
}

Status ParseFormats(const Reader& in, KafkaOptions* out) {
  if (in.has("format") && in.has("value.format")) {
    return in.Wrong("options 'format' and 'value.format' exclude each other");
  }
  out->value_format_key = in.has("value.format") ? "value.format" : "format";
  out->value_format = in.Get(out->value_format_key);
  if (out->value_format.empty()) return in.Missing("format", " (or 'value.format')");
  out->key_format = in.Get("key.format");
  if (!out->upsert) out->key_fields = in.List("key.fields");
  out->key_prefix = in.Get("key.fields-prefix");
  std::string include = ToUpperAscii(in.Get("value.fields-include", "ALL"));
  if (include != "ALL" && include != "EXCEPT_KEY") return in.Bad("value.fields-include", "ALL or EXCEPT_KEY");
  out->value_includes_key = include == "ALL";
  if (!out->key_format.empty() && out->key_fields.empty()) {
    return in.Wrong(
        "A key format 'key.format' requires the declaration of one or more of key fields using "
        "'key.fields'.");
  }
  if (out->key_format.empty() && !out->key_fields.empty()) {
    return in.Wrong(
        "The option 'key.fields' can only be declared if a key format is defined using 'key.format'.");
  }
  if (!out->key_prefix.empty() && out->value_includes_key) {
    return in.Wrong("A key prefix is not allowed when option 'value.fields-include' is set to 'ALL'.",
                    "set it to 'EXCEPT_KEY'");
  }
  for (const std::string& field : out->key_fields) {
    if (field.starts_with(out->key_prefix)) continue;
    return in.Wrong("All fields in 'key.fields' must be prefixed with '" + out->key_prefix + "' but field '" +
                    field + "' is not.");
  }
  return Status::Ok();
}

Status ParseSink(const Reader& in, KafkaOptions* out) {
  std::string partitioner = in.Get("sink.partitioner", "default");
  if (EqualsIgnoreCase(partitioner, "default")) {
    out->partitioner = KafkaPartitioner::kDefault;
  } else if (EqualsIgnoreCase(partitioner, "fixed")) {
    out->partitioner = KafkaPartitioner::kFixed;
  } else if (EqualsIgnoreCase(partitioner, "round-robin")) {
    out->partitioner = KafkaPartitioner::kRoundRobin;
  } else if (partitioner.find('.') != std::string::npos) {
    return SqlError(ErrorNumber::kUnsupported, {},
                    "'sink.partitioner' = '" + partitioner + "': Java classes cannot be loaded",
                    "use default, fixed or round-robin");
  } else {
    return in.Bad("sink.partitioner", "default, fixed or round-robin");
  }
  if (out->partitioner == KafkaPartitioner::kRoundRobin && !out->key_fields.empty()) {
    return in.Wrong(
        "Currently 'round-robin' partitioner only works when option 'key.fields' is not specified.");
  }
  static const std::map<std::string, KafkaGuarantee> kGuarantees = {
      {"none", KafkaGuarantee::kNone},
      {"at-least-once", KafkaGuarantee::kAtLeastOnce},
      {"exactly-once", KafkaGuarantee::kExactlyOnce}};
  auto guarantee = kGuarantees.find(ToLowerAscii(in.Get(kDeliveryGuaranteeOption, "at-least-once")));
  if (guarantee == kGuarantees.end()) {
    return in.Bad(kDeliveryGuaranteeOption, "none, at-least-once or exactly-once");
  }
  out->guarantee = guarantee->second;
  return Status::Ok();
}

// Accepted for scripts that have them: rows are sent in batches anyway, and all of them.
Status ParseBufferFlush(const Reader& in) {
  int64_t rows = 0;
  long long millis = 0;
  if (in.has("sink.buffer-flush.max-rows") && !ParseNumber(in.Get("sink.buffer-flush.max-rows"), &rows))
    return in.Bad("sink.buffer-flush.max-rows", "a number of rows");
  if (in.has("sink.buffer-flush.interval") && !ParseDuration(in.Get("sink.buffer-flush.interval"), &millis))
    return in.Bad("sink.buffer-flush.interval", "a duration such as '1 s'");
  if ((rows > 0) == (millis > 0)) return Status::Ok();
  return in.Wrong(
      "'sink.buffer-flush.max-rows' and 'sink.buffer-flush.interval' must be set to be greater than zero to "
      "enable sink buffer flushing.");
}

}  // namespace

Result<std::map<int32_t, int64_t>> ParseSpecificOffsets(const std::string& key, const std::string& text) {
  std::map<int32_t, int64_t> offsets;
  Status bad = SqlError(
      ErrorNumber::kBadOption, {},
      "option '" + key + "' is written 'partition:0,offset:42;partition:1,offset:300', not '" + text + "'");
  for (const std::string& part : Split(text, ';')) {
    if (TrimSpace(part).empty()) continue;
    std::vector<std::string> pair = Split(part, ',');
    if (pair.size() != 2) return bad;
    std::string_view partition = TrimSpace(pair[0]), offset = TrimSpace(pair[1]);
    if (!partition.starts_with("partition:") || !offset.starts_with("offset:")) return bad;
    int64_t p = 0, o = 0;
    if (!ParseNumber(TrimSpace(partition.substr(10)), &p) || !ParseNumber(TrimSpace(offset.substr(7)), &o))
      return bad;
    if (p < 0 || p > INT32_MAX || o < 0) return bad;
    offsets[static_cast<int32_t>(p)] = o;
  }
  if (offsets.empty()) return bad;
  return offsets;
}

Result<KafkaOptions> KafkaOptions::Parse(const std::string& table,
                                         const std::map<std::string, std::string>& options, KafkaUse use) {
  Reader in(table, options);
  KafkaOptions out;
  RETURN_IF_ERROR(ParseTopics(in, &out));
  RETURN_IF_ERROR(ParseFormats(in, &out));
  RETURN_IF_ERROR(use == KafkaUse::kSource ? ParsePlaces(in, &out) : ParseSink(in, &out));
  // Names of properties are checked here too, not only when a client is made.
  for (KafkaRole role : {KafkaRole::kConsumer, KafkaRole::kProducer}) {
    RETURN_IF_ERROR(TranslateProperties(options, role).status());
  }
  return out;
}

Result<KafkaOptions> KafkaOptions::ParseUpsert(const std::string& table,
                                               std::map<std::string, std::string> options,
                                               const std::vector<std::string>& key, KafkaUse use) {
  options.emplace("scan.startup.mode", "earliest-offset");
  Reader in(table, options);
  if (key.empty()) {
    return SqlError(
        ErrorNumber::kBadOption, {},
        "'upsert-kafka' tables require to define a PRIMARY KEY constraint. The PRIMARY KEY specifies "
        "which columns should be read from or write to the Kafka message key. The PRIMARY KEY also "
        "defines records in the 'upsert-kafka' table should update or delete on which keys.");
  }
  for (const char* format : {"key.format", "value.format"}) {
    if (!in.has(format)) return in.Missing(format, "");
  }
  KafkaOptions out;
  out.upsert = true;
  out.key_fields = key;
  RETURN_IF_ERROR(ParseTopics(in, &out));
  RETURN_IF_ERROR(ParseFormats(in, &out));
  RETURN_IF_ERROR(ParseBufferFlush(in));
  RETURN_IF_ERROR(use == KafkaUse::kSource ? ParsePlaces(in, &out) : ParseSink(in, &out));
  for (KafkaRole role : {KafkaRole::kConsumer, KafkaRole::kProducer}) {
    RETURN_IF_ERROR(TranslateProperties(options, role).status());
  }
  return out;
}

Result<KafkaOptions> KafkaOptions::ParseSpec(const TableSpec& spec, KafkaUse use) {
  if (spec.option("connector") != kUpsertKafka) return Parse(spec.table, spec.options, use);
  std::vector<std::string> key;
  for (int column : spec.primary_key) key.push_back(spec.columns[static_cast<size_t>(column)].name);
  return ParseUpsert(spec.table, spec.options, key, use);
}

}  // namespace penstock
