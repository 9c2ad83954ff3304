// The two kinds of cursors.
#include "connectors/filesystem/file_cursor.h"

#include <cstring>

#include "connectors/filesystem/compression.h"

namespace penstock {

namespace {

constexpr size_t kReadBytes = 256 << 10;
constexpr size_t kShownBytes = 1000;  // of a record that is too long

// Where a cursor starts.
struct FilePlace {
  std::string path;
  uint64_t offset = 0;
};

class RecordCursor : public FileCursor {
 public:
  RecordCursor(std::unique_ptr<ReadableFile> file, std::unique_ptr<Decoder> decoder,
               const FileColumns& columns, std::vector<Value> values, const RecordLimits& limits,
               FilePlace place)
      : file_(std::move(file)),
        decoder_(std::move(decoder)),
        columns_(columns),
        values_(std::move(values)),
        limits_(limits),
        decoded_(columns.record_types(), limits.keep_bad_rows) {
    decoded_.source = place.path;
    position_.offset = place.offset;
  }

  Result<Batch> Read(int64_t max_rows) override {
    while (decoded_.rows == 0) {
      if (skipping_) {
        RETURN_IF_ERROR(SkipLine());
        continue;
      }
      std::string_view bytes(buffer_.data() + begin_, end_ - begin_);
      decoded_.base_offset = position_.offset;
      ASSIGN_OR_RETURN(size_t used, decoder_->DecodeStream(bytes, at_end_, max_rows, &decoded_));
      begin_ += used;
      position_.offset += used;
      if (at_end_ && begin_ == end_) {
        position_.done = true;
        break;
      }
      if (used == 0 && at_end_) return Status::Internal("a decoder makes no progress");
      if (used == 0 && static_cast<int64_t>(end_ - begin_) > limits_.max_bytes) {
        RETURN_IF_ERROR(RefuseLongRecord());
        continue;
      }
      if (used == 0) RETURN_IF_ERROR(Fill());
      if (decoded_.bad.count() - reported_ > max_rows) break;  // gives bad rows their way out
    }
    reported_ = decoded_.bad.count();
    return columns_.Assemble(decoded_.Take(), values_);
  }
  int64_t bad_records() const override { return decoded_.bad.count(); }
  int64_t bad_fields() const override { return decoded_.bad.fields(); }
  Batch TakeBadRows() override { return decoded_.bad.Take(); }

 private:
  // The rest of the buffer begins with a record that does not end in it.
  Status RefuseLongRecord() {
    std::string_view start(buffer_.data() + begin_, std::min<size_t>(end_ - begin_, kShownBytes));
    RETURN_IF_ERROR(ReportBadRecord(start,
                                    "the record is longer than " + std::to_string(limits_.max_bytes) +
                                        " bytes (shown are the first); the limit is SET "
                                        "'penstock.max-record-size.<table>'",
                                    0, limits_.on_long, &decoded_));
    skipping_ = true;
    return Status::Ok();
  }
  // Goes behind the next line end, forgetting what lies before it.
  Status SkipLine() {
    const void* newline = std::memchr(buffer_.data() + begin_, '\n', end_ - begin_);
    size_t used =
        newline == nullptr
            ? end_ - begin_
            : static_cast<size_t>(static_cast<const char*>(newline) - (buffer_.data() + begin_)) + 1;
    begin_ += used;
    position_.offset += used;
    skipping_ = newline == nullptr && !at_end_;
    return skipping_ ? Fill() : Status::Ok();
  }
  // Moves the rest to the front and reads on behind it.
  Status Fill() {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    size_t room = std::max(kReadBytes, end_);
    if (buffer_.size() < end_ + room + kDecodePadding) buffer_.resize(end_ + room + kDecodePadding);
    ASSIGN_OR_RETURN(size_t count, file_->Read(buffer_.data() + end_, room));
    at_end_ = count == 0;
    end_ += count;
    std::memset(buffer_.data() + end_, 0, kDecodePadding);
    return Status::Ok();
  }

  std::unique_ptr<ReadableFile> file_;
  std::unique_ptr<Decoder> decoder_;
  const FileColumns& columns_;
  std::vector<Value> values_;
  RecordLimits limits_;
  DecodedRows decoded_;
  bool skipping_ = false;  // the rest of a line
  std::string buffer_ = std::string(kDecodePadding, '\0');
  size_t begin_ = 0, end_ = 0;
  bool at_end_ = false;
  int64_t reported_ = 0;
};

class FileBytes : public ByteSource {
 public:
  FileBytes(std::unique_ptr<ReadableFile> file, uint64_t size) : file_(std::move(file)), size_(size) {}
  uint64_t size() const override { return size_; }
  Status ReadAt(uint64_t offset, size_t size, char* to) override {
    RETURN_IF_ERROR(file_->Seek(offset));
    while (size > 0) {
      ASSIGN_OR_RETURN(size_t count, file_->Read(to, size));
      if (count == 0) return Status::Corruption("the file is cut off");
      to += count;
      size -= count;
    }
    return Status::Ok();
  }

