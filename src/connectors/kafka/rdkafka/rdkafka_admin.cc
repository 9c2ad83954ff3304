// KafkaAdmin on librdkafka's admin calls.
#include <algorithm>

#include "connectors/kafka/rdkafka/rdkafka_handle.h"

namespace penstock::rdkafka {

namespace {

class RdKafkaAdmin : public KafkaAdmin {
 public:
  explicit RdKafkaAdmin(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}

  Result<std::vector<std::string>> ListTopics() override {
    const struct rd_kafka_metadata* metadata = nullptr;
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(handle_->rk(), 1, nullptr, &metadata, static_cast<int>(handle_->time_limit_ms()));
    if (IsTransient(code)) return handle_->Unreachable();
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return StatusOf(code, "listing topics");
    std::vector<std::string> names;
    for (int i = 0; i < metadata->topic_cnt; ++i) names.emplace_back(metadata->topics[i].topic);
    rd_kafka_metadata_destroy(metadata);
    return names;
  }

  Result<std::vector<KafkaTopic>> DescribeTopics(const std::vector<std::string>& names) override {
    std::vector<const char*> texts;
    for (const std::string& name : names) texts.push_back(name.c_str());
    Owned<rd_kafka_TopicCollection_t> topics(
        rd_kafka_TopicCollection_of_topic_names(texts.data(), texts.size()));
    ASSIGN_OR_RETURN(
        Owned<rd_kafka_event_t> event,
        handle_->Call(RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, "describing topics",
                      [&](rd_kafka_t* rk, rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                        rd_kafka_DescribeTopics(rk, topics.get(), options, queue);
                      }));
    size_t count = 0;
    const rd_kafka_TopicDescription_t** found =
        rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event.get()), &count);
    std::vector<KafkaTopic> result;
    for (size_t i = 0; i < count; ++i) {
      KafkaTopic topic;
      topic.name = rd_kafka_TopicDescription_name(found[i]);
      const rd_kafka_error_t* error = rd_kafka_TopicDescription_error(found[i]);
      if (error != nullptr && rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return StatusOf(rd_kafka_error_code(error),
                        "topic '" + topic.name + "' on '" + handle_->servers() + "'");
      }
      if (const rd_kafka_Uuid_t* id = rd_kafka_TopicDescription_topic_id(found[i])) {
        topic.id = rd_kafka_Uuid_base64str(id);
      }
      size_t partitions = 0;
      const rd_kafka_TopicPartitionInfo_t** infos =
          rd_kafka_TopicDescription_partitions(found[i], &partitions);
      for (size_t p = 0; p < partitions; ++p) {
        topic.partitions.push_back(rd_kafka_TopicPartitionInfo_partition(infos[p]));
      }
      std::sort(topic.partitions.begin(), topic.partitions.end());
      result.push_back(std::move(topic));
    }
    return result;
  }

