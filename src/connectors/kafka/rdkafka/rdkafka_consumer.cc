// KafkaConsumer on librdkafka: a queue of its own for each partition.
#include <algorithm>

#include "connectors/kafka/rdkafka/rdkafka_handle.h"

namespace penstock::rdkafka {

namespace {

KafkaTimestampType TypeOf(rd_kafka_timestamp_type_t type) {
  return type == RD_KAFKA_TIMESTAMP_CREATE_TIME       ? KafkaTimestampType::kCreateTime
         : type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? KafkaTimestampType::kLogAppendTime
                                                      : KafkaTimestampType::kNone;
}

std::vector<KafkaHeader> HeadersOf(const rd_kafka_message_t* message) {
  std::vector<KafkaHeader> headers;
  rd_kafka_headers_t* native = nullptr;
  if (rd_kafka_message_headers(message, &native) != RD_KAFKA_RESP_ERR_NO_ERROR) return headers;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(native, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    KafkaHeader header{name, std::nullopt};
    if (value != nullptr) header.value = std::string_view(static_cast<const char*>(value), size);
    headers.push_back(header);
  }
  return headers;
}

class RdKafkaFetch : public KafkaFetch {
 public:
  ~RdKafkaFetch() override {
    for (rd_kafka_message_t* message : owned_) rd_kafka_message_destroy(message);
  }
  void Add(rd_kafka_message_t* native) {
    owned_.push_back(native);
    KafkaMessage message;
    message.offset = native->offset;
    rd_kafka_timestamp_type_t type;
    message.timestamp_ms = rd_kafka_message_timestamp(native, &type);
    message.timestamp_type = TypeOf(type);
    message.leader_epoch = rd_kafka_message_leader_epoch(native);
    if (native->key != nullptr) message.key.emplace(static_cast<const char*>(native->key), native->key_len);
    if (native->payload != nullptr)
      message.value.emplace(static_cast<const char*>(native->payload), native->len);
    messages.push_back(message);
    end_offset = kNoKafkaOffset;
  }
  std::vector<KafkaHeader> Headers(size_t message) const override { return HeadersOf(owned_[message]); }

 private:
  std::vector<rd_kafka_message_t*> owned_;
};

class RdKafkaConsumer : public KafkaConsumer {
 public:
  RdKafkaConsumer(std::unique_ptr<Handle> handle, std::function<void()> wake_up)
      : handle_(std::move(handle)), wake_up_(std::move(wake_up)) {
    rd_kafka_poll_set_consumer(handle_->rk());
  }
  ~RdKafkaConsumer() override {
    for (auto& [handle, partition] : partitions_) {
      rd_kafka_queue_cb_event_enable(partition.queue.get(), nullptr, nullptr);
    }
    rd_kafka_assign(handle_->rk(), nullptr);
    partitions_.clear();
    probe_.reset();
  }

  Status Assign(const std::vector<KafkaAssignment>& added) override {
    Owned<rd_kafka_topic_partition_list_t> list(
        rd_kafka_topic_partition_list_new(static_cast<int>(added.size())));
    for (const KafkaAssignment& a : added) {
      Partition& partition = partitions_[a.handle];
      partition.name = a.partition;
      // A queue of its own, so that each fetch is of one partition and a slow one does not hide the others.
      partition.queue.reset(
          rd_kafka_queue_get_partition(handle_->rk(), a.partition.topic.c_str(), a.partition.partition));
      if (!partition.queue) return Status::Internal("no queue for " + a.partition.ToString());
      rd_kafka_queue_forward(partition.queue.get(), nullptr);
      rd_kafka_queue_cb_event_enable(
          partition.queue.get(),
          [](rd_kafka_t*, void* self) { static_cast<RdKafkaConsumer*>(self)->wake_up_(); }, this);
      rd_kafka_topic_partition_t* native =
          rd_kafka_topic_partition_list_add(list.get(), a.partition.topic.c_str(), a.partition.partition);
      native->offset = a.offset;
      if (a.leader_epoch >= 0) rd_kafka_topic_partition_set_leader_epoch(native, a.leader_epoch);
    }
    Owned<rd_kafka_error_t> error(rd_kafka_incremental_assign(handle_->rk(), list.get()));
    if (!error) return Status::Ok();
    return StatusOf(rd_kafka_error_code(error.get()), "assigning partitions",
                    rd_kafka_error_string(error.get()));
  }

