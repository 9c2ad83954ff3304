// KafkaClient on librdkafka: what each kind of client is configured with beyond the table's properties.
#include "connectors/kafka/rdkafka/rdkafka_handle.h"

namespace penstock {

namespace rdkafka {
namespace {

const KafkaProperties kConsumerDefaults = {
    {"group.id", "penstock"},  // librdkafka wants one; nothing is committed under it
    {"isolation.level", "read_committed"},
    {"auto.offset.reset", "error"},
    {"check.crcs", "true"},
    {"queued.max.messages.kbytes", "16384"},  // of one partition
    {"fetch.queue.backoff.ms", "20"},
};
const KafkaProperties kConsumerFixed = {
    {"enable.auto.commit", "false"}, {"enable.auto.offset.store", "false"}, {"enable.partition.eof", "true"}};

class RdKafka : public KafkaClient {
 public:
  Result<std::unique_ptr<KafkaAdmin>> MakeAdmin(const KafkaProperties& properties) override {
    ASSIGN_OR_RETURN(std::unique_ptr<Handle> handle, MakeReading(properties));
    return NewAdmin(std::move(handle));
  }
  Result<std::unique_ptr<KafkaConsumer>> MakeConsumer(const KafkaProperties& properties,
                                                      std::function<void()> wake_up) override {
    ASSIGN_OR_RETURN(std::unique_ptr<Handle> handle, MakeReading(properties));
    return NewConsumer(std::move(handle), std::move(wake_up));
  }
  Result<std::unique_ptr<KafkaProducer>> MakeProducer(const KafkaProperties& properties,
                                                      std::function<void()> wake_up) override {
    return NewProducer(properties, std::move(wake_up));
  }
  Result<std::unique_ptr<KafkaTransactionalProducer>> MakeTransactionalProducer(
      const KafkaProperties& properties, std::function<void()> wake_up) override {
    return NewTransactionalProducer(properties, std::move(wake_up));
  }

 private:
  static Result<std::unique_ptr<Handle>> MakeReading(const KafkaProperties& properties) {
    KafkaProperties all = properties;
    all.insert(kConsumerDefaults.begin(), kConsumerDefaults.end());
    for (const auto& [key, value] : kConsumerFixed) all[key] = value;
    if (all["auto.offset.reset"] == "none") all["auto.offset.reset"] = "error";
    return Handle::Make(std::move(all), RD_KAFKA_CONSUMER, rd_kafka_conf_new());
  }
};

}  // namespace
}  // namespace rdkafka

KafkaClient& RdKafkaClient() {
  static rdkafka::RdKafka client;
  return client;
}

}  // namespace penstock
