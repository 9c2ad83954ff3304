// Requests and answers of S3.
#include "env/objects/s3_store.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "env/objects/retrying_object_store.h"
#include "env/objects/s3_text.h"
#include "env/thread.h"

namespace penstock {

namespace {

constexpr int64_t kTimeoutMs = 60'000;

std::string Message(const HttpResponse& response) {
  std::string code = XmlText(response.body, "Code"), text = XmlText(response.body, "Message");
  return fmt::format("HTTP {}{}{}{}", response.status, code.empty() ? "" : " " + code,
                     text.empty() ? "" : ": ", text.substr(0, 300));
}

uint64_t ToNumber(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

}  // namespace

S3Store::S3Store(S3Options options, std::string bucket, MakeClient make_client)
    : options_(std::move(options)), bucket_(std::move(bucket)), make_client_(std::move(make_client)) {}

std::string S3Store::AddressOf(const Request& request) const {
  std::string address = options_.endpoint;
  if (options_.path_style) {
    address += "/" + EncodeForS3(bucket_, false);
  } else {
    size_t host = address.find("://") + 3;
    address.insert(host, EncodeForS3(bucket_, false) + ".");
  }
  address += "/" + EncodeForS3(request.key, true);
  std::string query = S3Query(request.query);
  return query.empty() ? address : address + "?" + query;
}

Result<HttpResponse> S3Store::Send(Request request) {
  HttpRequest http;
  http.method = request.method;
  http.url = AddressOf(request);
  http.headers = std::move(request.headers);
  http.body = std::move(request.body);
  http.body_bytes_max = request.body_bytes_max;
  http.timeout_ms = kTimeoutMs;
  if (!http.body.empty()) http.headers.push_back("Content-Type: application/octet-stream");
  if (!options_.access_key.empty()) {
    http.user = options_.access_key;
    http.password = options_.secret_key;
    http.aws_signature = "aws:amz:" + options_.region + ":s3";
    if (!options_.session_token.empty())
      http.headers.push_back("x-amz-security-token: " + options_.session_token);
  }
  std::unique_ptr<HttpClient> client;
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      client = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!client) client = make_client_();
  Result<HttpResponse> response = client->Send(http);
  if (!response) {
    return Status(response.error().code(), NameOf(request.key) + ": " + response.error().message())
        .WithHint("check s3.endpoint, which is " + options_.endpoint + ", and the way to it");
  }
  {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(client));
  }
  if (response->status < 200 || response->status > 299) return Refused(request, *response);
  return response;
}

Status S3Store::Refused(const Request& request, const HttpResponse& response) const {
  std::string name = NameOf(request.key), code = XmlText(response.body, "Code");
  std::string text = request.method + " " + name + ": " + Message(response);
  switch (response.status) {
    case 301:
    case 307:
      return Status::InvalidArgument(text).WithHint(
          "set 's3.region' and 's3.endpoint' to where the bucket is");
    case 401:
    case 403:
      return Status::InvalidArgument(text).WithHint(
          "check s3.access-key and s3.secret-key (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), "
          "what they may do in this bucket, and s3.region");
    case 404:
      if (code == "NoSuchBucket") {
        return Status::InvalidArgument("there is no bucket '" + bucket_ + "' at " + options_.endpoint)
            .WithHint("make it, or check s3.endpoint");
      }
      if (code == "NoSuchUpload") return Status::NotFound("there is no such upload of " + name);
      return Status::NotFound("there is no object " + name);
    case 408:
    case 409:
    case 425:
    case 429: return {StatusCode::kUnavailable, text};
    case 412: return {StatusCode::kAlreadyExists, "the object " + name + " is there already"};
    default: break;
  }
  if (response.status == 501) return Status::Unsupported(text);
  bool again = response.status >= 500 || code == "RequestTimeout" || code == "SlowDown";
  return {again ? StatusCode::kUnavailable : StatusCode::kInvalidArgument, text};
}

Result<std::string> S3Store::Get(const std::string& key, ByteRange range) {
  if (range.size == 0) return Stat(key) ? Result<std::string>(std::string()) : Stat(key).error();
  Request request{"GET", key};
  uint64_t last = range.size > UINT64_MAX - range.offset ? UINT64_MAX : range.offset + range.size - 1;
  request.headers.push_back(fmt::format("Range: bytes={}-{}", range.offset, last));
  request.body_bytes_max = std::max(request.body_bytes_max, static_cast<size_t>(range.size));
  Result<HttpResponse> response = Send(std::move(request));
  if (response) {
    // A server that knows no ranges sends everything.
    if (response->status == 206) return std::move(response->body);
    if (range.offset >= response->body.size()) return std::string();
    return response->body.substr(range.offset, range.size);
  }
  bool behind_end = response.error().message().find("HTTP 416") != std::string::npos;
  return behind_end ? Result<std::string>(std::string()) : response.error();
}

Result<ObjectInfo> S3Store::Stat(const std::string& key) {
  ASSIGN_OR_RETURN(HttpResponse response, Send({"HEAD", key}));
  return ObjectInfo{key, ToNumber(response.header("content-length")),
                    ParseS3Time(response.header("last-modified"))};
}