  Status Release(int handle) override {
    auto it = partitions_.find(handle);
    if (it == partitions_.end()) return Status::Ok();
    rd_kafka_queue_cb_event_enable(it->second.queue.get(), nullptr, nullptr);
    Owned<rd_kafka_topic_partition_list_t> list = ListOf({it->second.name});
    Owned<rd_kafka_error_t> error(rd_kafka_incremental_unassign(handle_->rk(), list.get()));
    partitions_.erase(it);
    if (!error) return Status::Ok();
    return StatusOf(rd_kafka_error_code(error.get()), "releasing a partition",
                    rd_kafka_error_string(error.get()));
  }

  Result<std::unique_ptr<KafkaFetch>> Fetch(int handle, int64_t max) override {
    Partition& partition = partitions_.at(handle);
    if (!partition.failed.ok()) return partition.failed;
    natives_.resize(static_cast<size_t>(max));
    ssize_t count = rd_kafka_consume_batch_queue(partition.queue.get(), 0, natives_.data(), natives_.size());
    auto fetch = std::make_unique<RdKafkaFetch>();
    for (ssize_t i = 0; i < count; ++i) {
      rd_kafka_message_t* native = natives_[static_cast<size_t>(i)];
      if (native->err == RD_KAFKA_RESP_ERR_NO_ERROR && partition.failed.ok()) {
        fetch->Add(native);
        continue;
      }
      if (native->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        fetch->end_offset = native->offset;
      } else if (!IsTransient(native->err) && native->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        partition.failed = Failure(partition.name, *native);  // after the messages before it
      }
      rd_kafka_message_destroy(native);
    }
    if (fetch->messages.empty() && !partition.failed.ok()) return partition.failed;
    return std::unique_ptr<KafkaFetch>(std::move(fetch));
  }

  Status Serve() override {
    // What is left for the consumer's own queue are errors of no partition: the error callback has them too.
    while (rd_kafka_message_t* message = rd_kafka_consumer_poll(handle_->rk(), 0))
      rd_kafka_message_destroy(message);
    if (handle_->TakeBrokersDown() && !probe_) {
      probe_.reset(rd_kafka_queue_new(handle_->rk()));
      handle_->Start(RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER, probe_.get(),
                     [](rd_kafka_t* rk, rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                       rd_kafka_DescribeCluster(rk, options, queue);
                     });
    }
    if (!probe_) return Status::Ok();
    Owned<rd_kafka_event_t> answer(rd_kafka_queue_poll(probe_.get(), 0));
    if (!answer) return Status::Ok();
    probe_.reset();
    if (!IsTransient(rd_kafka_event_error(answer.get()))) return Status::Ok();
    return handle_->Unreachable();
  }

  void CommitOffsets(const std::vector<KafkaAssignment>& positions) override {
    Owned<rd_kafka_topic_partition_list_t> list(
        rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
    for (const KafkaAssignment& p : positions) {
      if (p.offset < 0) continue;
      rd_kafka_topic_partition_t* native =
          rd_kafka_topic_partition_list_add(list.get(), p.partition.topic.c_str(), p.partition.partition);
      native->offset = p.offset;
      if (p.leader_epoch >= 0) rd_kafka_topic_partition_set_leader_epoch(native, p.leader_epoch);
    }
    if (list->cnt > 0) rd_kafka_commit(handle_->rk(), list.get(), 1);
  }

 private:
  struct Partition {
    KafkaPartition name;
    Owned<rd_kafka_queue_t> queue;
    Status failed;
  };

  static Status Failure(const KafkaPartition& partition, const rd_kafka_message_t& native) {
    std::string detail = native.payload != nullptr
                             ? std::string(static_cast<const char*>(native.payload), native.len)
                             : rd_kafka_err2str(native.err);
    Status status = StatusOf(native.err, "reading " + partition.ToString(), detail);
    if (native.err != RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET &&
        native.err != RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
      return status;
    }
    return std::move(status).WithHint(
        "records were deleted before they were read; set 'properties.auto.offset.reset' to go on after them");
  }

  std::unique_ptr<Handle> handle_;
  std::function<void()> wake_up_;
  std::map<int, Partition> partitions_;
  std::vector<rd_kafka_message_t*> natives_;
  Owned<rd_kafka_queue_t> probe_;  // an unanswered call that tells whether the brokers came back
};

}  // namespace

std::unique_ptr<KafkaConsumer> NewConsumer(std::unique_ptr<Handle> handle, std::function<void()> wake_up) {
  return std::make_unique<RdKafkaConsumer>(std::move(handle), std::move(wake_up));
}

}  // namespace penstock::rdkafka
