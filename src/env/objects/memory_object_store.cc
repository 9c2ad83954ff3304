// The model of a bucket.
#include "env/objects/memory_object_store.h"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

constexpr size_t kPageObjects = 1000;
constexpr uint64_t kLateOperationsMax = 30;

}  // namespace

void MemoryObjectStore::Meet(std::deque<ObjectFault> faults) {
  std::lock_guard lock(mutex_);
  faults_ = std::move(faults);
}

void MemoryObjectStore::MeetAtRandom(uint64_t seed, double chance) {
  std::lock_guard lock(mutex_);
  random_.emplace(seed);
  chance_ = chance;
}

// What a late write finds may keep it from being done; nobody hears of it.
void MemoryObjectStore::LandLateWrites() {
  std::lock_guard lock(mutex_);
  for (const auto& [when, write] : late_) (void)write();
  late_.clear();
  random_.reset();
}

std::map<std::string, std::string> MemoryObjectStore::Contents(const std::string& prefix) const {
  std::lock_guard lock(mutex_);
  std::map<std::string, std::string> contents;
  for (auto at = objects_.lower_bound(prefix); at != objects_.end() && at->first.starts_with(prefix); ++at)
    contents.emplace(at->first, at->second.bytes);
  return contents;
}

int64_t MemoryObjectStore::operations() const {
  std::lock_guard lock(mutex_);
  return operations_;
}

int64_t MemoryObjectStore::faults_met() const {
  std::lock_guard lock(mutex_);
  return faults_met_;
}

ObjectFault MemoryObjectStore::NextFault() {
  ++operations_;
  std::erase_if(late_, [this](const auto& entry) {
    if (entry.first > operations_) return false;
    (void)entry.second();
    return true;
  });
  ObjectFault fault = ObjectFault::kNone;
  if (!faults_.empty()) {
    fault = faults_.front();
    faults_.pop_front();
  } else if (random_ && random_->Unit() < chance_) {
    fault = static_cast<ObjectFault>(1 + random_->Below(4));
  }
  faults_met_ += fault != ObjectFault::kNone ? 1 : 0;
  return fault;
}

Status MemoryObjectStore::NoAnswer(const std::string& key) const {
  return {StatusCode::kUnavailable, NameOf(key) + ": no answer (a fault of the model)"};
}

Status MemoryObjectStore::Write(const std::string& key, const std::function<Status()>& write) {
  switch (NextFault()) {
    case ObjectFault::kNone: return write();
    case ObjectFault::kServerError:
    case ObjectFault::kConflict: return NoAnswer(key);
    case ObjectFault::kLostResponse: (void)write(); return NoAnswer(key);
    case ObjectFault::kLate: break;
  }
  uint64_t later = random_ ? 1 + random_->Below(kLateOperationsMax) : 0;
  late_.emplace_back(random_ ? operations_ + static_cast<int64_t>(later) : INT64_MAX, write);
  return NoAnswer(key);
}

template <typename T>
Result<T> MemoryObjectStore::Read(const std::string& key, const std::function<Result<T>()>& read) {
  if (NextFault() != ObjectFault::kNone) return NoAnswer(key);
  return read();
}

Result<std::string> MemoryObjectStore::Get(const std::string& key, ByteRange range) {
  std::lock_guard lock(mutex_);
  return Read<std::string>(key, [&]() -> Result<std::string> {
    auto found = objects_.find(key);
    if (found == objects_.end()) return Status::NotFound("there is no object " + NameOf(key));
    const std::string& bytes = found->second.bytes;
    return range.offset >= bytes.size() ? "" : bytes.substr(range.offset, range.size);
  });
}

Result<ObjectInfo> MemoryObjectStore::Stat(const std::string& key) {
  std::lock_guard lock(mutex_);
  return Read<ObjectInfo>(key, [&]() -> Result<ObjectInfo> {
    auto found = objects_.find(key);
    if (found == objects_.end()) return Status::NotFound("there is no object " + NameOf(key));
    return ObjectInfo{key, found->second.bytes.size(), found->second.modified_micros};
  });
}

Status MemoryObjectStore::Store(const std::string& key, std::string bytes, PutMode mode) {
  if (mode == PutMode::kCreateNew && !ignores_create_new_ && objects_.contains(key))
    return {StatusCode::kAlreadyExists, "the object " + NameOf(key) + " is there already"};
  objects_[key] = {std::move(bytes), clock_ != nullptr ? clock_->NowMicros() : 0};
  return Status::Ok();
}

