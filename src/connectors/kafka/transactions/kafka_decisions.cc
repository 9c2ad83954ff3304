// From the sinks of a graph to one set of client properties.
#include "connectors/kafka/transactions/kafka_decisions.h"

#include <algorithm>

#include "base/strings.h"
#include "connectors/kafka/kafka_options.h"
#include "connectors/kafka/kafka_properties.h"
#include "connectors/kafka/transactions/kafka_transactions.h"
#include "stream/table_spec.h"

namespace penstock {

namespace {

// What the exactly-once sinks of a graph have in common.
struct Shared {
  std::string table;  // the first of them
  KafkaTransactionOptions options;
};

Status Refuse(const Shared& first, const TableSpec& second, const std::string& difference) {
  return SqlError(
      ErrorNumber::kNotDecidedTogether, {},
      "the exactly-once sinks '" + first.table + "' and '" + second.table +
          "' are in one job, but their options 'properties." + difference + "' differ",
      "one transaction cannot span both: give them the same properties, or write one of them by a "
      "statement of its own");
}

// The name of a property that only one of them has, or that has another value; "" where they agree.
std::string Difference(const KafkaProperties& a, const KafkaProperties& b) {
  for (const auto& [key, value] : a) {
    auto other = b.find(key);
    if (other == b.end() || other->second != value) return key;
  }
  for (const auto& [key, value] : b) {
    if (!a.contains(key)) return key;
  }
  return "";
}

Status Include(const TableSpec& spec, std::optional<Shared>* shared) {
  ASSIGN_OR_RETURN(KafkaProperties producer, TranslateProperties(spec.options, KafkaRole::kProducer));
  if (*shared) {
    std::string difference = Difference((*shared)->options.producer, producer);
    return difference.empty() ? Status::Ok() : Refuse(**shared, spec, difference);
  }
  Shared& first = shared->emplace();
  first.table = spec.table;
  first.options.producer = std::move(producer);
  ASSIGN_OR_RETURN(first.options.consumer, TranslateProperties(spec.options, KafkaRole::kConsumer));
  std::string prefix = spec.option(kTransactionalIdPrefixOption);
  if (!prefix.empty()) first.options.id_prefix = prefix;
  return Status::Ok();
}

Result<std::optional<Shared>> SharedOf(const JobGraph& graph) {
  std::optional<Shared> shared;
  for (const JobVertex& vertex : graph.vertices) {
    bool kafka = vertex.factory == "kafka" || vertex.factory == kUpsertKafka;
    if (vertex.kind != VertexKind::kSink || !kafka) continue;
    ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(vertex.spec));
    if (!EqualsIgnoreCase(spec.option(kDeliveryGuaranteeOption), "exactly-once")) continue;
    RETURN_IF_ERROR(Include(spec, &shared));
  }
  return shared;
}

}  // namespace

Result<std::optional<DecisionNeeds>> KafkaDecisions::Plan(const JobGraph& graph) const {
  ASSIGN_OR_RETURN(std::optional<Shared> shared, SharedOf(graph));
  if (!shared) return std::optional<DecisionNeeds>();
  DecisionNeeds needs;
  needs.table = shared->table;
  auto timeout = shared->options.producer.find("transaction.timeout.ms");
  if (timeout != shared->options.producer.end()) {
    needs.timeout_ms = std::atoll(timeout->second.c_str());
    if (needs.timeout_ms <= 0) {
      return SqlError(ErrorNumber::kBadOption, {},
                      "option 'properties.transaction.timeout.ms' of table '" + needs.table +
                          "' is a number of milliseconds, not '" + timeout->second + "'");
    }
  }
  return std::optional<DecisionNeeds>(std::move(needs));
}

Result<std::unique_ptr<DecisionLog>> KafkaDecisions::Make(const JobGraph& graph,
                                                          const DecisionContext& context) const {
  ASSIGN_OR_RETURN(std::optional<Shared> shared, SharedOf(graph));
  CHECK(shared.has_value());
  shared->options.job = context.job;
  shared->options.longest_epoch_ms = context.longest_epoch_ms;
  return std::unique_ptr<DecisionLog>(
      new KafkaTransactions(client_, std::move(shared->options), context.clock));
}

}  // namespace penstock
