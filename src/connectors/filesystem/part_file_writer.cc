// Writing, rolling and ending of part files.
#include "connectors/filesystem/part_file_writer.h"

#include <algorithm>

#include "connectors/filesystem/file_listing.h"
#include "data/value_text.h"
#include "env/failpoint.h"

namespace penstock {

namespace {

Failpoint part_created("files.part-created", "a part file is there under its hidden name");
Failpoint part_written("files.part-written", "a part file is written, not synced");
Failpoint part_synced("files.part-synced", "a part file is synced, not closed");
Failpoint parts_synced("files.parts-synced", "all part files of an epoch are durable under hidden names");

SeededBug no_fsync("bug:files.no-fsync", "part files are not synced");
SeededBug no_directory_sync("bug:files.no-directory-sync", "hidden names of part files are not synced");

constexpr size_t kBufferBytes = 256 << 10;

class FileBytesSink : public ByteSink {
 public:
  explicit FileBytesSink(WritableFile* file) : file_(file) {}
  Status Append(std::string_view bytes) override { return file_->Append(bytes); }

 private:
  WritableFile* file_;
};

}  // namespace

struct PartFileWriter::PartFile {
  std::string directory;
  std::unique_ptr<WritableFile> file;
  PendingPart* pending = nullptr;       // the file, or what its compressor writes to
  std::string begun;                    // to take it back
  std::unique_ptr<FileBytesSink> sink;  // of bulk formats
  std::unique_ptr<BulkWriter> bulk;
  std::string buffer;  // of record formats
  uint64_t bytes = 0;
  int64_t opened_ms = 0;