Status MemoryObjectStore::Put(const std::string& key, std::string_view bytes, PutMode mode) {
  std::lock_guard lock(mutex_);
  return Write(key, [this, key, mode, copy = std::string(bytes)] { return Store(key, copy, mode); });
}

Status MemoryObjectStore::Remove(const std::string& key) {
  std::lock_guard lock(mutex_);
  return Write(key, [this, key] {
    objects_.erase(key);
    return Status::Ok();
  });
}

Result<ListPage> MemoryObjectStore::List(const ListRequest& request) {
  std::lock_guard lock(mutex_);
  return Read<ListPage>(request.prefix, [&]() -> Result<ListPage> {
    ListPage page;
    std::string last;
    for (auto at = objects_.lower_bound(request.prefix); at != objects_.end(); ++at) {
      const auto& [key, object] = *at;
      if (!key.starts_with(request.prefix)) break;
      size_t slash = request.folders ? key.find('/', request.prefix.size()) : std::string::npos;
      std::string name = key.substr(0, slash == std::string::npos ? slash : slash + 1);
      if (!request.from.empty() && name <= request.from) continue;
      if (!page.folders.empty() && page.folders.back() == name) continue;
      if (page.objects.size() + page.folders.size() == kPageObjects) {
        page.next = last;
        break;
      }
      if (slash == std::string::npos)
        page.objects.push_back({key, object.bytes.size(), object.modified_micros});
      else
        page.folders.push_back(name);
      last = std::move(name);
    }
    return page;
  });
}

Status MemoryObjectStore::NoUpload(const UploadInfo& upload) const {
  return Status::NotFound("there is no upload " + upload.id + " of " + NameOf(upload.key));
}

Result<std::string> MemoryObjectStore::Begin(const std::string& key) {
  std::lock_guard lock(mutex_);
  std::string id = "upload-" + std::to_string(++uploads_begun_);
  RETURN_IF_ERROR(Write(key, [this, id, key] {
    uploads_[id].key = key;
    return Status::Ok();
  }));
  return id;
}

Result<UploadedPart> MemoryObjectStore::AddPart(const UploadInfo& upload, int number,
                                                std::string_view bytes) {
  std::lock_guard lock(mutex_);
  CHECK(number >= 1 && number <= kPartsMax);
  std::string etag = "\"" + std::to_string(std::hash<std::string_view>()(bytes)) + "\"";
  RETURN_IF_ERROR(Write(upload.key, [this, upload, number, etag, copy = std::string(bytes)]() -> Status {
    auto found = uploads_.find(upload.id);
    if (found == uploads_.end() || found->second.key != upload.key) return NoUpload(upload);
    found->second.parts[number] = {etag, copy};
    return Status::Ok();
  }));
  return UploadedPart{number, etag};
}

Status MemoryObjectStore::Assemble(const UploadInfo& upload, const std::vector<UploadedPart>& parts) {
  auto found = uploads_.find(upload.id);
  if (found == uploads_.end() || found->second.key != upload.key) return NoUpload(upload);
  std::string bytes;
  for (const UploadedPart& part : parts) {
    auto there = found->second.parts.find(part.number);
    bool same = there != found->second.parts.end() && there->second.first == part.etag;
    bool small = same && &part != &parts.back() && there->second.second.size() < kPartBytesMin;
    if (!same || small || parts.empty())
      return Status::InvalidArgument("the upload of " + NameOf(upload.key) + " has another part " +
                                     std::to_string(part.number));
    bytes += there->second.second;
  }
  uploads_.erase(found);
  return Store(upload.key, std::move(bytes), PutMode::kReplace);
}

Status MemoryObjectStore::Complete(const UploadInfo& upload, const std::vector<UploadedPart>& parts) {
  std::lock_guard lock(mutex_);
  return Write(upload.key, [this, upload, parts] { return Assemble(upload, parts); });
}

Status MemoryObjectStore::Abort(const UploadInfo& upload) {
  std::lock_guard lock(mutex_);
  return Write(upload.key, [this, upload] {
    uploads_.erase(upload.id);
    return Status::Ok();
  });
}

Result<std::vector<UploadInfo>> MemoryObjectStore::Pending(const std::string& prefix) {
  std::lock_guard lock(mutex_);
  return Read<std::vector<UploadInfo>>(prefix, [&]() -> Result<std::vector<UploadInfo>> {
    std::vector<UploadInfo> found;
    for (const auto& [id, upload] : uploads_) {
      if (upload.key.starts_with(prefix)) found.push_back({upload.key, id});
    }
    std::sort(found.begin(), found.end(),
              [](const UploadInfo& a, const UploadInfo& b) { return a.key < b.key; });
    return found;
  });
}

}  // namespace penstock