Status S3Store::Put(const std::string& key, std::string_view bytes, PutMode mode) {
  Request request{"PUT", key};
  request.body = bytes;
  if (mode == PutMode::kCreateNew) request.headers.push_back("If-None-Match: *");
  return Send(std::move(request)).status();
}

Status S3Store::Remove(const std::string& key) {
  Status removed = Send({"DELETE", key}).status();
  return removed.code() == StatusCode::kNotFound ? Status::Ok() : removed;
}

Result<ListPage> S3Store::List(const ListRequest& request) {
  Request http{"GET", ""};
  http.query = {{"list-type", "2"}, {"prefix", request.prefix}};
  if (request.folders) http.query.emplace_back("delimiter", "/");
  if (!request.from.empty()) http.query.emplace_back("continuation-token", request.from);
  ASSIGN_OR_RETURN(HttpResponse response, Send(std::move(http)));
  ListPage page;
  for (std::string_view object : XmlElements(response.body, "Contents")) {
    page.objects.push_back({XmlText(object, "Key"), ToNumber(XmlText(object, "Size")),
                            ParseS3Time(XmlText(object, "LastModified"))});
  }
  for (std::string_view folder : XmlElements(response.body, "CommonPrefixes"))
    page.folders.push_back(XmlText(folder, "Prefix"));
  if (XmlText(response.body, "IsTruncated") == "true")
    page.next = XmlText(response.body, "NextContinuationToken");
  return page;
}

Result<std::string> S3Store::Begin(const std::string& key) {
  Request request{"POST", key};
  request.query = {{"uploads", ""}};
  ASSIGN_OR_RETURN(HttpResponse response, Send(std::move(request)));
  std::string id = XmlText(response.body, "UploadId");
  if (id.empty()) return Status(StatusCode::kUnavailable, "no upload id for " + NameOf(key));
  return id;
}

Result<UploadedPart> S3Store::AddPart(const UploadInfo& upload, int number, std::string_view bytes) {
  CHECK(number >= 1 && number <= kPartsMax);
  Request request{"PUT", upload.key};
  request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload.id}};
  request.body = bytes;
  ASSIGN_OR_RETURN(HttpResponse response, Send(std::move(request)));
  std::string etag = response.header("etag");
  if (etag.empty()) return Status(StatusCode::kUnavailable, "no ETag for a part of " + NameOf(upload.key));
  return UploadedPart{number, etag};
}

Status S3Store::Complete(const UploadInfo& upload, const std::vector<UploadedPart>& parts) {
  Request request{"POST", upload.key};
  request.query = {{"uploadId", upload.id}};
  request.body = "<CompleteMultipartUpload>";
  for (const UploadedPart& part : parts) {
    request.body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", part.number,
                                EscapeXml(part.etag));
  }
  request.body += "</CompleteMultipartUpload>";
  ASSIGN_OR_RETURN(HttpResponse response, Send(std::move(request)));
  // The status line may have been sent before the outcome was known.
  if (response.body.find("<Error>") == std::string::npos) return Status::Ok();
  return {StatusCode::kUnavailable, "completing " + NameOf(upload.key) + ": " + Message(response)};
}

Status S3Store::Abort(const UploadInfo& upload) {
  Request request{"DELETE", upload.key};
  request.query = {{"uploadId", upload.id}};
  Status aborted = Send(std::move(request)).status();
  return aborted.code() == StatusCode::kNotFound ? Status::Ok() : aborted;
}

Result<std::vector<UploadInfo>> S3Store::Pending(const std::string& prefix) {
  std::vector<UploadInfo> found;
  Parameters from;
  do {
    RETURN_IF_ERROR(PendingPage(prefix, &from, &found));
  } while (!from.empty());
  return found;
}

Status S3Store::PendingPage(const std::string& prefix, Parameters* from, std::vector<UploadInfo>* found) {
  Request request{"GET", ""};
  request.query = {{"uploads", ""}, {"prefix", prefix}};
  request.query.insert(request.query.end(), from->begin(), from->end());
  ASSIGN_OR_RETURN(HttpResponse response, Send(std::move(request)));
  for (std::string_view upload : XmlElements(response.body, "Upload")) {
    std::string key = XmlText(upload, "Key");
    // Some servers know no prefix here.
    if (key.starts_with(prefix)) found->push_back({std::move(key), XmlText(upload, "UploadId")});
  }
  from->clear();
  std::string next = XmlText(response.body, "NextKeyMarker");
  if (XmlText(response.body, "IsTruncated") != "true" || next.empty()) return Status::Ok();
  *from = {{"key-marker", next}, {"upload-id-marker", XmlText(response.body, "NextUploadIdMarker")}};
  return Status::Ok();
}

Result<ObjectStore*> S3Stores::Open(const std::string& bucket) {
  std::lock_guard lock(mutex_);
  std::unique_ptr<ObjectStore>& store = stores_[bucket];
  if (!store) {
    store = std::make_unique<RetryingObjectStore>(std::make_unique<S3Store>(options_, bucket), RetryLimits(),
                                                  EntropySeed(), PauseMillis);
  }
  return store.get();
}

}  // namespace penstock
