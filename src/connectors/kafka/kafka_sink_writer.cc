// Writing rows to a topic.
// Step 10 of a record's way (docs/ARCHITECTURE.md).
#include "connectors/kafka/kafka_sink_writer.h"

#include <algorithm>

#include "connectors/kafka/kafka_properties.h"
#include "data/datetime.h"
#include "env/failpoint.h"

namespace penstock {

namespace {

SeededBug no_wait("bug:kafka.no-wait", "a sink does not wait until its rows are acknowledged");

// What may wait for its acknowledgement before the writer says full.
constexpr int64_t kRecordsInFlightMax = 200'000;
constexpr int64_t kBytesInFlightMax = 64 << 20;
constexpr int64_t kCloseTimeoutMs = 120'000;

Batch Pick(const Batch& batch, const std::vector<int>& columns) {
  Batch picked(batch.rows, {});
  for (int column : columns) picked.columns.push_back(batch.column(column));
  picked.kinds = batch.kinds;
  return picked;
}

int64_t MillisOf(const Column& column, int64_t row, const DataType& type, const TimeZone& zone) {
  int64_t micros = column.physical() == Physical::kInt128
                       ? static_cast<int64_t>(FloorDiv(column.At<int128_t>(row), int128_t(1000)))
                       : column.At<int64_t>(row);
  if (type.is(TypeKind::kTimestamp)) micros = zone.ToUtcMicros(micros);
  return FloorDiv(micros, int64_t{1000});
}

}  // namespace

Result<std::unique_ptr<KafkaSinkWriter>> KafkaSinkWriter::Make(const TableSpec& spec,
                                                               const KafkaOptions& options,
                                                               KafkaClient* client,
                                                               const SinkContext& context) {
  ASSIGN_OR_RETURN(KafkaRowLayout layout, KafkaRowLayout::Make(spec, options, true));
  auto writer = std::unique_ptr<KafkaSinkWriter>(new KafkaSinkWriter(std::move(layout), options, context));
  RETURN_IF_ERROR(writer->MakeProducer(spec, client));
  RETURN_IF_ERROR(writer->layout_.AttachResources());
  const KafkaRowLayout& made = writer->layout_;
  ASSIGN_OR_RETURN(writer->value_encoder_, made.value_format->NewEncoder(made.value));
  if (made.key_format != nullptr) {
    ASSIGN_OR_RETURN(writer->key_encoder_, made.key_format->NewEncoder(made.key));
  }
  ASSIGN_OR_RETURN(writer->partitions_, writer->producer_->CountPartitions(options.topics[0]));
  writer->next_partition_ = context.subtask % writer->partitions_;
  return writer;
}

// The log of the job was made by this connector: KafkaDecisions.
Status KafkaSinkWriter::MakeProducer(const TableSpec& spec, KafkaClient* client) {
  if (options_.guarantee == KafkaGuarantee::kExactlyOnce) {
    auto* transactions = dynamic_cast<KafkaTransactions*>(context_.decisions);
    if (transactions == nullptr)
      return Status::Internal("an exactly-once sink in a job without transactions");
    std::unique_ptr<KafkaTransactionWriter> made = transactions->MakeWriter(context_.wake_up);
    transaction_ = made.get();
    producer_ = std::move(made);
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(KafkaProperties properties, TranslateProperties(spec.options, KafkaRole::kProducer));
  ASSIGN_OR_RETURN(producer_, client->MakeProducer(properties, context_.wake_up));
  return Status::Ok();
}

Status KafkaSinkWriter::Write(const Batch& batch) {
  Batch value = Pick(batch, layout_.value_columns);
  Batch key = Pick(batch, layout_.key_columns);
  for (int64_t row = 0; row < batch.rows; ++row) RETURN_IF_ERROR(WriteRow(batch, key, value, row));
  return producer_->Serve();
}

Status KafkaSinkWriter::WriteRow(const Batch& batch, const Batch& key, const Batch& value, int64_t row) {
  KafkaRecord record;
  record.topic = options_.topics[0];
  record.partition = ChoosePartition();
  RowKind kind = batch.kind(row);
  if (options_.upsert && kind == RowKind::kUpdateBefore) return Status::Ok();  // the next row replaces it
  if (!options_.upsert || kind != RowKind::kDelete) {
    value_bytes_.clear();
    RETURN_IF_ERROR(value_encoder_->EncodeRow(value, row, &value_bytes_));
    record.value = value_bytes_;
  }
  if (key_encoder_) {
    key_bytes_.clear();
    RETURN_IF_ERROR(key_encoder_->EncodeRow(key, row, &key_bytes_));
    record.key = key_bytes_;
  }
  SetMetadata(batch, row, &record);
  return producer_->Produce(record);
}

void KafkaSinkWriter::SetMetadata(const Batch& batch, int64_t row, KafkaRecord* record) const {
  for (size_t c = 0; c < layout_.columns.size(); ++c) {
    const KafkaColumn& column = layout_.columns[c];
    if (column.place != KafkaColumn::Place::kMetadata) continue;
    const Column& values = *batch.columns[c];
    if (values.IsNull(row)) continue;
    if (column.metadata == KafkaMetadata::kTimestamp) {
      record->timestamp_ms = MillisOf(values, row, column.type, *context_.eval->zone);
    } else if (column.metadata == KafkaMetadata::kHeaders) {
      const Column& names = *values.child(0);
      const Column& contents = *values.child(1);
      for (int32_t i = values.ListBegin(row); i < values.ListEnd(row); ++i) {
        KafkaHeader header{names.StringAt(i), std::nullopt};
        if (!contents.IsNull(i)) header.value = contents.StringAt(i);
        record->headers.push_back(header);
      }
    }
  }
}

int32_t KafkaSinkWriter::ChoosePartition() {
  switch (options_.partitioner) {
    case KafkaPartitioner::kDefault: return -1;
    case KafkaPartitioner::kFixed: return context_.subtask % partitions_;
    case KafkaPartitioner::kRoundRobin: break;
  }
  int32_t chosen = next_partition_;
  next_partition_ = (next_partition_ + 1) % partitions_;
  return chosen;
}

bool KafkaSinkWriter::full() const {
  if (transaction_ != nullptr && transaction_->waits()) return true;
  return producer_->records_in_flight() > kRecordsInFlightMax ||
         producer_->bytes_in_flight() > kBytesInFlightMax;
}

Result<bool> KafkaSinkWriter::Flush() {
  RETURN_IF_ERROR(producer_->Serve());
  if (no_wait.On()) return true;
  if (options_.guarantee == KafkaGuarantee::kNone || producer_->records_in_flight() == 0) return true;
  // Sends what lingers; not being done yet is no error.
  if (Status status = producer_->Flush(0); !status.ok() && !status.retryable()) return status;
  RETURN_IF_ERROR(producer_->Serve());
  return producer_->records_in_flight() == 0;
}

Result<std::vector<std::string>> KafkaSinkWriter::Prepare(uint64_t epoch) {
  if (transaction_ != nullptr) RETURN_IF_ERROR(transaction_->Pass(epoch));
  return std::vector<std::string>();
}

Status KafkaSinkWriter::Close(bool success) {
  Status status = success && transaction_ == nullptr ? producer_->Flush(kCloseTimeoutMs) : Status::Ok();
  transaction_ = nullptr;
  producer_.reset();
  return status;
}

}  // namespace penstock
