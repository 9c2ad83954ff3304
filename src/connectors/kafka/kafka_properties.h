// Client properties of Kafka tables: which 'properties.*' options are taken, and what each is called in
// librdkafka. Java's names are the ones users know; a property that neither list knows is refused when the
// table is used.
#pragma once

#include <map>
#include <string>

#include "base/status.h"
#include "connectors/kafka/kafka_client.h"

namespace penstock {

enum class KafkaRole : uint8_t { kConsumer, kProducer };

// Penstock's own properties, which librdkafka does not know, travel in the same map under this prefix.
inline constexpr const char* kTimeLimitProperty = "penstock.timeout.ms";

// Translates the options that begin with "properties." for one role; those of the other role are left out.
Result<KafkaProperties> TranslateProperties(const std::map<std::string, std::string>& options,
                                            KafkaRole role);

}  // namespace penstock
