// KafkaProgress: how far an exactly-once job has come: the last committed record under its name in a topic
// that all jobs of a cluster share, produced in the transaction of the rows that it speaks of. Read once
// before each attempt of a job; blocking. Format: docs/formats/kafka_progress.md.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "connectors/kafka/kafka_client.h"
#include "env/clock.h"
#include "stream/decision_log.h"

namespace penstock {

// Compacted. An open transaction hides what lies behind it in its partition, also from other jobs: with as
// many partitions as Kafka gives its own topics of this kind, few jobs share one.
inline constexpr const char* kProgressTopic = "penstock-progress";
inline constexpr int32_t kProgressPartitions = 50;
// Where Kafka's default partitioner puts the name. The number of partitions is a constant, not the topic's:
// the records of a job stay in one order when somebody adds some.
int32_t ProgressPartition(const std::string& job);

std::string WriteProgress(const Decision& decision);
// kCorruption for what WriteProgress did not write.
Result<Decision> ReadProgress(std::string_view bytes);

class KafkaProgress {
 public:
  // `properties`: of a consumer of that cluster.
  KafkaProgress(KafkaClient* client, KafkaProperties properties, std::string job, const Clock* clock);
  ~KafkaProgress();

  // Creates the topic where it is missing; fails where it would not keep the last record of every job, or
  // has too few partitions. One that was there is read from now on, while the caller initialises its
  // producers.
  Status Open();
  // The last committed record of the job. Waits until no open transaction hides any: all of the job's own are
  // over when its producers were initialised, those of others in its partition end within their time.
  // REQUIRES: Open, and every producer of the job was initialised since.
  Result<std::optional<Decision>> Last();

 private:
  class Reader;

  Status Check();
  Status StartReading();

  KafkaClient* client_;
  KafkaProperties properties_;
  const std::string job_;
  const KafkaPartition partition_;
  const Clock* clock_;
  std::unique_ptr<KafkaAdmin> admin_;  // these two from Open to the end of Last
  std::unique_ptr<Reader> reader_;
};

}  // namespace penstock
