// Reading and writing of objects in blocks.
#include "env/objects/object_files.h"

#include <algorithm>
#include <cstring>

#include "env/objects/upload_parts.h"

namespace penstock {

namespace {

constexpr uint64_t kFirstBlock = uint64_t{64} << 10;
constexpr uint64_t kBlockMax = uint64_t{4} << 20;

class ObjectReader : public ReadableFile {
 public:
  ObjectReader(ObjectStore* store, std::string key) : store_(store), key_(std::move(key)) {}

  Result<size_t> Read(char* to, size_t size) override {
    bool inside = position_ >= begin_ && position_ < begin_ + block_.size();
    if (!inside) RETURN_IF_ERROR(Fetch(size));
    size_t at = static_cast<size_t>(position_ - begin_);
    size_t count = at < block_.size() ? std::min(size, block_.size() - at) : 0;
    std::memcpy(to, block_.data() + at, count);
    position_ += count;
    return count;
  }
  Status Seek(uint64_t offset) override {
    position_ = offset;
    return Status::Ok();
  }

 private:
  // At least what is asked for; more where the last block was read to its end.
  Status Fetch(size_t size) {
    bool straight_on = position_ == begin_ + block_.size();
    ahead_ = straight_on ? std::min(kBlockMax, ahead_ * 2) : kFirstBlock;
    ASSIGN_OR_RETURN(block_, store_->Get(key_, {position_, std::max<uint64_t>(size, ahead_)}));
    begin_ = position_;
    return Status::Ok();
  }

  ObjectStore* store_;
  std::string key_;
  uint64_t position_ = 0;
  uint64_t begin_ = 0;  // of the block
  std::string block_;
  uint64_t ahead_ = kFirstBlock / 2;
};

class ObjectWriter : public WritableFile {
 public:
  ObjectWriter(ObjectStore* store, std::string key) : store_(store), parts_(store, {std::move(key), ""}) {}
  ~ObjectWriter() override {
    // What cannot be aborted now is found in the list of uploads.
    if (!parts_.upload().id.empty() && !closed_) (void)store_->uploads().Abort(parts_.upload());
  }

  Status Append(std::string_view bytes) override { return parts_.Append(bytes); }
  // There is nothing between not there and complete.
  Status Sync() override { return Status::Ok(); }
  Status Close() override {
    if (parts_.upload().id.empty()) {
      RETURN_IF_ERROR(store_->Put(parts_.upload().key, parts_.rest(), PutMode::kReplace));
    } else {
      if (!parts_.rest().empty()) RETURN_IF_ERROR(parts_.Send());
      RETURN_IF_ERROR(store_->uploads().Complete(parts_.upload(), parts_.parts()));
    }
    closed_ = true;
    return Status::Ok();
  }

 private:
  ObjectStore* store_;
  UploadParts parts_;
  bool closed_ = false;
};

// An object of a path.
struct Place {
  ObjectStore* store = nullptr;
  std::string key;
};

Result<Place> PlaceOf(ObjectStores* stores, const std::string& path) {
  ASSIGN_OR_RETURN(ObjectAddress parsed, ParseObjectAddress(path));
  ASSIGN_OR_RETURN(ObjectStore * store, stores->Open(parsed.bucket));
  return Place{store, std::move(parsed.key)};
}

}  // namespace

std::unique_ptr<ReadableFile> OpenObject(ObjectStore* store, std::string key) {
  return std::make_unique<ObjectReader>(store, std::move(key));
}

std::unique_ptr<WritableFile> WriteObject(ObjectStore* store, std::string key) {
  return std::make_unique<ObjectWriter>(store, std::move(key));
}

Result<std::unique_ptr<ReadableFile>> ObjectFileStore::OpenForRead(const std::string& path) {
  ASSIGN_OR_RETURN(Place place, PlaceOf(stores_, path));
  return OpenObject(place.store, std::move(place.key));
}

Result<std::unique_ptr<WritableFile>> ObjectFileStore::OpenForWrite(const std::string& path) {
  ASSIGN_OR_RETURN(Place place, PlaceOf(stores_, path));
  return WriteObject(place.store, std::move(place.key));
}

Status ObjectFileStore::Create(const std::string& path, const std::string&, std::string_view bytes,
                               RenameMode) {
  ASSIGN_OR_RETURN(Place place, PlaceOf(stores_, path));
  return place.store->Put(place.key, bytes, PutMode::kCreateNew);
}

Result<FileInfo> ObjectFileStore::Stat(const std::string& path) {
  ASSIGN_OR_RETURN(Place place, PlaceOf(stores_, path));
  if (place.key.empty()) return Status::NotFound("'" + path + "' is a bucket, not an object");
  ASSIGN_OR_RETURN(ObjectInfo object, place.store->Stat(place.key));
  return FileInfo{path, object.size, object.modified_micros, false};
}

Result<std::vector<FileInfo>> ObjectFileStore::List(const std::string& directory) {
  ASSIGN_OR_RETURN(Place place, PlaceOf(stores_, directory));
  if (!place.key.empty() && !place.key.ends_with('/')) place.key += '/';
  ASSIGN_OR_RETURN(ListPage page, ListAll(*place.store, place.key, true));
  std::vector<FileInfo> found;
  for (const ObjectInfo& object : page.objects) {
    if (object.key.ends_with('/')) continue;  // what some tools make for an empty folder
    found.push_back({place.store->NameOf(object.key), object.size, object.modified_micros, false});
  }
  for (std::string& folder : page.folders) {
    folder.pop_back();
    found.push_back({place.store->NameOf(folder), 0, 0, true});
  }
  std::sort(found.begin(), found.end(), [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return found;
}

Status ObjectFileStore::Remove(const std::string& path) {
  ASSIGN_OR_RETURN(Place place, PlaceOf(stores_, path));
  return place.store->Remove(place.key);
}

}  // namespace penstock
