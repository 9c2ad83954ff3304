// Asking again, and finding out.
#include "env/objects/retrying_object_store.h"

#include <algorithm>

namespace penstock {

namespace {

Status StatusOf(const Status& status) { return status; }
template <typename T>
Status StatusOf(const Result<T>& result) {
  return result.status();
}

}  // namespace

RetryingObjectStore::RetryingObjectStore(std::unique_ptr<ObjectStore> store, RetryLimits limits,
                                         uint64_t seed, std::function<void(int64_t)> pause)
    : store_(std::move(store)), limits_(limits), pause_(std::move(pause)), random_(seed) {}

void RetryingObjectStore::Pause(int attempt) {
  int64_t longest = std::min(limits_.pause_ms_max, limits_.first_pause_ms << std::min(attempt, 20));
  int64_t pause = longest / 2;
  {
    std::lock_guard lock(mutex_);
    pause += static_cast<int64_t>(random_.Below(static_cast<uint64_t>(longest - pause) + 1));
  }
  pause_(pause);
}

template <typename Call>
auto RetryingObjectStore::Retry(const Call& call) -> decltype(call()) {
  for (int attempt = 0;; ++attempt) {
    auto result = call();
    if (StatusOf(result).code() != StatusCode::kUnavailable || attempt + 1 >= limits_.attempts) return result;
    Pause(attempt);
  }
}

Result<std::string> RetryingObjectStore::Get(const std::string& key, ByteRange range) {
  return Retry([&] { return store_->Get(key, range); });
}

Result<ObjectInfo> RetryingObjectStore::Stat(const std::string& key) {
  return Retry([&] { return store_->Stat(key); });
}

Status RetryingObjectStore::Put(const std::string& key, std::string_view bytes, PutMode mode) {
  if (mode == PutMode::kCreateNew) return PutNew(key, bytes);
  return Retry([&] { return store_->Put(key, bytes, mode); });
}

Status RetryingObjectStore::PutNew(const std::string& key, std::string_view bytes) {
  bool unknown = false;  // an attempt may have written it
  Status status = Retry([&]() -> Status {
    Status put = store_->Put(key, bytes, PutMode::kCreateNew);
    if (put.code() == StatusCode::kAlreadyExists && unknown) {
      ASSIGN_OR_RETURN(bool written, IsWritten(key, bytes));
      return written ? Status::Ok() : put;
    }
    unknown = unknown || put.code() == StatusCode::kUnavailable;
    return put;
  });
  return status;
}

Result<bool> RetryingObjectStore::IsWritten(const std::string& key, std::string_view bytes) {
  // One byte more: a longer object is another one.
  Result<std::string> there = Get(key, {0, bytes.size() + 1});
  if (!there && there.error().code() == StatusCode::kNotFound) return false;
  if (!there) return there.error();
  return *there == bytes;
}

Result<ListPage> RetryingObjectStore::List(const ListRequest& request) {
  return Retry([&] { return store_->List(request); });
}

Status RetryingObjectStore::Remove(const std::string& key) {
  return Retry([&] { return store_->Remove(key); });
}

// An upload begun without an answer is left behind: nobody knows its id. It is found by Pending.
Result<std::string> RetryingObjectStore::Begin(const std::string& key) {
  return Retry([&] { return store_->uploads().Begin(key); });
}

Result<UploadedPart> RetryingObjectStore::AddPart(const UploadInfo& upload, int number,
                                                  std::string_view bytes) {
  return Retry([&] { return store_->uploads().AddPart(upload, number, bytes); });
}

Status RetryingObjectStore::Complete(const UploadInfo& upload, const std::vector<UploadedPart>& parts) {
  Status status = Retry([&] { return store_->uploads().Complete(upload, parts); });
  if (status.code() != StatusCode::kNotFound) return status;
  Result<ObjectInfo> there = Stat(upload.key);
  if (there) return Status::Ok();
  return there.error().code() == StatusCode::kNotFound ? status : there.error();
}

Status RetryingObjectStore::Abort(const UploadInfo& upload) {
  return Retry([&] { return store_->uploads().Abort(upload); });
}

Result<std::vector<UploadInfo>> RetryingObjectStore::Pending(const std::string& prefix) {
  return Retry([&] { return store_->uploads().Pending(prefix); });
}

}  // namespace penstock