  Status WriteBuffer() {
    RETURN_IF_ERROR(file->Append(buffer));
    bytes += buffer.size();
    buffer.clear();
    return Status::Ok();
  }
  uint64_t size() const { return bulk ? bulk->bytes_written() : bytes + buffer.size(); }
};

PartFileWriter::PartFileWriter(const TableSpec& spec, const SinkContext& context, const Format* format,
                               FileSinkOptions options, PartFilePlace place)
    : spec_(spec),
      context_(context),
      format_(format),
      options_(std::move(options)),
      path_(std::move(place.path)),
      parts_(std::move(place.parts)),
      owner_(std::move(place.owner)) {}

PartFileWriter::~PartFileWriter() = default;

Status PartFileWriter::Open() {
  request_ = RequestOf(spec_.options, "format", *format_);
  for (size_t i = 0; i < spec_.columns.size(); ++i) {
    const TableSpecColumn& column = spec_.columns[i];
    bool partition = std::find(spec_.partition_keys.begin(), spec_.partition_keys.end(), column.name) !=
                     spec_.partition_keys.end();
    if (partition) continue;
    data_columns_.push_back(static_cast<int>(i));
    request_.columns.push_back({column.name, column.type});
  }
  request_.stored = request_.columns;
  for (const std::string& key : spec_.partition_keys) {
    for (size_t i = 0; i < spec_.columns.size(); ++i) {
      if (spec_.columns[i].name == key) partition_columns_.emplace_back(key, static_cast<int>(i));
    }
  }
  if (!format_->bulk()) {
    ASSIGN_OR_RETURN(encoder_, format_->NewEncoder(request_));
  }
  return parts_->MakeDirectory(path_);
}

// "dt=2020-01-01/hour=3", or "" without partition columns.
std::string PartFileWriter::PartitionOf(const Batch& batch, int64_t row) const {
  std::string partition;
  for (const auto& [name, column] : partition_columns_) {
    const DataType& type = spec_.columns[static_cast<size_t>(column)].type;
    Value value = batch.column(column)->ValueAt(row);
    std::string text = value.is_null() ? "" : ValueToText(value, type, TimeZone::Utc());
    partition += (partition.empty() ? "" : "/") + EscapePartitionValue(name) + "=" +
                 (text.empty() ? options_.default_partition : EscapePartitionValue(text));
  }
  return partition;
}

Result<PartFileWriter::PartFile*> PartFileWriter::FileOf(const std::string& partition) {
  std::unique_ptr<PartFile>& slot = open_[partition];
  if (slot) return slot.get();
  auto made = std::make_unique<PartFile>();
  std::string directory = partition.empty() ? path_ : path_ + "/" + partition;
  RETURN_IF_ERROR(parts_->MakeDirectory(directory));
  written_directories_.insert(directory);
  std::string name =
      owner_.NameOfPart(files_made_++) + "." + format_->name() + ExtensionOf(options_.compression);
  made->directory = directory;
  made->opened_ms = context_.clock->MonotonicMillis();
  ASSIGN_OR_RETURN(std::unique_ptr<PendingPart> pending, parts_->Begin(directory, name));
  made->pending = pending.get();
  made->begun = pending->Committable();
  begun_.insert(made->begun);
  RETURN_IF_ERROR(part_created.Hit());
  made->file = MakeCompressor(options_.compression, std::move(pending));
  if (format_->bulk()) {
    made->sink = std::make_unique<FileBytesSink>(made->file.get());
    ASSIGN_OR_RETURN(made->bulk, format_->NewBulkWriter(request_, made->sink.get()));
  }
  slot = std::move(made);
  return slot.get();
}

// `rows`: null for all rows of the batch.
Status PartFileWriter::WriteRows(const Batch& batch, const std::vector<int32_t>* rows, PartFile* file) {
  std::vector<ColumnPtr> columns;
  for (int column : data_columns_) columns.push_back(batch.column(column));
  Batch data(batch.rows, std::move(columns));
  data.kinds = batch.kinds;
  if (format_->bulk()) return file->bulk->Write(rows != nullptr ? data.Take(*rows) : data);
  int64_t count = rows != nullptr ? static_cast<int64_t>(rows->size()) : batch.rows;
  for (int64_t i = 0; i < count; ++i) {
    int64_t row = rows != nullptr ? (*rows)[static_cast<size_t>(i)] : i;
    RETURN_IF_ERROR(encoder_->EncodeRow(data, row, &file->buffer));
    file->buffer += encoder_->separator();
  }
  return file->buffer.size() >= kBufferBytes ? file->WriteBuffer() : Status::Ok();
}

Status PartFileWriter::Write(const Batch& batch) {
  std::map<std::string, std::vector<int32_t>> rows_of;
  if (partition_columns_.empty()) {
    rows_of[""];
  } else {
    for (int64_t row = 0; row < batch.rows; ++row)
      rows_of[PartitionOf(batch, row)].push_back(static_cast<int32_t>(row));
  }
  int64_t now = context_.clock->MonotonicMillis();
  for (const auto& [partition, rows] : rows_of) {
    ASSIGN_OR_RETURN(PartFile * file, FileOf(partition));
    RETURN_IF_ERROR(WriteRows(batch, partition_columns_.empty() ? nullptr : &rows, file));
    bool roll = file->size() >= static_cast<uint64_t>(options_.file_size) ||
                now - file->opened_ms >= options_.rollover_ms;
    if (!roll) continue;
    RETURN_IF_ERROR(EndFile(file));
    open_.erase(partition);
  }
  return Status::Ok();
}

Status PartFileWriter::EndFile(PartFile* file) {
  if (file->bulk) {
    RETURN_IF_ERROR(file->bulk->Finish());
  } else {
    RETURN_IF_ERROR(file->WriteBuffer());
  }
  RETURN_IF_ERROR(part_written.Hit());
  if (!no_fsync.On()) RETURN_IF_ERROR(file->file->Sync());
  RETURN_IF_ERROR(part_synced.Hit());
  RETURN_IF_ERROR(file->file->Close());
  unsynced_directories_.insert(file->directory);
  begun_.erase(file->begun);
  std::string committable = file->pending->Committable();
  begun_.insert(committable);
  complete_.push_back(std::move(committable));
  return Status::Ok();
}

Result<bool> PartFileWriter::Flush() {
  for (auto& [partition, file] : open_) RETURN_IF_ERROR(EndFile(file.get()));
  open_.clear();
  // The files are in the checkpoint from here on: a power failure must not take their hidden names.
  for (const std::string& directory : unsynced_directories_) {
    if (!no_directory_sync.On()) RETURN_IF_ERROR(parts_->SyncNames(directory));
  }
  unsynced_directories_.clear();
  RETURN_IF_ERROR(parts_synced.Hit());
  return true;
}

Result<std::vector<std::string>> PartFileWriter::Prepare(uint64_t) {
  begun_.clear();
  for (const auto& [partition, file] : open_) begun_.insert(file->begun);
  std::vector<std::string> prepared;
  prepared.swap(complete_);
  return prepared;
}

Status PartFileWriter::Close(bool success) {
  open_.clear();
  if (!success) {
    // What cannot be taken back now is when the job is started again.
    for (const std::string& committable : begun_) (void)parts_->Discard(committable);
    return Status::Ok();
  }
  if (!options_.success_file || !options_.success_at_end) return Status::Ok();
  for (const std::string& directory : written_directories_)
    RETURN_IF_ERROR(parts_->WriteMark(directory, options_.success_name));
  return Status::Ok();
}

}  // namespace penstock
