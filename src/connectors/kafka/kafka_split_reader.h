// KafkaSplitReader: reads the partitions of one subtask, step 1 of a record's way: bytes, partition, offset
// and timestamp of records that the client has fetched already. Runs on the task's thread; the client's
// threads only wake the task. Partitions take turns; each batch has rows of one of them.
#pragma once

#include <memory>
#include <vector>

#include "connectors/kafka/kafka_enumerator.h"
#include "connectors/kafka/kafka_row_decoder.h"
#include "stream/source.h"

namespace penstock {

class KafkaSplitReader : public SplitReader {
 public:
  KafkaSplitReader(SourceContext context, std::unique_ptr<KafkaConsumer> consumer,
                   std::unique_ptr<KafkaRowDecoder> decoder, std::shared_ptr<KafkaTopicIds> ids,
                   const KafkaOptions& options)
      : context_(std::move(context)),
        consumer_(std::move(consumer)),
        decoder_(std::move(decoder)),
        ids_(std::move(ids)),
        bounded_(options.bounded()),
        has_group_(!options.group_id.empty()) {}

  Status AddSplits(std::vector<SourceSplit> splits) override;
  Result<PollResult> Poll(int64_t max_rows) override;
  Batch TakeBadRows() override { return decoder_->TakeBadRows(); }
  std::vector<SourceSplit> Snapshot() const override;
  // Commits the offsets to the group, where the table names one.
  void OnDecided(const std::vector<SourceSplit>& splits) override;

 private:
  // A split's number is its index here.
  struct Partition {
    KafkaSplit split;
    bool caught_up = false;  // the client reported the end and nothing since
    bool done = false;       // at its stop offset
  };

  // Takes what is there of one partition; true when it gave rows.
  Result<bool> ReadFrom(size_t number, int64_t max_rows);
  Status FinishIfDone(size_t number);
  PollResult Nothing() const;

  SourceContext context_;
  std::unique_ptr<KafkaConsumer> consumer_;
  std::unique_ptr<KafkaRowDecoder> decoder_;
  std::shared_ptr<KafkaTopicIds> ids_;
  bool bounded_;
  bool has_group_;
  std::vector<Partition> partitions_;
  size_t turn_ = 0;
  bool open_changed_ = true;  // the next batch tells which splits are open
  int64_t bad_reported_ = 0;
  int64_t fields_reported_ = 0;
};

}  // namespace penstock
