// HttpClient: the door to servers that are spoken to over HTTP, one request at a time. The real one is
// libcurl; tests bring their own. Used by one thread; a call waits for its answer, up to the request's time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace penstock {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  std::string user, password;  // basic authentication where a user is given
  // TLS: PEM files, or PKCS #12 (.p12, .pfx) for the own certificate. Empty: the system's authorities, none.
  std::string authorities_file, certificate_file, certificate_password;
  int64_t timeout_ms = 10'000;
};

struct HttpResponse {
  int status = 0;
  std::string body;  // at most 16 MiB
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Any answer of the server is a response, whatever its status. kUnavailable: there was none.
  virtual Result<HttpResponse> Send(const HttpRequest& request) = 0;
};

// An address without the user and password in it, for messages.
std::string WithoutCredentials(const std::string& url);

// Keeps its connection between requests. http and https only; redirections are not followed.
std::unique_ptr<HttpClient> MakeHttpClient();

}  // namespace penstock