  Result<std::vector<int64_t>> ListOffsets(const std::vector<KafkaPartition>& partitions,
                                           int64_t what_or_millis) override {
    if (partitions.empty()) return std::vector<int64_t>();
    Owned<rd_kafka_topic_partition_list_t> list = ListOf(partitions);
    for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = what_or_millis;
    ASSIGN_OR_RETURN(
        Owned<rd_kafka_event_t> event,
        handle_->Call(RD_KAFKA_ADMIN_OP_LISTOFFSETS, "listing offsets",
                      [&](rd_kafka_t* rk, rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                        rd_kafka_ListOffsets(rk, list.get(), options, queue);
                      }));
    size_t count = 0;
    const rd_kafka_ListOffsetsResultInfo_t** infos =
        rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event.get()), &count);
    std::map<KafkaPartition, int64_t> found;
    for (size_t i = 0; i < count; ++i) {
      const rd_kafka_topic_partition_t* p = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
      KafkaPartition key{p->topic, p->partition};
      if (p->err != RD_KAFKA_RESP_ERR_NO_ERROR) return StatusOf(p->err, "offsets of " + key.ToString());
      found[key] = p->offset;
    }
    return InOrder(partitions, found);
  }

  Result<std::vector<int64_t>> CommittedOffsets(const std::vector<KafkaPartition>& partitions) override {
    Owned<rd_kafka_topic_partition_list_t> list = ListOf(partitions);
    rd_kafka_resp_err_t code =
        rd_kafka_committed(handle_->rk(), list.get(), static_cast<int>(handle_->time_limit_ms()));
    if (IsTransient(code)) return handle_->Unreachable();
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return StatusOf(code, "reading committed offsets");
    std::map<KafkaPartition, int64_t> found;
    for (int i = 0; i < list->cnt; ++i) {
      const rd_kafka_topic_partition_t& p = list->elems[i];
      KafkaPartition key{p.topic, p.partition};
      if (p.err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return StatusOf(p.err, "committed offset of " + key.ToString());
      found[key] = p.offset;
    }
    return InOrder(partitions, found);
  }

  Status CreateTopic(const std::string& name, int32_t partitions,
                     const std::map<std::string, std::string>& config) override {
    char error[256];
    Owned<rd_kafka_NewTopic_t> topic(
        rd_kafka_NewTopic_new(name.c_str(), partitions, -1, error, sizeof error));
    if (!topic) return Status::Internal("topic '" + name + "': " + error);
    for (const auto& [key, value] : config) {
      rd_kafka_resp_err_t set = rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str());
      if (set != RD_KAFKA_RESP_ERR_NO_ERROR) return StatusOf(set, "topic '" + name + "'");
    }
    rd_kafka_NewTopic_t* topics[] = {topic.get()};
    ASSIGN_OR_RETURN(
        Owned<rd_kafka_event_t> event,
        handle_->Call(RD_KAFKA_ADMIN_OP_CREATETOPICS, "creating topic '" + name + "'",
                      [&](rd_kafka_t* rk, rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                        rd_kafka_CreateTopics(rk, topics, 1, options, queue);
                      }));
    size_t count = 0;
    const rd_kafka_topic_result_t** results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
    for (size_t i = 0; i < count; ++i) {
      rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
      if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return Status(StatusCode::kAlreadyExists, "topic '" + name + "' exists");
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      const char* detail = rd_kafka_topic_result_error_string(results[i]);
      return StatusOf(code, "creating topic '" + name + "' on '" + handle_->servers() + "'",
                      detail != nullptr ? detail : "");
    }
    return Status::Ok();
  }

  Result<std::string> ConfigValue(const std::string& topic, const std::string& key) override {
    std::string name = topic;
    if (topic.empty()) {
      ASSIGN_OR_RETURN(name, AnyBroker());
    }
    Owned<rd_kafka_ConfigResource_t> resource(rd_kafka_ConfigResource_new(
        topic.empty() ? RD_KAFKA_RESOURCE_BROKER : RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    rd_kafka_ConfigResource_t* resources[] = {resource.get()};
    std::string what = "configuration of " + (topic.empty() ? "broker " + name : "topic '" + name + "'");
    ASSIGN_OR_RETURN(
        Owned<rd_kafka_event_t> event,
        handle_->Call(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "reading the " + what,
                      [&](rd_kafka_t* rk, rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                        rd_kafka_DescribeConfigs(rk, resources, 1, options, queue);
                      }));
    size_t count = 0;
    const rd_kafka_ConfigResource_t** found =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
    for (size_t i = 0; i < count; ++i) {
      rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(found[i]);
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return StatusOf(code, "reading the " + what);
      size_t entries = 0;
      const rd_kafka_ConfigEntry_t** values = rd_kafka_ConfigResource_configs(found[i], &entries);
      for (size_t e = 0; e < entries; ++e) {
        const char* value = rd_kafka_ConfigEntry_value(values[e]);
        if (key == rd_kafka_ConfigEntry_name(values[e]) && value != nullptr) return std::string(value);
      }
    }
    return Status::NotFound("the " + what + " has no '" + key + "'");
  }

 private:
  Result<std::string> AnyBroker() {
    const struct rd_kafka_metadata* metadata = nullptr;
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(handle_->rk(), 0, nullptr, &metadata, static_cast<int>(handle_->time_limit_ms()));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return handle_->Unreachable();
    std::string id = metadata->broker_cnt > 0 ? std::to_string(metadata->brokers[0].id) : "";
    rd_kafka_metadata_destroy(metadata);
    if (id.empty()) return handle_->Unreachable();
    return id;
  }
  static std::vector<int64_t> InOrder(const std::vector<KafkaPartition>& partitions,
                                      const std::map<KafkaPartition, int64_t>& found) {
    std::vector<int64_t> offsets;
    for (const KafkaPartition& p : partitions) {
      auto it = found.find(p);
      offsets.push_back(it == found.end() || it->second < 0 ? kNoKafkaOffset : it->second);
    }
    return offsets;
  }
  std::unique_ptr<Handle> handle_;
};

}  // namespace

std::unique_ptr<KafkaAdmin> NewAdmin(std::unique_ptr<Handle> handle) {
  return std::make_unique<RdKafkaAdmin>(std::move(handle));
}

}  // namespace penstock::rdkafka
