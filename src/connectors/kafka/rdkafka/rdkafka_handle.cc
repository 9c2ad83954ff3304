// Making handles, and what librdkafka's errors mean.
#include "connectors/kafka/rdkafka/rdkafka_handle.h"

#include <algorithm>

#include "connectors/kafka/kafka_properties.h"

namespace penstock::rdkafka {

namespace {

// Errors are told to the application only now and then: of two that are alike within half a minute one.
// Connections that end are told here, each, before anything is sent again.
rd_kafka_resp_err_t WatchConnections(rd_kafka_t* rk, const rd_kafka_conf_t*, void* handle, char*, size_t) {
  return rd_kafka_interceptor_add_on_broker_state_change(
      rk, "penstock",
      [](rd_kafka_t*, int32_t, const char*, const char*, int, const char* state, void* opaque) {
        if (std::string_view(state) == "DOWN") static_cast<Handle*>(opaque)->NoteConnectionLost();
        return RD_KAFKA_RESP_ERR_NO_ERROR;
      },
      handle);
}

}  // namespace

bool IsTransient(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION: return true;
    default: return false;
  }
}

Status StatusOf(rd_kafka_resp_err_t code, const std::string& doing, const std::string& detail) {
  std::string message = doing + ": " + (detail.empty() ? rd_kafka_err2str(code) : detail);
  StatusCode status = StatusCode::kIo;
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: status = StatusCode::kNotFound; break;
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH: status = StatusCode::kFenced; break;
    default:
      if (IsTransient(code)) status = StatusCode::kUnavailable;
  }
  return Status(status, message).WithNumber(ErrorNumber::kRuntime);
}

Result<std::unique_ptr<Handle>> Handle::Make(KafkaProperties properties, rd_kafka_type_t type,
                                             rd_kafka_conf_t* base) {
  auto handle = std::unique_ptr<Handle>(new Handle);
  Owned<rd_kafka_conf_t> conf(base);
  if (auto it = properties.find(kTimeLimitProperty); it != properties.end()) {
    handle->time_limit_ms_ = std::max(1LL, std::atoll(it->second.c_str()));
    properties.erase(it);
  }
  handle->servers_ = properties["bootstrap.servers"];
  handle->read_committed_ = properties["isolation.level"] != "read_uncommitted";
  std::erase_if(properties, [](const auto& entry) { return entry.second.empty(); });
  char error[512];
  for (const auto& [key, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), error, sizeof error) == RD_KAFKA_CONF_OK) {
      continue;
    }
    return SqlError(ErrorNumber::kBadOption, {}, "Kafka property '" + key + "': " + error);
  }
  rd_kafka_conf_set_opaque(conf.get(), handle.get());
  rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* reason, void* opaque) {
    static_cast<Handle*>(opaque)->NoteError(static_cast<rd_kafka_resp_err_t>(code), reason);
  });
  rd_kafka_conf_interceptor_add_on_new(conf.get(), "penstock", &WatchConnections, handle.get());
  handle->rk_.reset(rd_kafka_new(type, conf.get(), error, sizeof error));
  if (!handle->rk_) return SqlError(ErrorNumber::kBadOption, {}, std::string("Kafka client: ") + error);
  (void)conf.release();  // belongs to the handle now
  return handle;
}

Status Handle::Unreachable() {
  rd_kafka_poll(rk(), 0);
  std::string last = last_error();
  return Status(StatusCode::kUnavailable, "no Kafka broker of '" + servers_ + "' answered within " +
                                              std::to_string(time_limit_ms_ / 1000) + " s" +
                                              (last.empty() ? "" : ": " + last))
      .WithNumber(ErrorNumber::kRuntime)
      .WithHint("check 'properties.bootstrap.servers' and that the broker runs");
}

Owned<rd_kafka_topic_partition_list_t> ListOf(const std::vector<KafkaPartition>& partitions) {
  Owned<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const KafkaPartition& p : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), p.topic.c_str(), p.partition);
  }
  return list;
}

}  // namespace penstock::rdkafka
