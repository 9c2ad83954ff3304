// KafkaTransactionalProducer on librdkafka.
#include <mutex>

#include "connectors/kafka/rdkafka/rdkafka_topics.h"

namespace penstock::rdkafka {

namespace {

class RdKafkaTransactionalProducer : public KafkaTransactionalProducer {
 public:
  RdKafkaTransactionalProducer(std::unique_ptr<Handle> handle, std::string id, std::function<void()> wake_up)
      : handle_(std::move(handle)),
        id_(std::move(id)),
        topics_(handle_.get()),
        wake_up_(std::move(wake_up)),
        events_(rd_kafka_queue_get_main(handle_->rk())) {
    handle_->on_delivery = [this](const rd_kafka_message_t& message, Status outcome) {
      auto* deliveries = static_cast<KafkaDeliveries*>(message._private);
      deliveries->bytes -= static_cast<int64_t>(message.len + message.key_len);
      --deliveries->records;
      // What Abort has thrown away did not fail.
      bool thrown_away =
          message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
      if (!outcome.ok() && !thrown_away) Fail(std::move(outcome));
    };
    rd_kafka_queue_cb_event_enable(
        events_.get(),
        [](rd_kafka_t*, void* self) { static_cast<RdKafkaTransactionalProducer*>(self)->wake_up_(); }, this);
  }
  ~RdKafkaTransactionalProducer() override {
    rd_kafka_queue_cb_event_enable(events_.get(), nullptr, nullptr);
    // What was not acknowledged is forgotten; whoever gets these reports may be gone.
    handle_->on_delivery = [](const rd_kafka_message_t&, const Status&) {};
    rd_kafka_purge(handle_->rk(),
                   RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    topics_.Clear();
  }

  Status Init(int64_t timeout_ms) override {
    return Translate(rd_kafka_init_transactions(handle_->rk(), static_cast<int>(timeout_ms)), "initialising");
  }
  Status Begin() override {
    disturbances_before_ = handle_->disturbances();
    return Translate(rd_kafka_begin_transaction(handle_->rk()), "beginning");
  }
  Status Commit(int64_t timeout_ms) override {
    return Translate(rd_kafka_commit_transaction(handle_->rk(), static_cast<int>(timeout_ms)), "committing");
  }
  Status Abort(int64_t timeout_ms) override {
    return Translate(rd_kafka_abort_transaction(handle_->rk(), static_cast<int>(timeout_ms)), "aborting");
  }

  Status Produce(const KafkaRecord& record, KafkaDeliveries* deliveries) override {
    // Counted before it is sent: the acknowledgement may come at once.
    int64_t bytes = record.bytes();
    ++deliveries->records;
    deliveries->bytes += bytes;
    Status sent = topics_.Produce(record, deliveries);
    if (sent.ok()) return sent;
    --deliveries->records;
    deliveries->bytes -= bytes;
    return sent;
  }

  Result<bool> Serve() override {
    bool any = rd_kafka_poll(handle_->rk(), 0) > 0;
    std::lock_guard lock(mutex_);
    if (!failed_.ok()) return failed_;
    return any;
  }

  Status Flush(int64_t timeout_ms) override {
    rd_kafka_resp_err_t code = rd_kafka_flush(handle_->rk(), static_cast<int>(timeout_ms));
    if (std::lock_guard lock(mutex_); !failed_.ok()) return failed_;
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? Status::Ok() : StatusOf(code, "flushing");
  }

  bool disturbed() override {
    rd_kafka_poll(handle_->rk(), 0);  // errors are reported there
    return handle_->disturbances() != disturbances_before_;
  }
  Result<int32_t> CountPartitions(const std::string& topic) override {
    return topics_.CountPartitions(topic);
  }

 private:
  void Fail(Status outcome) {
    std::lock_guard lock(mutex_);
    if (failed_.ok()) failed_ = std::move(outcome);
  }
  // Takes the error.
  Status Translate(rd_kafka_error_t* native, const std::string& doing) {
    Owned<rd_kafka_error_t> error(native);
    if (!error) return Status::Ok();
    std::string what = doing + " the transaction '" + id_ + "' on '" + handle_->servers() + "'";
    Status status = StatusOf(rd_kafka_error_code(error.get()), what, rd_kafka_error_string(error.get()));
    bool again = rd_kafka_error_is_retriable(error.get()) != 0 && status.code() != StatusCode::kFenced;
    if (!again || status.retryable()) return status;
    return Status(StatusCode::kUnavailable, status.message()).WithNumber(ErrorNumber::kRuntime);
  }

  std::unique_ptr<Handle> handle_;
  std::string id_;
  TopicWriter topics_;
  std::function<void()> wake_up_;
  Owned<rd_kafka_queue_t> events_;
  std::mutex mutex_;
  Status failed_;
  std::atomic<int64_t> disturbances_before_{0};
};

}  // namespace

Result<std::unique_ptr<KafkaTransactionalProducer>> NewTransactionalProducer(KafkaProperties properties,
                                                                             std::function<void()> wake_up) {
  AddProducerDefaults(&properties);
  properties["enable.idempotence"] = "true";
  std::string id = properties["transactional.id"];
  ASSIGN_OR_RETURN(std::unique_ptr<Handle> handle,
                   Handle::Make(std::move(properties), RD_KAFKA_PRODUCER, NewProducerConf()));
  return std::unique_ptr<KafkaTransactionalProducer>(
      new RdKafkaTransactionalProducer(std::move(handle), std::move(id), std::move(wake_up)));
}

}  // namespace penstock::rdkafka
