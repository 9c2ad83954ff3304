// KafkaDecisions: which sinks of a job write to Kafka exactly once, whether their rows can be decided
// together, and the log that decides. Used while a statement is planned and when its job starts.
#pragma once

#include "connectors/kafka/kafka_client.h"
#include "stream/decision_log.h"

namespace penstock {

class KafkaDecisions : public DecisionLogFactory {
 public:
  explicit KafkaDecisions(KafkaClient* client) : client_(client) {}

  Result<std::optional<DecisionNeeds>> Plan(const JobGraph& graph) const override;
  Result<std::unique_ptr<DecisionLog>> Make(const JobGraph& graph,
                                            const DecisionContext& context) const override;

 private:
  KafkaClient* client_;
};

}  // namespace penstock
