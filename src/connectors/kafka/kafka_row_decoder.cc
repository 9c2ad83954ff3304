// Decoding of Kafka records.
#include "connectors/kafka/kafka_row_decoder.h"

#include <algorithm>

#include "data/row_codec.h"

namespace penstock {

namespace {

std::vector<DataType> TypesOf(const std::vector<Field>& fields) {
  std::vector<DataType> types;
  for (const Field& field : fields) types.push_back(field.type);
  return types;
}

void AppendInteger(int64_t value, ColumnBuilder* to) {
  switch (to->physical()) {
    case Physical::kInt8: return to->Append(static_cast<int8_t>(value));
    case Physical::kInt16: return to->Append(static_cast<int16_t>(value));
    case Physical::kInt32: return to->Append(static_cast<int32_t>(value));
    default: return to->Append(value);
  }
}

void AppendTimestamp(int64_t millis, const DataType& type, const TimeZone* zone, ColumnBuilder* to) {
  int64_t micros = millis * 1000;
  if (type.is(TypeKind::kTimestamp)) micros = zone->ToLocalMicros(micros);
  if (to->physical() == Physical::kInt128) return to->Append(int128_t(micros) * 1000);
  to->Append(micros);
}

const char* TextOf(KafkaTimestampType type) {
  switch (type) {
    case KafkaTimestampType::kCreateTime: return "CreateTime";
    case KafkaTimestampType::kLogAppendTime: return "LogAppendTime";
    case KafkaTimestampType::kNone: break;
  }
  return "NoTimestampType";
}

// A name that comes twice keeps its last value, as in a Java map.
void AppendHeaders(const std::vector<KafkaHeader>& headers, ColumnBuilder* to) {
  for (size_t i = 0; i < headers.size(); ++i) {
    bool later = std::any_of(headers.begin() + static_cast<ptrdiff_t>(i) + 1, headers.end(),
                             [&](const KafkaHeader& other) { return other.name == headers[i].name; });
    if (later) continue;
    to->child(0).AppendString(headers[i].name);
    if (headers[i].value) {
      to->child(1).AppendString(*headers[i].value);
    } else {
      to->child(1).AppendNull();
    }
  }
  to->CloseList();
}

}  // namespace

KafkaRowDecoder::KafkaRowDecoder(KafkaRowLayout layout, const KafkaOptions& options, bool keep_bad,
                                 const TimeZone* zone)
    : layout_(std::move(layout)),
      has_key_(!options.key_fields.empty()),
      upsert_(options.upsert),
      zone_(zone),
      value_rows_(TypesOf(layout_.value.columns), keep_bad),
      key_rows_(TypesOf(layout_.key.columns), keep_bad) {
  for (const KafkaColumn& column : layout_.columns) metadata_.emplace_back(column.type);
}

Result<std::unique_ptr<KafkaRowDecoder>> KafkaRowDecoder::Make(const TableSpec& spec,
                                                               const KafkaOptions& options,
                                                               const TimeZone* zone) {
  ASSIGN_OR_RETURN(KafkaRowLayout layout, KafkaRowLayout::Make(spec, options, false));
  auto decoder = std::unique_ptr<KafkaRowDecoder>(
      new KafkaRowDecoder(std::move(layout), options, spec.bad_rows_lane, zone));
  decoder->layout_.value.zone = zone;
  RETURN_IF_ERROR(decoder->layout_.AttachResources());
  const KafkaRowLayout& made = decoder->layout_;
  ASSIGN_OR_RETURN(decoder->value_decoder_, made.value_format->NewDecoder(made.value));
  if (!made.key_columns.empty()) {
    ASSIGN_OR_RETURN(decoder->key_decoder_, made.key_format->NewDecoder(made.key));
  }
  return decoder;
}

std::string_view KafkaRowDecoder::Padded(std::string_view bytes) {
  scratch_.assign(bytes);
  scratch_.append(kDecodePadding, '\0');
  return std::string_view(scratch_).substr(0, bytes.size());
}

Result<bool> KafkaRowDecoder::DecodeKey(const KafkaMessage& message) {
  if (!message.key) {
    if (layout_.key_format->name() != "raw") return false;
    for (ColumnBuilder& builder : key_rows_.builders) builder.AppendNull();
    if (key_decoder_) key_rows_.AddRow();
    return true;
  }
  if (!key_decoder_) return true;
  int64_t before = key_rows_.rows;
  RETURN_IF_ERROR(key_decoder_->DecodeRecord(Padded(*message.key), 0, &key_rows_));
  return key_rows_.rows > before;
}

// A record without a value deletes its key; where there are no upserts it has no row, except in the raw
// format, where it is NULL.
Status KafkaRowDecoder::DecodeValue(const KafkaMessage& message) {
  if (message.value) return value_decoder_->DecodeRecord(Padded(*message.value), 0, &value_rows_);
  if (!upsert_ && layout_.value_format->name() != "raw") return Status::Ok();
  for (ColumnBuilder& builder : value_rows_.builders) builder.AppendNull();
  value_rows_.AddRow();
  return Status::Ok();
}

void KafkaRowDecoder::AppendMetadata(const KafkaColumn& column, const KafkaFetch& fetch, size_t index,
                                     const KafkaPartition& partition, ColumnBuilder* to) {
  const KafkaMessage& message = fetch.messages[index];
  switch (column.metadata) {
    case KafkaMetadata::kTopic: return to->AppendString(partition.topic);
    case KafkaMetadata::kPartition: return AppendInteger(partition.partition, to);
    case KafkaMetadata::kOffset: return AppendInteger(message.offset, to);
    case KafkaMetadata::kLeaderEpoch:
      return message.leader_epoch < 0 ? to->AppendNull() : AppendInteger(message.leader_epoch, to);
    case KafkaMetadata::kTimestamp: return AppendTimestamp(message.timestamp_ms, column.type, zone_, to);
    case KafkaMetadata::kTimestampType: return to->AppendString(TextOf(message.timestamp_type));
    case KafkaMetadata::kHeaders: return AppendHeaders(fetch.Headers(index), to);
  }
}

Status KafkaRowDecoder::DecodeMessage(const KafkaFetch& fetch, size_t index,
                                      const KafkaPartition& partition) {
  const KafkaMessage& message = fetch.messages[index];
  value_rows_.base_offset = key_rows_.base_offset = static_cast<uint64_t>(message.offset);
  if (has_key_) {
    ASSIGN_OR_RETURN(bool keyed, DecodeKey(message));
    if (!keyed) return Status::Ok();
  }
  int64_t before = value_rows_.rows;
  RETURN_IF_ERROR(DecodeValue(message));
  int64_t made = value_rows_.rows - before;
  if (key_decoder_ && made == 0) {
    --key_rows_.rows;
    for (ColumnBuilder& builder : key_rows_.builders) builder.Truncate(key_rows_.rows);
  }
  if (upsert_) {
    kinds_.insert(kinds_.end(), static_cast<size_t>(made),
                  message.value ? RowKind::kUpdateAfter : RowKind::kDelete);
  }
  // A value of several rows repeats the key.
  for (int64_t i = 1; key_decoder_ && i < made; ++i) {
    ASSIGN_OR_RETURN(bool again, DecodeKey(message));
    CHECK(again);
  }
  for (size_t c = 0; c < layout_.columns.size(); ++c) {
    if (layout_.columns[c].place != KafkaColumn::Place::kMetadata) continue;
    for (int64_t i = 0; i < made; ++i)
      AppendMetadata(layout_.columns[c], fetch, index, partition, &metadata_[c]);
  }
  return Status::Ok();
}

Status KafkaRowDecoder::Decode(const KafkaFetch& fetch, size_t count, const KafkaPartition& partition) {
  value_rows_.source = key_rows_.source = partition.ToString();
  for (size_t i = 0; i < count; ++i) RETURN_IF_ERROR(DecodeMessage(fetch, i, partition));
  return Status::Ok();
}

Batch KafkaRowDecoder::Take() {
  Batch values = value_rows_.Take();
  Batch keys = key_rows_.Take();
  Batch result(values.rows, {});
  result.kinds = std::move(values.kinds);
  if (upsert_) result.kinds = std::make_shared<std::vector<RowKind>>(std::exchange(kinds_, {}));
  for (size_t c = 0; c < layout_.columns.size(); ++c) {
    const KafkaColumn& column = layout_.columns[c];
    switch (column.place) {
      case KafkaColumn::Place::kValue: result.columns.push_back(values.column(column.index)); break;
      case KafkaColumn::Place::kKey: result.columns.push_back(keys.column(column.index)); break;
      case KafkaColumn::Place::kMetadata: result.columns.push_back(metadata_[c].Finish()); break;
    }
  }
  return result;
}

}  // namespace penstock
