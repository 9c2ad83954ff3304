// KafkaEnumerator: finds the partitions of a kafka table and where each begins and ends. The first Discover
// asks the brokers and waits; later partitions are looked for on a thread of its own, and Discover hands over
// what it found.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "connectors/kafka/kafka_options.h"
#include "connectors/kafka/kafka_split.h"
#include "env/thread.h"
#include "stream/source.h"

namespace penstock {

// The ids of topics as the brokers gave them; shared by enumerator and readers, thread-safe.
class KafkaTopicIds {
 public:
  // Fails where a topic of that name was noted with another id.
  Status Note(const KafkaTopic& topic);
  // Fails where `split` was read from another topic of the same name. A topic that was not asked for is fine.
  Status Check(const KafkaSplit& split) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> ids_;
};

// The offset of `place` in each partition, as Flink resolves it: an offset, kKafkaEarliest, or kNoKafkaOffset
// for an unbounded end. `committed` names the group for the error when nothing was committed and nothing else
// asked for.
Result<std::vector<int64_t>> ResolvePlace(const KafkaPlace& place,
                                          const std::vector<KafkaPartition>& partitions,
                                          const KafkaOptions& options, KafkaAdmin* admin);

class KafkaEnumerator : public SplitEnumerator {
 public:
  // `restored`: the known partitions come out of a savepoint, so all others are new and begin at their first
  // record.
  KafkaEnumerator(KafkaOptions options, std::unique_ptr<KafkaAdmin> admin, std::shared_ptr<KafkaTopicIds> ids,
                  bool restored)
      : options_(std::move(options)), admin_(std::move(admin)), ids_(std::move(ids)), restored_(restored) {}
  ~KafkaEnumerator() override;

  Result<std::vector<SourceSplit>> Discover() override;
  int64_t discovery_interval_ms() const override;

 private:
  bool looks_again() const { return !options_.bounded() && options_.discovery_interval_ms > 0; }
  // Partitions not known yet.
  Result<std::vector<KafkaSplit>> FindNew();
  Result<std::vector<std::string>> TopicNames();
  void LookAgainLoop();

  KafkaOptions options_;
  std::unique_ptr<KafkaAdmin> admin_;  // of the thread, once it runs
  std::shared_ptr<KafkaTopicIds> ids_;
  bool restored_;
  bool started_ = false;
  std::set<KafkaPartition> known_;

  std::mutex mutex_;
  std::condition_variable stop_changed_;
  bool stop_ = false;
  std::vector<SourceSplit> found_;
  Status failed_;
  Thread thread_;
};

}  // namespace penstock
