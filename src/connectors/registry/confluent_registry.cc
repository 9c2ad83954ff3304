// Requests to the registry.
#include "connectors/registry/confluent_registry.h"

#include "base/strings.h"
#include "formats/avro/confluent/registry_messages.h"

namespace penstock {

namespace {

constexpr const char* kMediaType = "application/vnd.schemaregistry.v1+json";
constexpr int64_t kPausesMs[] = {100, 400,
                                 1000};  // between tries: a registry that restarts is waited for a little

std::string EscapePath(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string escaped;
  for (char c : text) {
    auto byte = static_cast<uint8_t>(c);
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                 c == '_' || c == '.' || c == '~';
    if (plain) {
      escaped += c;
    } else {
      escaped += '%';
      escaped += kHex[byte >> 4];
      escaped += kHex[byte & 15];
    }
  }
  return escaped;
}

Status ParseAuthentication(const FormatRequest& request, HttpRequest* credentials) {
  std::string source = ToUpperAscii(request.option("basic-auth.credentials-source", ""));
  std::string user_info = request.option("basic-auth.user-info");
  if (!source.empty() && source != "USER_INFO" && source != "URL")
    return request.BadOption("basic-auth.credentials-source", "USER_INFO or URL");
  if (source == "USER_INFO" || (source.empty() && !user_info.empty())) {
    size_t colon = user_info.find(':');
    if (colon == std::string::npos || colon == 0)
      return request.BadOption("basic-auth.user-info", "USER:PASSWORD");
    credentials->user = user_info.substr(0, colon);
    credentials->password = user_info.substr(colon + 1);
  }
  std::string bearer = ToUpperAscii(request.option("bearer-auth.credentials-source", ""));
  if (!bearer.empty() && bearer != "STATIC_TOKEN")
    return request.BadOption("bearer-auth.credentials-source", "STATIC_TOKEN");
  std::string token = request.option("bearer-auth.token");
  if (!token.empty()) credentials->headers.push_back("Authorization: Bearer " + token);
  return Status::Ok();
}

}  // namespace

Result<ConfluentRegistryOptions> ConfluentRegistryOptions::Parse(const FormatRequest& request) {
  ConfluentRegistryOptions options;
  if (request.option("url").empty()) {
    return SqlError(ErrorNumber::kMissingOption, {},
                    "the format needs the option '" + request.prefix + "url', the schema registry's address");
  }
  for (const std::string& part : Split(request.option("url"), ',')) {
    std::string url(TrimSpace(part));
    while (!url.empty() && url.back() == '/') url.pop_back();
    if (!url.starts_with("http://") && !url.starts_with("https://"))
      return request.BadOption("url", "a list of http:// or https:// addresses");
    options.urls.push_back(std::move(url));
  }
  options.credentials.headers = {std::string("Content-Type: ") + kMediaType,
                                 std::string("Accept: ") + kMediaType + ", application/json"};
  RETURN_IF_ERROR(ParseAuthentication(request, &options.credentials));
  options.credentials.authorities_file = request.option("ssl.truststore.location");
  options.credentials.certificate_file = request.option("ssl.keystore.location");
  options.credentials.certificate_password = request.option("ssl.keystore.password");
  for (const std::string& file :
       {options.credentials.authorities_file, options.credentials.certificate_file}) {
    if (!file.ends_with(".jks")) continue;
    return SqlError(ErrorNumber::kUnsupported, {}, "'" + file + "' is a Java key store",
                    "give certificates as PEM files, the own one also as PKCS #12 (.p12)");
  }
  return options;
}

Result<HttpResponse> ConfluentRegistry::Ask(const std::string& method, const std::string& path,
                                            const std::string& body) {
  HttpRequest request = options_.credentials;
  request.method = method;
  request.body = body;
  Status failure;
  for (size_t attempt = 0;; ++attempt) {
    for (const std::string& url : options_.urls) {
      request.url = url + path;
      Result<HttpResponse> response = http_->Send(request);
      if (response && response->status < 500 && response->status != 429) return response;
      if (!response && !response.error().retryable()) return response.status();
      failure = response
                    ? Status(StatusCode::kUnavailable, method + " " + WithoutCredentials(request.url) +
                                                           ": status " + std::to_string(response->status) +
                                                           ": " + RefusalOfAnswer(response->body))
                    : response.status();
    }
    if (attempt == std::size(kPausesMs)) break;
    pause_(kPausesMs[attempt]);
  }
  return std::move(failure)
      .WithNumber(ErrorNumber::kRuntime)
      .WithContext("the schema registry does not answer")
      .WithHint("is the registry running, and the format's option 'url' right?");
}

Result<std::string> ConfluentRegistry::Fetch(int32_t id) {
  ASSIGN_OR_RETURN(HttpResponse response, Ask("GET", "/schemas/ids/" + std::to_string(id), ""));
  if (response.status == 200) return SchemaOfAnswer(response.body);
  if (response.status == 404) return Status::NotFound("the registry has no such schema");
  return SqlError(ErrorNumber::kRuntime, {},
                  "the schema registry refuses schema id " + std::to_string(id) + ": status " +
                      std::to_string(response.status) + ": " + RefusalOfAnswer(response.body));
}

Result<int32_t> ConfluentRegistry::Register(const std::string& subject, const std::string& schema) {
  ASSIGN_OR_RETURN(HttpResponse response,
                   Ask("POST", "/subjects/" + EscapePath(subject) + "/versions", RegistrationBody(schema)));
  if (response.status == 200) return IdOfAnswer(response.body);
  return SqlError(ErrorNumber::kRuntime, {},
                  "the schema registry refuses the schema for subject '" + subject + "': status " +
                      std::to_string(response.status) + ": " + RefusalOfAnswer(response.body));
}

}  // namespace penstock
