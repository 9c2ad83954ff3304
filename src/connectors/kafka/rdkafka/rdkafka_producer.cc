// KafkaProducer on librdkafka.
#include "connectors/kafka/rdkafka/rdkafka_topics.h"

namespace penstock::rdkafka {

namespace {

class RdKafkaProducer : public KafkaProducer {
 public:
  RdKafkaProducer(std::unique_ptr<Handle> handle, std::function<void()> wake_up)
      : handle_(std::move(handle)),
        topics_(handle_.get()),
        wake_up_(std::move(wake_up)),
        events_(rd_kafka_queue_get_main(handle_->rk())) {
    handle_->on_delivery = [this](const rd_kafka_message_t& message, Status outcome) {
      --records_;
      bytes_ -= static_cast<int64_t>(message.len + message.key_len);
      if (failed_.ok() && !outcome.ok()) failed_ = std::move(outcome);
    };
    rd_kafka_queue_cb_event_enable(
        events_.get(), [](rd_kafka_t*, void* self) { static_cast<RdKafkaProducer*>(self)->wake_up_(); },
        this);
  }
  ~RdKafkaProducer() override {
    rd_kafka_queue_cb_event_enable(events_.get(), nullptr, nullptr);
    rd_kafka_purge(handle_->rk(),
                   RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    topics_.Clear();
  }

  Status Produce(const KafkaRecord& record) override {
    RETURN_IF_ERROR(topics_.Produce(record, nullptr));
    ++records_;
    bytes_ += record.bytes();
    return Status::Ok();
  }

  Status Serve() override {
    rd_kafka_poll(handle_->rk(), 0);
    return failed_;
  }
  int64_t records_in_flight() const override { return records_; }
  int64_t bytes_in_flight() const override { return bytes_; }

  Status Flush(int64_t timeout_ms) override {
    rd_kafka_resp_err_t code = rd_kafka_flush(handle_->rk(), static_cast<int>(timeout_ms));
    if (!failed_.ok()) return failed_;
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? Status::Ok() : StatusOf(code, "flushing");
  }

  Result<int32_t> CountPartitions(const std::string& topic) override {
    return topics_.CountPartitions(topic);
  }

 private:
  std::unique_ptr<Handle> handle_;
  TopicWriter topics_;
  std::function<void()> wake_up_;
  Owned<rd_kafka_queue_t> events_;
  int64_t records_ = 0, bytes_ = 0;
  Status failed_;
};

}  // namespace

Result<std::unique_ptr<KafkaProducer>> NewProducer(KafkaProperties properties,
                                                   std::function<void()> wake_up) {
  AddProducerDefaults(&properties);
  auto acks = properties.find("acks");
  bool all_replicas = acks == properties.end() || acks->second == "all" || acks->second == "-1";
  properties.emplace("enable.idempotence", all_replicas ? "true" : "false");
  // Only a transactional producer has a use for it.
  properties.erase("transaction.timeout.ms");
  ASSIGN_OR_RETURN(std::unique_ptr<Handle> handle,
                   Handle::Make(std::move(properties), RD_KAFKA_PRODUCER, NewProducerConf()));
  return std::unique_ptr<KafkaProducer>(new RdKafkaProducer(std::move(handle), std::move(wake_up)));
}

}  // namespace penstock::rdkafka
