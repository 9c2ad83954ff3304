// KafkaProgress: the topic that tells how far each exactly-once job has come: one record a job, under its
// name, produced in the transaction of the rows that it speaks of. Read once before each attempt of a job;
// blocking. Format: docs/formats/kafka_progress.md.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "connectors/kafka/kafka_client.h"
#include "env/clock.h"
#include "stream/decision_log.h"

namespace penstock {

// Compacted, one partition: an order over all records of a job whatever becomes of the topic's size.
inline constexpr const char* kProgressTopic = "penstock-progress";

std::string WriteProgress(const Decision& decision);
// kCorruption for what WriteProgress did not write.
Result<Decision> ReadProgress(std::string_view bytes);

class KafkaProgress {
 public:
  // `properties`: of a consumer of that cluster.
  KafkaProgress(KafkaClient* client, KafkaProperties properties, const Clock* clock);
  ~KafkaProgress();

  // Creates the topic where it is missing; fails where it would not keep the last record of every job. One
  // that was there is read from now on, while the caller initialises its producers.
  Status Open();
  // The last committed record of the job. Waits until no open transaction hides any: all of the job's own are
  // over when its producers were initialised, those of others end within their time.
  // REQUIRES: Open, and every producer of the job was initialised since.
  Result<std::optional<Decision>> Last(const std::string& job);

 private:
  class Reader;

  Status StartReading();

  KafkaClient* client_;
  KafkaProperties properties_;
  const Clock* clock_;
  std::unique_ptr<KafkaAdmin> admin_;  // these two from Open to the end of Last
  std::unique_ptr<Reader> reader_;
};

}  // namespace penstock
