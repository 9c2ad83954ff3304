// The allow-list of client properties.
#include "connectors/kafka/kafka_properties.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace penstock {

namespace {

enum class Use : uint8_t {
  kBoth,
  kConsumer,
  kProducer,
  kIgnored,  // has a meaning in Java only, or Penstock does it itself
};

struct Property {
  const char* java;
  const char* librdkafka;  // null: the same
  Use use;
};

constexpr Property kProperties[] = {
    {"bootstrap.servers", nullptr, Use::kBoth},
    {"client.id", nullptr, Use::kBoth},
    {"client.rack", nullptr, Use::kConsumer},
    {"group.id", nullptr, Use::kConsumer},
    {"security.protocol", nullptr, Use::kBoth},
    {"sasl.mechanism", nullptr, Use::kBoth},
    {"sasl.username", nullptr, Use::kBoth},
    {"sasl.password", nullptr, Use::kBoth},
    {"sasl.kerberos.service.name", nullptr, Use::kBoth},
    {"sasl.oauthbearer.token.endpoint.url", nullptr, Use::kBoth},
    {"ssl.ca.location", nullptr, Use::kBoth},
    {"ssl.ca.pem", nullptr, Use::kBoth},
    {"ssl.certificate.location", nullptr, Use::kBoth},
    {"ssl.certificate.pem", nullptr, Use::kBoth},
    {"ssl.key.location", nullptr, Use::kBoth},
    {"ssl.key.pem", nullptr, Use::kBoth},
    {"ssl.key.password", nullptr, Use::kBoth},
    {"ssl.truststore.certificates", "ssl.ca.pem", Use::kBoth},
    {"ssl.keystore.certificate.chain", "ssl.certificate.pem", Use::kBoth},
    {"ssl.keystore.key", "ssl.key.pem", Use::kBoth},
    {"ssl.endpoint.identification.algorithm", nullptr, Use::kBoth},
    {"request.timeout.ms", "socket.timeout.ms", Use::kBoth},
    {"retry.backoff.ms", nullptr, Use::kBoth},
    {"retry.backoff.max.ms", nullptr, Use::kBoth},
    {"reconnect.backoff.ms", nullptr, Use::kBoth},
    {"reconnect.backoff.max.ms", nullptr, Use::kBoth},
    {"metadata.max.age.ms", nullptr, Use::kBoth},
    {"connections.max.idle.ms", nullptr, Use::kBoth},
    {"send.buffer.bytes", "socket.send.buffer.bytes", Use::kBoth},
    {"receive.buffer.bytes", "socket.receive.buffer.bytes", Use::kBoth},
    {"default.api.timeout.ms", kTimeLimitProperty, Use::kBoth},
    // Reading.
    {"isolation.level", nullptr, Use::kConsumer},
    {"auto.offset.reset", nullptr, Use::kConsumer},
    {"check.crcs", nullptr, Use::kConsumer},
    {"fetch.min.bytes", nullptr, Use::kConsumer},
    {"fetch.max.bytes", nullptr, Use::kConsumer},
    {"fetch.max.wait.ms", "fetch.wait.max.ms", Use::kConsumer},
    {"max.partition.fetch.bytes", nullptr, Use::kConsumer},
    {"queued.max.messages.kbytes", nullptr, Use::kConsumer},
    {"enable.auto.commit", nullptr, Use::kIgnored},
    {"auto.commit.interval.ms", nullptr, Use::kIgnored},
    {"max.poll.records", nullptr, Use::kIgnored},
    {"max.poll.interval.ms", nullptr, Use::kIgnored},
    {"session.timeout.ms", nullptr, Use::kIgnored},
    {"heartbeat.interval.ms", nullptr, Use::kIgnored},
    {"partition.discovery.interval.ms", nullptr, Use::kIgnored},
    {"key.deserializer", nullptr, Use::kIgnored},
    {"value.deserializer", nullptr, Use::kIgnored},
    {"key.serializer", nullptr, Use::kIgnored},
    {"value.serializer", nullptr, Use::kIgnored},
    // Writing.
    {"acks", nullptr, Use::kProducer},
    {"batch.size", nullptr, Use::kProducer},
    {"linger.ms", nullptr, Use::kProducer},
    {"compression.type", nullptr, Use::kProducer},
    {"compression.level", nullptr, Use::kProducer},
    {"delivery.timeout.ms", nullptr, Use::kProducer},
    {"enable.idempotence", nullptr, Use::kProducer},
    {"max.in.flight.requests.per.connection", nullptr, Use::kProducer},
    {"max.request.size", "message.max.bytes", Use::kProducer},
    {"retries", nullptr, Use::kProducer},
    {"max.block.ms", nullptr, Use::kIgnored},
    {"buffer.memory", nullptr, Use::kIgnored},
    {"transaction.timeout.ms", nullptr, Use::kProducer},
};

// username="a" out of a JAAS line.
std::string JaasOption(std::string_view line, std::string_view name) {
  std::string key = std::string(name) + "=\"";
  size_t begin = line.find(key);
  if (begin == std::string_view::npos) return "";
  begin += key.size();
  std::string value;
  for (size_t i = begin; i < line.size() && line[i] != '"'; ++i) {
    if (line[i] == '\\' && i + 1 < line.size()) ++i;
    value += line[i];
  }
  return value;
}

Status Refuse(const std::string& name) {
  std::vector<std::string> names = {"sasl.jaas.config"};
  for (const Property& property : kProperties) names.push_back(property.java);
  std::string hint;
  if (name.starts_with("ssl.truststore.") || name.starts_with("ssl.keystore.")) {
    hint = "give certificates as PEM: ssl.ca.location, ssl.certificate.location, ssl.key.location";
  } else if (std::string near = NearestName(name, names); !near.empty()) {
    hint = "did you mean 'properties." + near + "'?";
  }
  return SqlError(ErrorNumber::kBadOption, {}, "the Kafka property '" + name + "' is not supported", hint);
}

Status AddJaas(const std::string& line, KafkaProperties* out) {
  bool known = line.find("PlainLoginModule") != std::string::npos ||
               line.find("ScramLoginModule") != std::string::npos;
  if (!known) {
    return SqlError(ErrorNumber::kUnsupported, {},
                    "'properties.sasl.jaas.config' is read for PlainLoginModule and ScramLoginModule only");
  }
  (*out)["sasl.username"] = JaasOption(line, "username");
  (*out)["sasl.password"] = JaasOption(line, "password");
  return Status::Ok();
}

}  // namespace

Result<KafkaProperties> TranslateProperties(const std::map<std::string, std::string>& options,
                                            KafkaRole role) {
  KafkaProperties out;
  for (const auto& [key, value] : options) {
    if (!key.starts_with("properties.")) continue;
    std::string name = key.substr(11);
    if (name == "sasl.jaas.config") {
      RETURN_IF_ERROR(AddJaas(value, &out));
      continue;
    }
    const auto* found = std::find_if(std::begin(kProperties), std::end(kProperties),
                                     [&](const Property& property) { return name == property.java; });
    if (found == std::end(kProperties)) return Refuse(name);
    if (found->use == Use::kIgnored) continue;
    if (found->use == Use::kConsumer && role != KafkaRole::kConsumer) continue;
    if (found->use == Use::kProducer && role != KafkaRole::kProducer) continue;
    std::string translated = found->librdkafka != nullptr ? found->librdkafka : found->java;
    // Java writes an empty text where librdkafka says none.
    if (name == "ssl.endpoint.identification.algorithm" && value.empty()) {
      out[translated] = "none";
    } else {
      out[translated] = name == "security.protocol" ? ToLowerAscii(value) : value;
    }
  }
  return out;
}

}  // namespace penstock
