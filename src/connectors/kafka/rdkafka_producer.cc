// KafkaProducer on librdkafka.
#include <algorithm>

#include "connectors/kafka/murmur2.h"
#include "connectors/kafka/rdkafka_handle.h"

namespace penstock::rdkafka {

namespace {

int32_t PartitionLikeJava(const rd_kafka_topic_t* topic, const void* key, size_t size, int32_t count,
                          void* opaque, void* message_opaque) {
  if (key == nullptr) return rd_kafka_msg_partitioner_random(topic, key, size, count, opaque, message_opaque);
  return KafkaPartitionOf({static_cast<const char*>(key), size}, count);
}

class RdKafkaProducer : public KafkaProducer {
 public:
  RdKafkaProducer(std::unique_ptr<Handle> handle, std::function<void()> wake_up)
      : handle_(std::move(handle)),
        wake_up_(std::move(wake_up)),
        events_(rd_kafka_queue_get_main(handle_->rk())) {
    handle_->on_delivery = [this](int64_t bytes, Status outcome) {
      --records_;
      bytes_ -= bytes;
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
    topics_.clear();
  }

  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    Status outcome;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      auto* handle = static_cast<Handle*>(opaque);
      std::string where = "a record for topic '" + std::string(rd_kafka_topic_name(message->rkt)) +
                          "' was not accepted by '" + handle->servers() + "'";
      std::string last = IsTransient(message->err) ? handle->last_error() : "";
      outcome = StatusOf(message->err, where,
                         last.empty() ? "" : std::string(rd_kafka_err2str(message->err)) + " (" + last + ")");
    }
    static_cast<Handle*>(opaque)->on_delivery(static_cast<int64_t>(message->len + message->key_len),
                                              std::move(outcome));
  }

  Status Produce(const KafkaRecord& record) override {
    values_.clear();
    ASSIGN_OR_RETURN(rd_kafka_topic_t * topic, TopicOf(record.topic));
    Value(RD_KAFKA_VTYPE_RKT).u.rkt = topic;
    Value(RD_KAFKA_VTYPE_PARTITION).u.i32 = record.partition;
    Value(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
    if (record.timestamp_ms >= 0) Value(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = record.timestamp_ms;
    if (record.key) SetBytes(&Value(RD_KAFKA_VTYPE_KEY), *record.key);
    if (record.value) SetBytes(&Value(RD_KAFKA_VTYPE_VALUE), *record.value);
    std::vector<std::string> names;  // librdkafka wants a terminated name
    names.reserve(record.headers.size());
    for (const KafkaHeader& header : record.headers) {
      rd_kafka_vu_t& value = Value(RD_KAFKA_VTYPE_HEADER);
      value.u.header.name = names.emplace_back(header.name).c_str();
      value.u.header.val = header.value ? header.value->data() : nullptr;
      value.u.header.size = header.value ? static_cast<ssize_t>(header.value->size()) : 0;
    }
    Owned<rd_kafka_error_t> error(rd_kafka_produceva(handle_->rk(), values_.data(), values_.size()));
    if (error) {
      return StatusOf(rd_kafka_error_code(error.get()),
                      "producing to topic '" + std::string(record.topic) + "'",
                      rd_kafka_error_string(error.get()));
    }
    ++records_;
    bytes_ += static_cast<int64_t>((record.key ? record.key->size() : 0) +
                                   (record.value ? record.value->size() : 0));
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
    ASSIGN_OR_RETURN(rd_kafka_topic_t * native, TopicOf(topic));
    // A broker that creates topics answers the first calls with "unknown" or "no leader yet".
    rd_kafka_resp_err_t outcome = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int attempt = 0; attempt < 6; ++attempt) {
      const struct rd_kafka_metadata* metadata = nullptr;
      rd_kafka_resp_err_t code =
          rd_kafka_metadata(handle_->rk(), 0, native, &metadata, static_cast<int>(handle_->time_limit_ms()));
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return handle_->Unreachable();
      outcome = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
      int32_t count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
      rd_kafka_metadata_destroy(metadata);
      if (outcome == RD_KAFKA_RESP_ERR_NO_ERROR && count > 0) return count;
      rd_kafka_poll(handle_->rk(), 200);
    }
    return StatusOf(outcome, "topic '" + topic + "' on '" + handle_->servers() + "'");
  }

 private:
  Result<rd_kafka_topic_t*> TopicOf(std::string_view name) {
    if (auto it = topics_.find(name); it != topics_.end()) return it->second.get();
    Owned<rd_kafka_topic_t> made(rd_kafka_topic_new(handle_->rk(), std::string(name).c_str(), nullptr));
    if (!made) return StatusOf(rd_kafka_last_error(), "topic '" + std::string(name) + "'");
    return topics_.emplace(name, std::move(made)).first->second.get();
  }
  rd_kafka_vu_t& Value(rd_kafka_vtype_t type) {
    rd_kafka_vu_t value{};
    value.vtype = type;
    return values_.emplace_back(value);
  }
  static void SetBytes(rd_kafka_vu_t* value, std::string_view bytes) {
    // Empty is not null.
    value->u.mem.ptr = const_cast<char*>(bytes.data() != nullptr ? bytes.data() : "");
    value->u.mem.size = bytes.size();
  }

  std::unique_ptr<Handle> handle_;
  std::function<void()> wake_up_;
  Owned<rd_kafka_queue_t> events_;
  std::map<std::string, Owned<rd_kafka_topic_t>, std::less<>> topics_;
  std::vector<rd_kafka_vu_t> values_;
  int64_t records_ = 0, bytes_ = 0;
  Status failed_;
};

}  // namespace

Result<std::unique_ptr<KafkaProducer>> NewProducer(KafkaProperties properties,
                                                   std::function<void()> wake_up) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_dr_msg_cb(conf, &RdKafkaProducer::OnDelivery);
  rd_kafka_topic_conf_t* topic_conf = rd_kafka_topic_conf_new();
  rd_kafka_topic_conf_set_partitioner_cb(topic_conf, &PartitionLikeJava);
  rd_kafka_conf_set_default_topic_conf(conf, topic_conf);
  // The writer bounds what is in flight; librdkafka must never refuse a batch half-way.
  properties.insert(
      {{"queue.buffering.max.messages", "10000000"}, {"queue.buffering.max.kbytes", "2097151"}});
  auto acks = properties.find("acks");
  bool all_replicas = acks == properties.end() || acks->second == "all" || acks->second == "-1";
  properties.emplace("enable.idempotence", all_replicas ? "true" : "false");
  ASSIGN_OR_RETURN(std::unique_ptr<Handle> handle,
                   Handle::Make(std::move(properties), RD_KAFKA_PRODUCER, conf));
  return std::unique_ptr<KafkaProducer>(new RdKafkaProducer(std::move(handle), std::move(wake_up)));
}

}  // namespace penstock::rdkafka
