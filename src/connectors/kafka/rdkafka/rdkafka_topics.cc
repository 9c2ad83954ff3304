// Records for librdkafka, and what became of them.
#include "connectors/kafka/rdkafka/rdkafka_topics.h"

#include "connectors/kafka/murmur2.h"

namespace penstock::rdkafka {

namespace {

int32_t PartitionLikeJava(const rd_kafka_topic_t* topic, const void* key, size_t size, int32_t count,
                          void* opaque, void* message_opaque) {
  if (key == nullptr) return rd_kafka_msg_partitioner_random(topic, key, size, count, opaque, message_opaque);
  return KafkaPartitionOf({static_cast<const char*>(key), size}, count);
}

void OnDelivery(rd_kafka_t* rk, const rd_kafka_message_t* message, void* opaque) {
  auto* handle = static_cast<Handle*>(opaque);
  Status outcome;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::string where = "a record for topic '" + std::string(rd_kafka_topic_name(message->rkt)) +
                        "' was not accepted by '" + handle->servers() + "'";
    rd_kafka_resp_err_t code = message->err;
    std::string last = IsTransient(code) ? handle->last_error() : "";
    std::string detail = last.empty() ? "" : std::string(rd_kafka_err2str(code)) + " (" + last + ")";
    char reason[512] = "";
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(rk, reason, sizeof reason);
    if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
      code = fatal;
      detail = reason;
    }
    outcome = StatusOf(code, where, detail);
  }
  handle->on_delivery(*message, std::move(outcome));
}

// The arguments of one rd_kafka_produceva.
class Arguments {
 public:
  rd_kafka_vu_t& Add(rd_kafka_vtype_t type) {
    rd_kafka_vu_t value{};
    value.vtype = type;
    return values_.emplace_back(value);
  }
  void AddBytes(rd_kafka_vtype_t type, std::string_view bytes) {
    rd_kafka_vu_t& value = Add(type);
    // Empty is not null.
    value.u.mem.ptr = const_cast<char*>(bytes.data() != nullptr ? bytes.data() : "");
    value.u.mem.size = bytes.size();
  }
  void AddHeaders(const std::vector<KafkaHeader>& headers) {
    names_.reserve(headers.size());
    for (const KafkaHeader& header : headers) {
      rd_kafka_vu_t& value = Add(RD_KAFKA_VTYPE_HEADER);
      value.u.header.name = names_.emplace_back(header.name).c_str();  // librdkafka wants a terminated name
      value.u.header.val = header.value ? header.value->data() : nullptr;
      value.u.header.size = header.value ? static_cast<ssize_t>(header.value->size()) : 0;
    }
  }
  void Clear() {
    values_.clear();
    names_.clear();
  }
  const std::vector<rd_kafka_vu_t>& values() const { return values_; }

 private:
  std::vector<rd_kafka_vu_t> values_;
  std::vector<std::string> names_;
};

}  // namespace

rd_kafka_conf_t* NewProducerConf() {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_dr_msg_cb(conf, &OnDelivery);
  rd_kafka_topic_conf_t* topic_conf = rd_kafka_topic_conf_new();
  rd_kafka_topic_conf_set_partitioner_cb(topic_conf, &PartitionLikeJava);
  rd_kafka_conf_set_default_topic_conf(conf, topic_conf);
  return conf;
}

void AddProducerDefaults(KafkaProperties* properties) {
  // The writer bounds what is in flight; librdkafka must never refuse a batch half-way.
  properties->insert(
      {{"queue.buffering.max.messages", "10000000"}, {"queue.buffering.max.kbytes", "2097151"}});
}

Result<rd_kafka_topic_t*> TopicWriter::TopicOf(std::string_view name) {
  std::lock_guard lock(mutex_);
  if (auto it = topics_.find(name); it != topics_.end()) return it->second.get();
  Owned<rd_kafka_topic_t> made(rd_kafka_topic_new(handle_->rk(), std::string(name).c_str(), nullptr));
  if (!made) return StatusOf(rd_kafka_last_error(), "topic '" + std::string(name) + "'");
  return topics_.emplace(name, std::move(made)).first->second.get();
}

Status TopicWriter::Produce(const KafkaRecord& record, void* opaque) {
  thread_local Arguments arguments;
  arguments.Clear();
  ASSIGN_OR_RETURN(rd_kafka_topic_t * topic, TopicOf(record.topic));
  arguments.Add(RD_KAFKA_VTYPE_RKT).u.rkt = topic;
  arguments.Add(RD_KAFKA_VTYPE_PARTITION).u.i32 = record.partition;
  arguments.Add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  if (opaque != nullptr) arguments.Add(RD_KAFKA_VTYPE_OPAQUE).u.ptr = opaque;
  if (record.timestamp_ms >= 0) arguments.Add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = record.timestamp_ms;
  if (record.key) arguments.AddBytes(RD_KAFKA_VTYPE_KEY, *record.key);
  if (record.value) arguments.AddBytes(RD_KAFKA_VTYPE_VALUE, *record.value);
  arguments.AddHeaders(record.headers);
  Owned<rd_kafka_error_t> error(
      rd_kafka_produceva(handle_->rk(), arguments.values().data(), arguments.values().size()));
  if (!error) return Status::Ok();
  rd_kafka_resp_err_t code = rd_kafka_error_code(error.get());
  char reason[512] = "";
  if (rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(handle_->rk(), reason, sizeof reason);
      fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
    code = fatal;
  }
  return StatusOf(code, "producing to topic '" + std::string(record.topic) + "'",
                  rd_kafka_error_string(error.get()));
}

Result<int32_t> TopicWriter::CountPartitions(const std::string& topic) {
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

}  // namespace penstock::rdkafka
