// KafkaAdmin on librdkafka's admin calls.
#include <algorithm>

#include "connectors/kafka/rdkafka_handle.h"

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

 private:
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
