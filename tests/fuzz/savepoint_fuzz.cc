// Fuzz target: the reader of savepoints and the restoring of keyed state. The bytes are read as they are,
// and once with the magic and the checksum put right, so that what lies behind those is reached.
#include "base/bytes.h"
#include "data/key_codec.h"
#include "engine/savepoints/savepoint_file.h"
#include "state/state_backend.h"

namespace {

using namespace penstock;

// One file that holds the given bytes.
class OneFile : public FileSystem {
 public:
  explicit OneFile(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::unique_ptr<ReadableFile>> OpenForRead(const std::string&) override {
    return std::unique_ptr<ReadableFile>(new Reader(bytes_));
  }
  Result<std::unique_ptr<WritableFile>> OpenForWrite(const std::string&, WriteMode) override {
    return None();
  }
  Result<FileInfo> Stat(const std::string& path) override { return FileInfo{path, bytes_.size(), 0, false}; }
  Result<std::vector<FileInfo>> List(const std::string&) override { return None(); }
  Status Rename(const std::string&, const std::string&, RenameMode) override { return None(); }
  Status Remove(const std::string&) override { return None(); }
  Status CreateDirectories(const std::string&) override { return None(); }
  Status SyncDirectory(const std::string&) override { return None(); }

 private:
  class Reader : public ReadableFile {
   public:
    explicit Reader(const std::string& bytes) : rest_(bytes) {}
    Result<size_t> Read(char* to, size_t size) override {
      size_t count = std::min(size, rest_.size());
      std::memcpy(to, rest_.data(), count);
      rest_.remove_prefix(count);
      return count;
    }
    Status Seek(uint64_t) override { return None(); }

   private:
    std::string_view rest_;
  };
  static Status None() { return Status::Internal("not in this file system"); }
  std::string bytes_;
};

void ReadAll(std::string bytes) {
  OneFile file(std::move(bytes));
  LocalFileStore store(&file);
  Result<std::vector<SubtaskSnapshot>> parts = ReadSavepointFile(store, "savepoint");
  if (!parts) return;
  ManualClock clock(0);
  for (const SubtaskSnapshot& part : *parts) {
    std::unique_ptr<StateBackend> backend = MakeHashBackend({}, &clock);
    if (!backend->Restore(part.keyed).ok()) continue;
    ByteWriter again;
    CHECK(backend->Snapshot(again).ok());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  ReadAll(bytes);
  ByteWriter sealed;
  sealed.Raw("PENSTOCK-SAVEPOINT");
  sealed.Fixed(uint32_t{1});
  sealed.Raw(bytes);
  sealed.Fixed(HashKey(sealed.bytes()));
  ReadAll(sealed.Take());
  // The keyed state alone, as one part.
  ManualClock clock(0);
  static_cast<void>(MakeHashBackend({}, &clock)->Restore(bytes));
  return 0;
}
