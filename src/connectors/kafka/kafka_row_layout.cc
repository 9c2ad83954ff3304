// Distribution of a table's columns over key, value and metadata.
#include "connectors/kafka/kafka_row_layout.h"

#include <algorithm>

#include "connectors/registry/format_resources.h"

namespace penstock {

namespace {

DataType HeadersType() {
  return DataType::Map(DataType::String().NotNull(), DataType::Bytes().NotNull()).NotNull();
}

// Whether the value of a metadata column can be handed out as `type`.
bool Fits(KafkaMetadata metadata, const DataType& type) {
  switch (metadata) {
    case KafkaMetadata::kTopic:
    case KafkaMetadata::kTimestampType: return type.is_character();
    case KafkaMetadata::kPartition:
    case KafkaMetadata::kLeaderEpoch:
    case KafkaMetadata::kOffset: return type.is_integer();
    case KafkaMetadata::kTimestamp: return type.is_timestamp();
    case KafkaMetadata::kHeaders:
      return type.is(TypeKind::kMap) && type.map_key().is_character() && type.map_value().is_binary();
  }
  return false;
}

// Key of the metadata that the value's format offers under 'value.KEY'.
constexpr std::string_view kValueMetadata = "value.";

// Whether a format's metadata of the type `offered` can be handed out as `type`.
bool FormatFits(const DataType& offered, const DataType& type) {
  if (offered.is_timestamp()) return type.is_timestamp();
  if (offered.is_character()) return type.is_character();
  return offered.SameAs(type);
}

Status CheckFormatMetadata(const Format& format, const TableSpecColumn& column, bool writing) {
  std::string key = column.metadata_key.substr(kValueMetadata.size()), known;
  for (const MetadataColumn& offered : format.metadata()) {
    known += (known.empty() ? "" : ", ") + std::string(kValueMetadata) + offered.key;
    if (offered.key != key) continue;
    if (writing && !offered.writable) {
      return SqlError(ErrorNumber::kReadOnly, {}, "metadata column '" + column.name + "' cannot be written",
                      "declare it VIRTUAL");
    }
    if (FormatFits(offered.type, column.type)) return Status::Ok();
    return SqlError(ErrorNumber::kTypeMismatch, {},
                    "Invalid data type for metadata column '" + column.metadata_key + "': it is " +
                        offered.type.ToString() + " and cannot be read as " + column.type.ToString());
  }
  return SqlError(ErrorNumber::kUnknownColumn, {},
                  "Invalid metadata key '" + column.metadata_key + "': the format '" + format.name() +
                      (known.empty() ? "' has no metadata" : "' has none of that name"),
                  known.empty() ? "" : "one of: " + known);
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

const std::vector<MetadataColumn>& KafkaMetadataColumns() {
  static const std::vector<MetadataColumn> columns = {
      {"topic", DataType::String().NotNull(), false},
      {"partition", DataType::Int().NotNull(), false},
      {"offset", DataType::BigInt().NotNull(), false},
      {"leader-epoch", DataType::Int(), false},
      {"timestamp", DataType::TimestampLtz(3).NotNull(), true},
      {"timestamp-type", DataType::String().NotNull(), false},
      {"headers", HeadersType(), true}};
  return columns;
}

Result<KafkaMetadata> FindKafkaMetadata(const std::string& key, const DataType& type) {
  const std::vector<MetadataColumn>& all = KafkaMetadataColumns();
  std::string known;
  for (size_t i = 0; i < all.size(); ++i) {
    known += (i == 0 ? "" : ", ") + all[i].key;
    if (all[i].key != key) continue;
    auto metadata = static_cast<KafkaMetadata>(i);
    if (Fits(metadata, type)) return metadata;
    return SqlError(ErrorNumber::kTypeMismatch, {},
                    "Invalid data type for metadata column '" + key + "': it is " + all[i].type.ToString() +
                        " and cannot be read or written as " + type.ToString());
  }
  return SqlError(ErrorNumber::kUnknownColumn, {}, "Invalid metadata key '" + key + "' of a kafka table",
                  "one of: " + known);
}

Result<KafkaRowLayout> KafkaRowLayout::Make(const TableSpec& spec, const KafkaOptions& options,
                                            bool writing) {
  KafkaRowLayout layout;
  ASSIGN_OR_RETURN(layout.value_format, FindFormat(options.value_format));
  layout.value = RequestOf(spec.options, options.value_format_key, *layout.value_format);
  if (!options.key_format.empty()) {
    ASSIGN_OR_RETURN(layout.key_format, FindFormat(options.key_format));
    layout.key = RequestOf(spec.options, "key.format", *layout.key_format);
  }
  // As Flink's connector names subjects.
  if (options.topics.size() == 1) {
    if (layout.value_format->needs_registry())
      layout.value.options.emplace("subject", options.topics[0] + "-value");
    if (layout.key_format != nullptr && layout.key_format->needs_registry())
      layout.key.options.emplace("subject", options.topics[0] + "-key");
  }
  layout.value.on_bad_record = layout.key.on_bad_record =
      spec.bad_rows_lane ? OnBadRecord::kSkip : OnBadRecord::kFail;

  auto unprefixed = [&](const std::string& name) { return name.substr(options.key_prefix.size()); };
  for (const std::string& name : options.key_fields) {
    auto it = std::find_if(spec.stored.begin(), spec.stored.end(), [&](const TableSpecColumn& column) {
      return column.name == name && column.metadata_key.empty();
    });
    if (it == spec.stored.end()) {
      return SqlError(
          ErrorNumber::kBadOption, {},
          "Could not find the field '" + name + "' in the table schema for usage in the key format");
    }
    layout.key.stored.push_back({unprefixed(name), it->type});
  }
  auto in_value = [&](const std::string& name) {
    return options.value_includes_key || !Contains(options.key_fields, name);
  };
  for (const TableSpecColumn& column : spec.stored) {
    if (column.metadata_key.empty() && in_value(column.name))
      layout.value.stored.push_back({column.name, column.type});
  }

  std::vector<size_t> of_format;  // columns of the value's metadata
  for (size_t i = 0; i < spec.columns.size(); ++i) {
    const TableSpecColumn& column = spec.columns[i];
    KafkaColumn placed;
    placed.type = column.type;
    if (column.metadata_key.starts_with(kValueMetadata)) {
      RETURN_IF_ERROR(CheckFormatMetadata(*layout.value_format, column, writing));
      layout.columns.push_back(placed);
      of_format.push_back(i);
      continue;
    }
    if (!column.metadata_key.empty()) {
      placed.place = KafkaColumn::Place::kMetadata;
      ASSIGN_OR_RETURN(placed.metadata, FindKafkaMetadata(column.metadata_key, column.type));
      layout.columns.push_back(placed);
      continue;
    }
    // A record without a value has nothing but its key.
    bool by_key = options.upsert && !writing && Contains(options.key_fields, column.name);
    if (in_value(column.name) && !by_key) {
      placed.place = KafkaColumn::Place::kValue;
      placed.index = static_cast<int>(layout.value_columns.size());
      layout.value_columns.push_back(static_cast<int>(i));
      layout.value.columns.push_back({column.name, column.type});
    } else {
      placed.place = KafkaColumn::Place::kKey;
      placed.index = static_cast<int>(layout.key_columns.size());
      layout.key_columns.push_back(static_cast<int>(i));
      layout.key.columns.push_back({unprefixed(column.name), column.type});
    }
    layout.columns.push_back(placed);
  }
  for (size_t i : of_format) {
    const TableSpecColumn& column = spec.columns[i];
    layout.columns[i].index = static_cast<int>(layout.value_columns.size());
    layout.value_columns.push_back(static_cast<int>(i));
    layout.value.columns.push_back({column.name, column.type});
    layout.value.metadata_keys.push_back(column.metadata_key.substr(kValueMetadata.size()));
  }
  if (writing && layout.key_format != nullptr) {
    // The key is written in the order of key.fields, whatever else its columns are written to.
    layout.key.columns = layout.key.stored;
    layout.key_columns.clear();
    for (const std::string& name : options.key_fields) {
      for (size_t i = 0; i < spec.columns.size(); ++i) {
        if (spec.columns[i].name == name) layout.key_columns.push_back(static_cast<int>(i));
      }
    }
  }
  return layout;
}

Status KafkaRowLayout::AttachResources() {
  RETURN_IF_ERROR(penstock::AttachResources(*value_format, &value));
  return key_format != nullptr ? penstock::AttachResources(*key_format, &key) : Status::Ok();
}

}  // namespace penstock