 private:
  std::unique_ptr<ReadableFile> file_;
  uint64_t size_;
};

class BulkCursor : public FileCursor {
 public:
  BulkCursor(std::unique_ptr<FileBytes> bytes, const FileColumns& columns, std::vector<Value> values)
      : bytes_(std::move(bytes)), columns_(columns), values_(std::move(values)) {}

  Status Start(const Format& format, const FilePosition& position) {
    ASSIGN_OR_RETURN(reader_, format.NewBulkReader(columns_.request(), bytes_.get()));
    position_ = position;
    if (position_.group >= reader_->groups()) return Status::Ok();
    return reader_->Seek(position_.group, position_.row);
  }

  Result<Batch> Read(int64_t max_rows) override {
    while (position_.group < reader_->groups()) {
      ASSIGN_OR_RETURN(Batch batch, reader_->Read(max_rows));
      position_.row += batch.rows;
      if (batch.rows > 0) return columns_.Assemble(std::move(batch), values_);
      ++position_.group;
      position_.row = 0;
      if (position_.group < reader_->groups()) RETURN_IF_ERROR(reader_->Seek(position_.group, 0));
    }
    position_.done = true;
    return Batch();
  }

 private:
  std::unique_ptr<FileBytes> bytes_;
  const FileColumns& columns_;
  std::vector<Value> values_;
  std::unique_ptr<BulkReader> reader_;
};

// Reads and forgets the bytes before `offset` where a file cannot be sought in.
Status SkipTo(ReadableFile& file, uint64_t offset) {
  std::vector<char> scratch(kReadBytes);
  while (offset > 0) {
    ASSIGN_OR_RETURN(size_t count, file.Read(scratch.data(), std::min<uint64_t>(offset, scratch.size())));
    if (count == 0) return Status::InvalidData("the file is shorter than the position to go on from");
    offset -= count;
  }
  return Status::Ok();
}

}  // namespace

std::string FilePosition::Serialize() const {
  ByteWriter out;
  out.Bool(done);
  out.Varint(offset);
  out.Varint(static_cast<uint64_t>(group));
  out.Varint(static_cast<uint64_t>(row));
  return out.Take();
}

Result<FilePosition> FilePosition::Parse(const std::string& bytes) {
  FilePosition position;
  if (bytes.empty()) return position;
  ByteReader in(bytes);
  position.done = in.Bool();
  position.offset = in.Varint();
  position.group = static_cast<int>(in.Varint());
  position.row = static_cast<int64_t>(in.Varint());
  if (!in.ok()) return Status::Corruption("position of a file split");
  return position;
}

Result<std::unique_ptr<FileCursor>> FileCursor::Open(FileStore& files, const std::string& path,
                                                     const FilePosition& position, const FileColumns& columns,
                                                     const Format& format, const RecordLimits& limits) {
  ASSIGN_OR_RETURN(FileInfo info, files.Stat(path));
  ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, files.OpenForRead(path));
  ASSIGN_OR_RETURN(std::vector<Value> values, columns.ValuesOf(info));
  if (format.bulk()) {
    auto bytes = std::make_unique<FileBytes>(std::move(file), info.size);
    auto cursor = std::make_unique<BulkCursor>(std::move(bytes), columns, std::move(values));
    Status started = cursor->Start(format, position);
    if (!started.ok()) return std::move(started).WithContext("reading '" + path + "'");
    return std::unique_ptr<FileCursor>(std::move(cursor));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Decoder> decoder, format.NewDecoder(columns.request()));
  Compression compression = CompressionOf(path);
  if (compression != Compression::kNone) {
    file = MakeDecompressor(compression, std::move(file), path);
    RETURN_IF_ERROR(SkipTo(*file, position.offset));
  } else if (position.offset > 0) {
    RETURN_IF_ERROR(file->Seek(position.offset));
  }
  return std::unique_ptr<FileCursor>(new RecordCursor(std::move(file), std::move(decoder), columns,
                                                      std::move(values), limits, {path, position.offset}));
}

}  // namespace penstock
