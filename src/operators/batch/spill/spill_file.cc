// Blocks of records.
#include "operators/batch/spill/spill_file.h"

#include "base/bytes.h"
#include "data/key_codec.h"

namespace penstock {

namespace {

constexpr size_t kFrameBytes = 8;

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

uint32_t Checksum(std::string_view bytes) { return static_cast<uint32_t>(HashKey(bytes)); }

}  // namespace

Result<std::unique_ptr<SpillWriter>> SpillWriter::Create(FileSystem* files, std::string path,
                                                         size_t block_bytes) {
  std::unique_ptr<SpillWriter> writer(new SpillWriter(files, std::move(path), block_bytes));
  Result<std::unique_ptr<WritableFile>> file = files->OpenForWrite(writer->path_, WriteMode::kReplace);
  if (!file) return Status(file.error()).WithContext("spilling to " + writer->path_);
  writer->file_ = std::move(*file);
  return writer;
}

SpillWriter::~SpillWriter() {
  if (finished_ || !file_) return;
  file_.reset();
  (void)files_->Remove(path_);
}

Status SpillWriter::Add(std::string_view key, std::string_view value) {
  AppendVarint(key.size(), &block_);
  AppendVarint(value.size(), &block_);
  block_.append(key);
  block_.append(value);
  ++records_;
  return block_.size() >= block_bytes_ ? WriteBlock() : Status::Ok();
}

Status SpillWriter::WriteBlock() {
  ByteWriter frame;
  frame.Fixed(static_cast<uint32_t>(block_.size()));
  frame.Fixed(Checksum(block_));
  Status status = file_->Append(frame.bytes());
  if (status.ok()) status = file_->Append(block_);
  if (!status.ok()) return std::move(status).WithContext("spilling to " + path_);
  bytes_ += kFrameBytes + block_.size();
  block_.clear();
  return Status::Ok();
}

Result<SpillFilePtr> SpillWriter::Finish() {
  if (!block_.empty()) RETURN_IF_ERROR(WriteBlock());
  block_ = std::string();
  if (Status status = file_->Close(); !status.ok())
    return std::move(status).WithContext("spilling to " + path_);
  file_.reset();
  finished_ = true;
  return std::make_shared<const SpillFile>(files_, path_, records_);
}

Result<std::unique_ptr<SpillReader>> SpillReader::Open(SpillFilePtr file) {
  std::unique_ptr<SpillReader> reader(new SpillReader(std::move(file)));
  Result<std::unique_ptr<ReadableFile>> in = reader->file_->files().OpenForRead(reader->file_->path());
  if (!in) return Status(in.error()).WithContext("reading what was spilled to " + reader->file_->path());
  reader->in_ = std::move(*in);
  return reader;
}

Status SpillReader::Damaged() const {
  return Status::Corruption("spilled rows in " + file_->path() + " are not what was written");
}

Status SpillReader::ReadFully(char* to, size_t size) const {
  for (size_t done = 0; done < size;) {
    ASSIGN_OR_RETURN(size_t got, in_->Read(to + done, size - done));
    if (got == 0) return Damaged();
    done += got;
  }
  return Status::Ok();
}

Result<bool> SpillReader::ReadBlock() {
  char frame[kFrameBytes];
  ASSIGN_OR_RETURN(size_t got, in_->Read(frame, kFrameBytes));
  if (got == 0) return false;
  if (got < kFrameBytes) RETURN_IF_ERROR(ReadFully(frame + got, kFrameBytes - got));
  ByteReader in({frame, kFrameBytes});
  auto size = in.Fixed<uint32_t>();
  auto checksum = in.Fixed<uint32_t>();
  block_.resize(size);
  RETURN_IF_ERROR(ReadFully(block_.data(), size));
  if (Checksum(block_) != checksum) return Damaged();
  at_ = 0;
  return true;
}

Result<bool> SpillReader::Next() {
  if (at_ >= block_.size()) {
    ASSIGN_OR_RETURN(bool more, ReadBlock());
    if (!more) return false;
  }
  std::string_view rest = std::string_view(block_).substr(at_);
  ByteReader in(rest);
  uint64_t key = in.Varint();
  uint64_t value = in.Varint();
  if (!in.ok() || key + value > in.rest().size()) return Damaged();
  key_ = in.rest().substr(0, key);
  value_ = in.rest().substr(key, value);
  at_ += rest.size() - in.rest().size() + key + value;
  return true;
}

}  // namespace penstock
