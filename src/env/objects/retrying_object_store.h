// RetryingObjectStore: stands before an object store and asks again what got no answer. Reads, parts and
// removals are the same when done twice. What is not is looked up: a new object whose fate is unknown is read
// back, an upload that is not there any more is complete when its object is there. So callers keep to two
// rules: the content of a new object names its writer, and the key of an upload is used once. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "env/objects/object_store.h"
#include "env/random.h"

namespace penstock {

struct RetryLimits {
  int attempts = 6;
  int64_t first_pause_ms = 100;  // doubles with each attempt; half of it is random
  int64_t pause_ms_max = 5'000;
};

class RetryingObjectStore : public ObjectStore, private MultipartUploads {
 public:
  // `pause` waits for so many milliseconds.
  RetryingObjectStore(std::unique_ptr<ObjectStore> store, RetryLimits limits, uint64_t seed,
                      std::function<void(int64_t)> pause);

  std::string NameOf(const std::string& key) const override { return store_->NameOf(key); }
  Result<std::string> Get(const std::string& key, ByteRange range) override;
  Result<ObjectInfo> Stat(const std::string& key) override;
  Status Put(const std::string& key, std::string_view bytes, PutMode mode) override;
  Result<ListPage> List(const ListRequest& request) override;
  Status Remove(const std::string& key) override;
  // Its Complete is Ok where the upload is gone and the object is there.
  MultipartUploads& uploads() override { return *this; }

 private:
  Result<std::string> Begin(const std::string& key) override;
  Result<UploadedPart> AddPart(const UploadInfo& upload, int number, std::string_view bytes) override;
  Status Complete(const UploadInfo& upload, const std::vector<UploadedPart>& parts) override;
  Status Abort(const UploadInfo& upload) override;
  Result<std::vector<UploadInfo>> Pending(const std::string& prefix) override;
  // Calls until the answer is another than kUnavailable, or the attempts are used up.
  template <typename Call>
  auto Retry(const Call& call) -> decltype(call());
  void Pause(int attempt);
  Status PutNew(const std::string& key, std::string_view bytes);
  Result<bool> IsWritten(const std::string& key, std::string_view bytes);

  std::unique_ptr<ObjectStore> store_;
  RetryLimits limits_;
  std::function<void(int64_t)> pause_;
  std::mutex mutex_;
  Random random_;
};

}  // namespace penstock
