// TopicWriter: what both producers have in common: topic handles, the making of a record for librdkafka, the
// partitioner, the meaning of an acknowledgement. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "connectors/kafka/rdkafka/rdkafka_handle.h"

namespace penstock::rdkafka {

// A producer's configuration: acknowledgements go to Handle::on_delivery, keys to the partitions of Java's
// client.
rd_kafka_conf_t* NewProducerConf();
// What both producers need beyond the table's properties.
void AddProducerDefaults(KafkaProperties* properties);

class TopicWriter {
 public:
  explicit TopicWriter(Handle* handle) : handle_(handle) {}

  // `opaque` comes back with the acknowledgement, as rd_kafka_message_t::_private.
  Status Produce(const KafkaRecord& record, void* opaque);
  // Waits for a broker that creates topics.
  Result<int32_t> CountPartitions(const std::string& topic);
  // Before the client is destroyed.
  void Clear() { topics_.clear(); }

 private:
  Result<rd_kafka_topic_t*> TopicOf(std::string_view name);

  Handle* handle_;
  std::mutex mutex_;
  std::map<std::string, Owned<rd_kafka_topic_t>, std::less<>> topics_;
};

}  // namespace penstock::rdkafka
