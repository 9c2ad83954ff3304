// ConfluentRegistry: the schema registry behind Confluent's REST API (Confluent's own, Apicurio, Karapace,
// Redpanda). Formats ask it through the port SchemaRegistry. Calls come from the task that reads or writes,
// once for each schema id; they wait for the network.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "env/http_client.h"
#include "formats/format.h"
#include "table/schema_registry.h"

namespace penstock {

struct ConfluentRegistryOptions {
  std::vector<std::string> urls;  // of one registry; tried in turn
  HttpRequest credentials;        // who asks: user, TLS files, headers

  // Of a format's options: url, basic-auth.*, bearer-auth.*, ssl.*.
  static Result<ConfluentRegistryOptions> Parse(const FormatRequest& request);
};

class ConfluentRegistry : public SchemaRegistry {
 public:
  // `pause`: waits so many milliseconds between tries.
  ConfluentRegistry(ConfluentRegistryOptions options, std::unique_ptr<HttpClient> http,
                    std::function<void(int64_t)> pause)
      : options_(std::move(options)), http_(std::move(http)), pause_(std::move(pause)) {}

  Result<std::string> Fetch(int32_t id) override;
  Result<int32_t> Register(const std::string& subject, const std::string& schema) override;

 private:
  // Tries each url a few times until there is an answer that is no failure of the server.
  Result<HttpResponse> Ask(const std::string& method, const std::string& path, const std::string& body);

  ConfluentRegistryOptions options_;
  std::unique_ptr<HttpClient> http_;
  std::function<void(int64_t)> pause_;
};

}  // namespace penstock
