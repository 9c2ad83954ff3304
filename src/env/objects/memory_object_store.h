// MemoryObjectStore: the model of a bucket, for tests and the simulation, with the faults of the real thing.
// A fault meets one operation, in the order in which they were asked for. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "env/clock.h"
#include "env/objects/object_store.h"
#include "env/random.h"

namespace penstock {

enum class ObjectFault : uint8_t {
  kNone,
  kServerError,   // 5xx: nothing was done
  kConflict,      // 409, another writer at the same moment: nothing was done
  kLostResponse,  // done, and the answer lost
  kLate,          // no answer; a write is done at a later moment (reads: never)
};

class MemoryObjectStore : public ObjectStore, private MultipartUploads {
 public:
  explicit MemoryObjectStore(std::string bucket = "model", const Clock* clock = nullptr)
      : bucket_(std::move(bucket)), clock_(clock) {}

  std::string NameOf(const std::string& key) const override { return "s3://" + bucket_ + "/" + key; }
  Result<std::string> Get(const std::string& key, ByteRange range) override;
  Result<ObjectInfo> Stat(const std::string& key) override;
  Status Put(const std::string& key, std::string_view bytes, PutMode mode) override;
  Result<ListPage> List(const ListRequest& request) override;
  Status Remove(const std::string& key) override;
  MultipartUploads& uploads() override { return *this; }

  // The next operations meet these.
  void Meet(std::deque<ObjectFault> faults);
  // From now on every operation meets a fault with this chance; late writes are done some operations later.
  void MeetAtRandom(uint64_t seed, double chance);
  // Does what is late; at random faults end, too.
  void LandLateWrites();
  // A store that overwrites where it was asked to create, as some do.
  void IgnoreCreateNew() { ignores_create_new_ = true; }
  // Of the objects whose key begins so, as they are now: no operation, and meets no fault.
  std::map<std::string, std::string> Contents(const std::string& prefix) const;
  int64_t operations() const;
  int64_t faults_met() const;

 private:
  struct Object {
    std::string bytes;
    int64_t modified_micros = 0;
  };
  struct Upload {
    std::string key;
    std::map<int, std::pair<std::string, std::string>> parts;  // etag and bytes, by number
  };
  Result<std::string> Begin(const std::string& key) override;
  Result<UploadedPart> AddPart(const UploadInfo& upload, int number, std::string_view bytes) override;
  Status Complete(const UploadInfo& upload, const std::vector<UploadedPart>& parts) override;
  Status Abort(const UploadInfo& upload) override;
  Result<std::vector<UploadInfo>> Pending(const std::string& prefix) override;

  // Under the lock.
  ObjectFault NextFault();
  Status NoAnswer(const std::string& key) const;
  Status Write(const std::string& key, const std::function<Status()>& write);
  template <typename T>
  Result<T> Read(const std::string& key, const std::function<Result<T>()>& read);
  Status Store(const std::string& key, std::string bytes, PutMode mode);
  Status Assemble(const UploadInfo& upload, const std::vector<UploadedPart>& parts);
  Status NoUpload(const UploadInfo& upload) const;

  const std::string bucket_;
  const Clock* const clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;
  std::map<std::string, Upload> uploads_;  // by id
  int64_t uploads_begun_ = 0;
  std::deque<ObjectFault> faults_;
  std::optional<Random> random_;
  double chance_ = 0;
  std::vector<std::pair<int64_t, std::function<Status()>>>
      late_;  // and the operation before which it is done
  bool ignores_create_new_ = false;
  int64_t operations_ = 0, faults_met_ = 0;
};

}  // namespace penstock
