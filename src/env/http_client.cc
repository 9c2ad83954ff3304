// HTTP over libcurl.
#include "env/http_client.h"

#include <curl/curl.h>
#include <openssl/sha.h>

#include "base/strings.h"

namespace penstock {

namespace {

constexpr long kConnectTimeoutMs = 5'000;

// Where an answer goes while it comes in.
struct Incoming {
  HttpResponse response;
  size_t bytes_max = 0;
};

size_t AppendBody(char* bytes, size_t size, size_t count, void* to) {
  auto* incoming = static_cast<Incoming*>(to);
  std::string& body = incoming->response.body;
  if (body.size() + size * count > incoming->bytes_max) return 0;  // ends the transfer
  body.append(bytes, size * count);
  return size * count;
}

// One line of the header; a status line begins the header of another answer (100 Continue comes first).
size_t AppendHeader(char* bytes, size_t size, size_t count, void* to) {
  auto& headers = static_cast<Incoming*>(to)->response.headers;
  std::string_view line(bytes, size * count);
  if (line.starts_with("HTTP/")) headers.clear();
  size_t colon = line.find(':');
  if (colon != std::string_view::npos && !line.starts_with("HTTP/"))
    headers.emplace_back(ToLowerAscii(line.substr(0, colon)), TrimSpace(line.substr(colon + 1)));
  return line.size();
}

// Libraries of 2023 leave this header, which servers ask for, to the caller.
std::string PayloadHashHeader(const std::string& body) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string header = "x-amz-content-sha256: ";
  for (unsigned char byte : digest) header += {kHex[byte >> 4], kHex[byte & 15]};
  return header;
}

class CurlClient : public HttpClient {
 public:
  CurlClient() : curl_(curl_easy_init()) { CHECK(curl_ != nullptr); }
  ~CurlClient() override { curl_easy_cleanup(curl_); }
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  Result<HttpResponse> Send(const HttpRequest& request) override {
    curl_easy_reset(curl_);  // keeps the connection
    Incoming incoming;
    incoming.bytes_max = request.body_bytes_max;
    char problem[CURL_ERROR_SIZE] = {};
    curl_slist* headers = nullptr;
    for (const std::string& header : request.headers) headers = curl_slist_append(headers, header.c_str());
    if (!request.aws_signature.empty())
      headers = curl_slist_append(headers, PayloadHashHeader(request.body).c_str());
    Set(CURLOPT_ERRORBUFFER, problem);
    Set(CURLOPT_HTTPHEADER, headers);
    Set(CURLOPT_WRITEFUNCTION, AppendBody);
    Set(CURLOPT_WRITEDATA, &incoming);
    Set(CURLOPT_HEADERFUNCTION, AppendHeader);
    Set(CURLOPT_HEADERDATA, &incoming);
    Describe(request);
    CURLcode code = curl_easy_perform(curl_);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) return Failed(request, code, problem);
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    incoming.response.status = static_cast<int>(status);
    return std::move(incoming.response);
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
    if (request.method == "HEAD") {
      Set(CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET") {
      Set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
      Set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
      Set(CURLOPT_POSTFIELDS, request.body.c_str());
    }
    if (!request.aws_signature.empty()) {
      Set(CURLOPT_AWS_SIGV4, request.aws_signature.c_str());
      Set(CURLOPT_PATH_AS_IS, 1L);
    } else if (!request.user.empty()) {
      Set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    }
    if (!request.user.empty()) {
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

std::string HttpResponse::header(std::string_view name) const {
  for (const auto& [one, value] : headers) {
    if (one == name) return value;
  }
  return "";
}

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
