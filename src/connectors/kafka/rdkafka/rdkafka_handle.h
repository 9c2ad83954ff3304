// Handle: one librdkafka client with its own threads, what they reported last, and error translation. Shared
// by the rdkafka_*.cc files, the only ones that see librdkafka. Callbacks on librdkafka's threads only note
// errors and wake tasks; everything else runs where it is called.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <mutex>

#include "connectors/kafka/kafka_client.h"

namespace penstock::rdkafka {

struct Deleter {
  void operator()(rd_kafka_t* p) const { rd_kafka_destroy(p); }
  void operator()(rd_kafka_conf_t* p) const { rd_kafka_conf_destroy(p); }
  void operator()(rd_kafka_queue_t* p) const { rd_kafka_queue_destroy(p); }
  void operator()(rd_kafka_event_t* p) const { rd_kafka_event_destroy(p); }
  void operator()(rd_kafka_error_t* p) const { rd_kafka_error_destroy(p); }
  void operator()(rd_kafka_AdminOptions_t* p) const { rd_kafka_AdminOptions_destroy(p); }
  void operator()(rd_kafka_topic_partition_list_t* p) const { rd_kafka_topic_partition_list_destroy(p); }
  void operator()(rd_kafka_TopicCollection_t* p) const { rd_kafka_TopicCollection_destroy(p); }
  void operator()(rd_kafka_topic_t* p) const { rd_kafka_topic_destroy(p); }
  void operator()(rd_kafka_NewTopic_t* p) const { rd_kafka_NewTopic_destroy(p); }
  void operator()(rd_kafka_ConfigResource_t* p) const { rd_kafka_ConfigResource_destroy(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

// Whether librdkafka or the caller may try again.
bool IsTransient(rd_kafka_resp_err_t code);
Status StatusOf(rd_kafka_resp_err_t code, const std::string& doing, const std::string& detail = "");

// One librdkafka handle, its configuration and what its threads reported last.
class Handle {
 public:
  // Takes `conf`.
  static Result<std::unique_ptr<Handle>> Make(KafkaProperties properties, rd_kafka_type_t type,
                                              rd_kafka_conf_t* conf);

  rd_kafka_t* rk() const { return rk_.get(); }
  int64_t time_limit_ms() const { return time_limit_ms_; }
  bool read_committed() const { return read_committed_; }
  const std::string& servers() const { return servers_; }
  std::function<void(const rd_kafka_message_t& message, Status outcome)> on_delivery;  // of a producer

  // Starts an admin call with `start(rk, options, queue)`; its event arrives on `queue`.
  template <typename F>
  void Start(rd_kafka_admin_op_t op, rd_kafka_queue_t* queue, F start) {
    Owned<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(rk(), op));
    char error[256];
    (void)rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(time_limit_ms_), error,
                                                    sizeof error);
    if (op == RD_KAFKA_ADMIN_OP_LISTOFFSETS) {
      Owned<rd_kafka_error_t> ignored(rd_kafka_AdminOptions_set_isolation_level(
          options.get(), read_committed_ ? RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
                                         : RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED));
    }
    start(rk(), options.get(), queue);
  }
  // The same, and waits for it.
  template <typename F>
  Result<Owned<rd_kafka_event_t>> Call(rd_kafka_admin_op_t op, const std::string& doing, F start) {
    Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(rk()));
    Start(op, queue.get(), start);
    Owned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), static_cast<int>(time_limit_ms_ + 2000)));
    rd_kafka_poll(rk(), 0);
    if (!event) return Unreachable();
    rd_kafka_resp_err_t code = rd_kafka_event_error(event.get());
    if (code == RD_KAFKA_RESP_ERR__TIMED_OUT) return Unreachable();
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return StatusOf(code, doing, rd_kafka_event_error_string(event.get()));
    return event;
  }

  // No broker answered within the time limit.
  Status Unreachable();

  std::string last_error() {
    std::lock_guard lock(mutex_);
    return last_error_;
  }
  bool TakeBrokersDown() { return brokers_down_.exchange(false); }
  // Errors of connections, and connections that have ended, so far.
  int64_t disturbances() const { return disturbances_; }
  void NoteConnectionLost() { ++disturbances_; }  // on a thread of librdkafka

 private:
  Handle() = default;
  void NoteError(rd_kafka_resp_err_t code, const char* reason) {
    ++disturbances_;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
      brokers_down_ = true;
      return;
    }
    std::lock_guard lock(mutex_);
    last_error_ = reason;
  }

  int64_t time_limit_ms_ = 15'000;
  bool read_committed_ = true;
  std::string servers_;
  std::mutex mutex_;
  std::string last_error_;
  std::atomic<bool> brokers_down_{false};
  std::atomic<int64_t> disturbances_{0};
  Owned<rd_kafka_t> rk_;  // last: its callbacks use the rest until it is destroyed
};

Owned<rd_kafka_topic_partition_list_t> ListOf(const std::vector<KafkaPartition>& partitions);

std::unique_ptr<KafkaAdmin> NewAdmin(std::unique_ptr<Handle> handle);
std::unique_ptr<KafkaConsumer> NewConsumer(std::unique_ptr<Handle> handle, std::function<void()> wake_up);
Result<std::unique_ptr<KafkaProducer>> NewProducer(KafkaProperties properties, std::function<void()> wake_up);
Result<std::unique_ptr<KafkaTransactionalProducer>> NewTransactionalProducer(KafkaProperties properties,
                                                                             std::function<void()> wake_up);

}  // namespace penstock::rdkafka
