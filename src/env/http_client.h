// HttpClient: the door to servers that are spoken to over HTTP, one request at a time. The real one is
// libcurl; tests bring their own. Used by one thread at a time; a call waits for its answer, up to the
// request's time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace penstock {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  std::string user, password;  // basic authentication where a user is given
  // "aws:amz:REGION:SERVICE": the request is signed with Signature Version 4 instead, user and password being
  // the key's id and secret. REQUIRES: path and query are encoded as AWS does, the query sorted by name.
  std::string aws_signature;
  // TLS: PEM files, or PKCS #12 (.p12, .pfx) for the own certificate. Empty: the system's authorities, none.
  std::string authorities_file, certificate_file, certificate_password;
  int64_t timeout_ms = 10'000;
  size_t body_bytes_max = size_t{16} << 20;  // of the response; above, the call fails
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};  // names in lower case

  // "" where there is no such header.
  std::string header(std::string_view name) const;
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
