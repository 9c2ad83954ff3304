// ObjectStore: the door to one bucket of an object store: whole objects under keys, no folders, no renaming,
// no appending. S3Store speaks to real ones, MemoryObjectStore is the model with faults, RetryingObjectStore
// stands before either. What all of them promise is written as tests in object_store_contract.h.
//
// Errors name the object (s3://bucket/key) and the cause. kUnavailable: no answer, or one that asks to come
// again; a write may then have happened, may still happen later, or never. All methods may be called from any
// thread and wait for the answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace penstock {

struct ByteRange {
  uint64_t offset = 0;
  uint64_t size = 0;
};

enum class PutMode : uint8_t {
  kReplace,
  kCreateNew,  // kAlreadyExists where the key is taken: of several callers one wins
};

struct ObjectInfo {
  std::string key;
  uint64_t size = 0;
  int64_t modified_micros = 0;
};

struct ListRequest {
  std::string prefix;
  bool folders = false;  // keys that go on with a '/' behind the prefix are given once, as a folder
  std::string from;      // ListPage::next of the page before
};

struct ListPage {
  std::vector<ObjectInfo> objects;   // by key
  std::vector<std::string> folders;  // end with '/'
  std::string next;                  // "": this is the last page
};

// A part that the store has, and what it calls it.
struct UploadedPart {
  int number = 0;  // from 1 on
  std::string etag;
};

struct UploadInfo {
  std::string key;
  std::string id;
};

// Objects in parts. An upload is nothing but a key and an id, both text: another process can complete or
// abort it. Nobody sees the object before it is complete. Parts but the last take at least kPartBytesMin.
class MultipartUploads {
 public:
  static constexpr size_t kPartBytesMin = size_t{5} << 20;
  static constexpr int kPartsMax = 10'000;

  virtual ~MultipartUploads() = default;
  virtual Result<std::string> Begin(const std::string& key) = 0;
  // A part handed in again takes the place of the one before. kNotFound: there is no such upload (any more).
  virtual Result<UploadedPart> AddPart(const UploadInfo& upload, int number, std::string_view bytes) = 0;
  // Makes the object of these parts, ascending. kNotFound: it was completed before, or aborted, or never was.
  virtual Status Complete(const UploadInfo& upload, const std::vector<UploadedPart>& parts) = 0;
  // Fine where there is no such upload.
  virtual Status Abort(const UploadInfo& upload) = 0;
  // Those under way whose key begins so, by key.
  virtual Result<std::vector<UploadInfo>> Pending(const std::string& prefix) = 0;
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  // For people: "s3://bucket/key".
  virtual std::string NameOf(const std::string& key) const = 0;
  // What of the range is in the object: nothing behind its end. kNotFound: no such object.
  virtual Result<std::string> Get(const std::string& key, ByteRange range) = 0;
  virtual Result<ObjectInfo> Stat(const std::string& key) = 0;
  // Whole and durable when it returns.
  virtual Status Put(const std::string& key, std::string_view bytes, PutMode mode) = 0;
  virtual Result<ListPage> List(const ListRequest& request) = 0;
  // Fine where there is no such object.
  virtual Status Remove(const std::string& key) = 0;
  virtual MultipartUploads& uploads() = 0;
};

// The stores of a process, by bucket. Thread-safe; what it returns lives as long as it does.
class ObjectStores {
 public:
  virtual ~ObjectStores() = default;
  virtual Result<ObjectStore*> Open(const std::string& bucket) = 0;
};

// "s3://bucket/a/key".
struct ObjectAddress {
  std::string bucket;
  std::string key;  // may be empty
};
// Whether a path is of an object store: begins with s3://, s3a:// or s3n://.
bool IsObjectPath(std::string_view path);
// kInvalidArgument where there is no bucket.
Result<ObjectAddress> ParseObjectAddress(std::string_view path);

// All pages.
Result<ListPage> ListAll(ObjectStore& store, const std::string& prefix, bool folders);

}  // namespace penstock
