// Finding files, and the reader that takes them one after the other.
#include "connectors/filesystem/file_source.h"

#include "base/strings.h"
#include "connectors/filesystem/file_columns.h"
#include "connectors/filesystem/file_cursor.h"
#include "connectors/filesystem/file_listing.h"
#include "connectors/filesystem/file_place.h"
#include "connectors/table_options.h"

namespace penstock {

namespace {

class FileEnumerator : public SplitEnumerator {
 public:
  FileEnumerator(FilePlace place, std::string table, int64_t interval_ms)
      : place_(std::move(place)), table_(std::move(table)), interval_ms_(interval_ms) {}

  Result<std::vector<SourceSplit>> Discover() override {
    Result<std::vector<FileInfo>> found = ListFiles(*place_.files, place_.path);
    if (!found) {
      return Status(found.error()).WithContext("listing the files of table " + table_);
    }
    std::vector<SourceSplit> splits;
    for (const FileInfo& file : *found) splits.push_back({file.path, ""});
    return splits;
  }
  int64_t discovery_interval_ms() const override { return interval_ms_; }

 private:
  FilePlace place_;
  std::string table_;
  int64_t interval_ms_;
};

class FileReader : public SplitReader {
 public:
  FileReader(const TableSpec& spec, SourceContext context, FilePlace place, FileColumns columns,
             const Format* format, const RecordLimits& limits)
      : spec_(spec),
        context_(std::move(context)),
        place_(std::move(place)),
        columns_(std::move(columns)),
        format_(format),
        limits_(limits),
        bounded_(!spec.options.contains("source.monitor-interval")) {}

  Status AddSplits(std::vector<SourceSplit> splits) override {
    for (const SourceSplit& split : splits) {
      ASSIGN_OR_RETURN(FilePosition position, FilePosition::Parse(split.position));
      splits_.push_back({split.id, position});
    }
    return Status::Ok();
  }

  // Ends with at least one row, at the end of all files, or after skipping many bad records.
  Result<PollResult> Poll(int64_t max_rows) override {
    PollResult result;
    while (true) {
      if (!cursor_) {
        ASSIGN_OR_RETURN(bool opened, OpenNext());
        if (!opened) {
          result.state = bounded_ ? PollState::kEnd : PollState::kNothing;
          return result;
        }
      }
      int64_t bad_before = cursor_->bad_records(), fields_before = cursor_->bad_fields();
      Result<Batch> read = cursor_->Read(max_rows);
      if (!read) return Broken(read.error());
      result.batch = std::move(*read);
      *context_.bad_rows += cursor_->bad_records() - bad_before;
      if (context_.bad_fields != nullptr) *context_.bad_fields += cursor_->bad_fields() - fields_before;
      KeepBadRows(cursor_->TakeBadRows());
      splits_[current_].position = cursor_->position();
      if (splits_[current_].position.done) cursor_.reset();
      if (result.batch.rows > 0) break;
    }
    result.state = PollState::kRows;
    return result;
  }

  Batch TakeBadRows() override {
    Batch batch = std::move(bad_);
    bad_ = Batch();
    return batch;
  }

  std::vector<SourceSplit> Snapshot() const override {
    std::vector<SourceSplit> splits;
    for (const Split& split : splits_) splits.push_back({split.path, split.position.Serialize()});
    return splits;
  }

 private:
  struct Split {
    std::string path;
    FilePosition position;
  };

  void KeepBadRows(Batch more) {
    if (more.rows == 0) return;
    if (bad_.rows > 0) {
      for (size_t i = 0; i < more.columns.size(); ++i) {
        std::vector<ColumnPtr> both = {bad_.columns[i], more.columns[i]};
        more.columns[i] = Column::Concat(both);
      }
      more.rows += bad_.rows;
    }
    bad_ = std::move(more);
  }

  // Says which file it was, where the error does not.
  Status Broken(Status status) const {
    const std::string& path = splits_[current_].path;
    if (status.message().find(path) != std::string::npos) return status;
    return std::move(status).WithContext("reading '" + path + "'");
  }

  Result<bool> OpenNext() {
    while (next_ < splits_.size() && splits_[next_].position.done) ++next_;
    if (next_ == splits_.size()) return false;
    current_ = next_++;
    const Split& split = splits_[current_];
    Result<std::unique_ptr<FileCursor>> cursor =
        FileCursor::Open(*place_.files, split.path, split.position, columns_, *format_, limits_);
    if (!cursor) {
      if (cursor.error().code() != StatusCode::kNotFound) return cursor.error();
      return Status::NotFound("file '" + split.path + "' of table " + spec_.table +
                              " vanished before it was read to its end")
          .WithHint("keep files until the job has read them");
    }
    cursor_ = std::move(*cursor);
    return true;
  }

  TableSpec spec_;
  SourceContext context_;
  FilePlace place_;
  FileColumns columns_;
  const Format* format_;
  RecordLimits limits_;
  bool bounded_;
  std::vector<Split> splits_;
  size_t next_ = 0;     // the first split that was not opened
  size_t current_ = 0;  // of cursor_
  std::unique_ptr<FileCursor> cursor_;
  Batch bad_;
};

}  // namespace

Result<std::unique_ptr<SplitEnumerator>> FileSource::MakeEnumerator(const SourceContext& context) {
  ASSIGN_OR_RETURN(FilePlace place, PlaceOf(spec_.option("path"), context.files, context.objects));
  ASSIGN_OR_RETURN(int64_t interval, DurationOption(spec_.options, "source.monitor-interval", INT64_MAX));
  return std::unique_ptr<SplitEnumerator>(new FileEnumerator(std::move(place), spec_.table, interval));
}

Result<std::unique_ptr<SplitReader>> FileSource::MakeReader(const SourceContext& context) {
  ASSIGN_OR_RETURN(const Format* format, FindFormat(spec_.option("format")));
  FormatRequest request = RequestOf(spec_.options, "format", *format);
  if (spec_.bad_rows_lane) request.on_bad_record = OnBadRecord::kSkip;
  RecordLimits limits;
  limits.keep_bad_rows = spec_.bad_rows_lane;
  ASSIGN_OR_RETURN(bool ignore, request.BoolOption("ignore-parse-errors", false));
  limits.on_long = ignore ? OnBadRecord::kSkip : request.on_bad_record;
  ASSIGN_OR_RETURN(limits.max_bytes, SizeOption(spec_.options, kMaxRecordSizeOption, limits.max_bytes));
  limits.max_bytes = std::max<int64_t>(limits.max_bytes, 1 << 20);
  ASSIGN_OR_RETURN(FileColumns columns, FileColumns::Make(spec_, std::move(request)));
  ASSIGN_OR_RETURN(FilePlace place, PlaceOf(spec_.option("path"), context.files, context.objects));
  return std::unique_ptr<SplitReader>(
      new FileReader(spec_, context, std::move(place), std::move(columns), format, limits));
}

}  // namespace penstock
