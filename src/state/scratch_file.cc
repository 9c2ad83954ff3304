// Files, and strings in their place.
#include "state/scratch_file.h"

namespace penstock {

namespace {

class DiskScratch : public ScratchFile {
 public:
  DiskScratch(FileSystem* files, std::string directory, std::string name)
      : files_(files), directory_(std::move(directory)), path_(directory_ + "/" + name) {}
  // Whoever owns the directory may have removed it.
  ~DiskScratch() override {
    bool made = writing_ != nullptr || reading_ != nullptr;
    writing_.reset();
    reading_.reset();
    if (made) static_cast<void>(files_->Remove(path_));
  }

  Status Append(std::string_view bytes) override {
    if (!writing_) {
      RETURN_IF_ERROR(files_->CreateDirectories(directory_));
      ASSIGN_OR_RETURN(writing_, files_->OpenForWrite(path_, WriteMode::kReplace));
    }
    return writing_->Append(bytes);
  }
  Result<std::string> Read(uint64_t offset, uint64_t size) override {
    if (!reading_) {
      ASSIGN_OR_RETURN(reading_, files_->OpenForRead(path_));
    }
    if (at_ != offset) RETURN_IF_ERROR(reading_->Seek(offset));
    std::string bytes(size, '\0');
    for (size_t read = 0; read < bytes.size();) {
      ASSIGN_OR_RETURN(size_t count, reading_->Read(bytes.data() + read, bytes.size() - read));
      if (count == 0)
        return Status(StatusCode::kIo, "'" + path_ + "' is shorter than what was written to it");
      read += count;
    }
    at_ = offset + size;
    return bytes;
  }

 private:
  FileSystem* files_;
  const std::string directory_, path_;
  std::unique_ptr<WritableFile> writing_;
  std::unique_ptr<ReadableFile> reading_;
  uint64_t at_ = 0;  // where reading_ stands
};

class MemoryScratch : public ScratchFile {
 public:
  Status Append(std::string_view bytes) override {
    bytes_.append(bytes);
    return Status::Ok();
  }
  Result<std::string> Read(uint64_t offset, uint64_t size) override { return bytes_.substr(offset, size); }

 private:
  std::string bytes_;
};

}  // namespace

std::unique_ptr<ScratchFile> MakeScratchFile(FileSystem* files, std::string directory, std::string name) {
  return std::make_unique<DiskScratch>(files, std::move(directory), std::move(name));
}

std::unique_ptr<ScratchFile> MakeMemoryScratch() { return std::make_unique<MemoryScratch>(); }

}  // namespace penstock
