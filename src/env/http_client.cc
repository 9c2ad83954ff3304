// HTTP over libcurl.
#include "env/http_client.h"

#include <curl/curl.h>

#include "base/strings.h"

namespace penstock {

namespace {

constexpr size_t kBodyMax = 16 << 20;
constexpr long kConnectTimeoutMs = 5'000;

size_t AppendBody(char* bytes, size_t size, size_t count, void* to) {
  auto* body = static_cast<std::string*>(to);
  if (body->size() + size * count > kBodyMax) return 0;  // ends the transfer
  body->append(bytes, size * count);
  return size * count;
}

class CurlClient : public HttpClient {
 public:
  CurlClient() : curl_(curl_easy_init()) { CHECK(curl_ != nullptr); }
  ~CurlClient() override { curl_easy_cleanup(curl_); }
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  Result<HttpResponse> Send(const HttpRequest& request) override {
    curl_easy_reset(curl_);  // keeps the connection
    HttpResponse response;
    char problem[CURL_ERROR_SIZE] = {};
    curl_slist* headers = nullptr;
    for (const std::string& header : request.headers) headers = curl_slist_append(headers, header.c_str());
    Set(CURLOPT_ERRORBUFFER, problem);
    Set(CURLOPT_HTTPHEADER, headers);
    Set(CURLOPT_WRITEFUNCTION, AppendBody);
    Set(CURLOPT_WRITEDATA, &response.body);
    Describe(request);
    CURLcode code = curl_easy_perform(curl_);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) return Failed(request, code, problem);
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    return response;
  }

 private:
  template <typename T>
  void Set(CURLoption option, T value) {
    curl_easy_setopt(curl_, option, value);
  }

  void Describe(const HttpRequest& request) {
    Set(CURLOPT_URL, request.url.c_str());
    Set(CURLOPT_PROTOCOLS_STR, "http,https");
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    Set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
    if (request.method != "GET") {
      Set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
      Set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
      Set(CURLOPT_POSTFIELDS, request.body.c_str());
    }
    if (!request.user.empty()) {
      Set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
      Set(CURLOPT_USERNAME, request.user.c_str());
      Set(CURLOPT_PASSWORD, request.password.c_str());
    }
    if (!request.authorities_file.empty()) Set(CURLOPT_CAINFO, request.authorities_file.c_str());
    if (request.certificate_file.empty()) return;
    bool pem = !request.certificate_file.ends_with(".p12") && !request.certificate_file.ends_with(".pfx");
    Set(CURLOPT_SSLCERT, request.certificate_file.c_str());
    Set(CURLOPT_SSLCERTTYPE, pem ? "PEM" : "P12");
    if (pem) Set(CURLOPT_SSLKEY, request.certificate_file.c_str());
    if (!request.certificate_password.empty()) Set(CURLOPT_KEYPASSWD, request.certificate_password.c_str());
  }

  static Status Failed(const HttpRequest& request, CURLcode code, const char* problem) {
    std::string text = request.method + " " + WithoutCredentials(request.url) + ": " +
                       (problem[0] != '\0' ? problem : curl_easy_strerror(code));
    bool wrong = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
                 code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CACERT_BADFILE;
    return {wrong ? StatusCode::kInvalidArgument : StatusCode::kUnavailable, text};
  }

  CURL* curl_;
};

}  // namespace

std::string WithoutCredentials(const std::string& url) {
  size_t host = url.find("://");
  if (host == std::string::npos) return url;
  host += 3;
  size_t at = url.substr(0, url.find('/', host)).rfind('@');
  return at == std::string::npos || at < host ? url : url.substr(0, host) + url.substr(at + 1);
}

std::unique_ptr<HttpClient> MakeHttpClient() {
  // Once, while no other thread uses it: the language guards what is static.
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(started == CURLE_OK);
  return std::make_unique<CurlClient>();
}

}  // namespace penstock
