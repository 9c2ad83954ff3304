// KafkaSinkWriter: rows to records, step 10 of a record's way. Encodes on the task's thread and hands records
// to the client, whose threads send them; what is not acknowledged yet is bounded, and waited for before a
// barrier and at the end. With exactly-once it writes through the transactions of its job, which become
// visible with the decision about a checkpoint; else records are visible at once. A record that cannot be
// delivered fails the job.
#pragma once

#include <memory>
#include <string>

#include "connectors/kafka/kafka_row_layout.h"
#include "connectors/kafka/transactions/kafka_transactions.h"
#include "stream/sink.h"

namespace penstock {

class KafkaSinkWriter : public SinkWriter {
 public:
  // The topic must exist, or its broker create topics.
  static Result<std::unique_ptr<KafkaSinkWriter>> Make(const TableSpec& spec, const KafkaOptions& options,
                                                       KafkaClient* client, const SinkContext& context);

  Status Write(const Batch& batch) override;
  bool full() const override;
  Status Poll() override { return producer_->Serve(); }
  int64_t poll_interval_ms() const override { return 200; }
  Result<bool> Flush() override;
  Result<std::vector<std::string>> Prepare(uint64_t epoch) override;
  Status Close(bool success) override;

 private:
  KafkaSinkWriter(KafkaRowLayout layout, KafkaOptions options, const SinkContext& context)
      : layout_(std::move(layout)), options_(std::move(options)), context_(context) {}
  Status MakeProducer(const TableSpec& spec, KafkaClient* client);
  Status WriteRow(const Batch& batch, const Batch& key, const Batch& value, int64_t row);
  void SetMetadata(const Batch& batch, int64_t row, KafkaRecord* record) const;
  int32_t ChoosePartition();

  KafkaRowLayout layout_;
  KafkaOptions options_;
  SinkContext context_;
  std::unique_ptr<KafkaProducer> producer_;
  KafkaTransactionWriter* transaction_ = nullptr;  // producer_ with exactly-once
  std::unique_ptr<Encoder> value_encoder_, key_encoder_;
  int32_t partitions_ = 1;
  int32_t next_partition_ = 0;
  std::string value_bytes_, key_bytes_;
};

}  // namespace penstock
