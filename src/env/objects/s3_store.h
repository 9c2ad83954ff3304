// S3Store: a bucket of a server that speaks Amazon S3's protocol, over HTTP, one attempt a call. Whoever
// wants attempts to be repeated puts RetryingObjectStore before it, as S3Stores does. Amazon S3 API
// Reference, version 2006-03-01. Thread-safe: each request takes a connection out of a pool.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "env/http_client.h"
#include "env/objects/object_store.h"
#include "env/objects/s3_options.h"

namespace penstock {

class S3Store : public ObjectStore, private MultipartUploads {
 public:
  using MakeClient = std::function<std::unique_ptr<HttpClient>()>;
  S3Store(S3Options options, std::string bucket, MakeClient make_client = MakeHttpClient);

  std::string NameOf(const std::string& key) const override { return "s3://" + bucket_ + "/" + key; }
  Result<std::string> Get(const std::string& key, ByteRange range) override;
  Result<ObjectInfo> Stat(const std::string& key) override;
  Status Put(const std::string& key, std::string_view bytes, PutMode mode) override;
  Result<ListPage> List(const ListRequest& request) override;
  Status Remove(const std::string& key) override;
  MultipartUploads& uploads() override { return *this; }

 private:
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  struct Request {
    std::string method, key;
    Parameters query = {};
    std::vector<std::string> headers = {};
    std::string body = "";
    size_t body_bytes_max = size_t{16} << 20;
  };
  Result<std::string> Begin(const std::string& key) override;
  Result<UploadedPart> AddPart(const UploadInfo& upload, int number, std::string_view bytes) override;
  Status Complete(const UploadInfo& upload, const std::vector<UploadedPart>& parts) override;
  Status Abort(const UploadInfo& upload) override;
  Result<std::vector<UploadInfo>> Pending(const std::string& prefix) override;
  Status PendingPage(const std::string& prefix, Parameters* from, std::vector<UploadInfo>* found);

  std::string AddressOf(const Request& request) const;
  Result<HttpResponse> Send(Request request);
  // What an answer other than 2xx means.
  Status Refused(const Request& request, const HttpResponse& response) const;

  const S3Options options_;
  const std::string bucket_;
  const MakeClient make_client_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<HttpClient>> idle_;
};

// Buckets of one server, each with retries.
class S3Stores : public ObjectStores {
 public:
  explicit S3Stores(S3Options options) : options_(std::move(options)) {}
  Result<ObjectStore*> Open(const std::string& bucket) override;

 private:
  const S3Options options_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<ObjectStore>> stores_;
};

}  // namespace penstock
