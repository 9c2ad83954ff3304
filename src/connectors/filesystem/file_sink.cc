// The options of the sink, and the renaming of complete files.
#include "connectors/filesystem/file_sink.h"

#include <set>

#include "base/strings.h"
#include "connectors/filesystem/file_listing.h"
#include "connectors/filesystem/part_file_writer.h"
#include "connectors/table_options.h"
#include "env/failpoint.h"

namespace penstock {

namespace {

SeededBug once_only("bug:files.once-only", "a commit that is repeated fails");
SeededBug names_unsynced("bug:files.names-unsynced", "names of committed part files are not synced");
Failpoint part_committing("files.part-committing", "a part file is about to get its name");
Failpoint part_named("files.part-named", "a part file has its name, not yet durably");
Failpoint parts_durable("files.parts-durable", "the names of part files are durable");

class FileCommitter : public Committer {
 public:
  FileCommitter(FileSystem* files, FileSinkOptions options) : files_(files), options_(std::move(options)) {}

  Status Commit(const std::vector<std::string>& committables) override {
    std::set<std::string> directories;
    for (const std::string& bytes : committables) {
      ByteReader in(bytes);
      std::string hidden(in.String()), path(in.String());
      if (!in.ok()) return Status::Corruption("a committable of a filesystem sink");
      RETURN_IF_ERROR(part_committing.Hit());
      Status renamed = files_->Rename(hidden, path, RenameMode::kReplace);
      // Not there under its hidden name: an earlier try has renamed it.
      if (!renamed.ok() && (once_only.On() || renamed.code() != StatusCode::kNotFound || !files_->Stat(path)))
        return renamed;
      RETURN_IF_ERROR(part_named.Hit());
      directories.insert(DirectoryOf(path));
    }
    for (const std::string& directory : directories) {
      if (options_.success_file && !options_.success_at_end)
        RETURN_IF_ERROR(WriteSuccessFile(*files_, directory, options_));
      if (!names_unsynced.On()) RETURN_IF_ERROR(files_->SyncDirectory(directory));
    }
    return parts_durable.Hit();
  }

 private:
  FileSystem* files_;
  FileSinkOptions options_;
};

Status ParsePartitionCommit(const Options& options, FileSinkOptions* parsed) {
  auto policy = options.find("sink.partition-commit.policy.kind");
  if (policy == options.end()) return Status::Ok();
  for (const std::string& part : Split(policy->second, ',')) {
    std::string kind(TrimSpace(part));
    if (kind == "success-file") {
      parsed->success_file = true;
    } else if (kind == "metastore" || kind == "custom") {
      return SqlError(ErrorNumber::kUnsupported, {},
                      "the partition commit policy '" + kind + "' is not supported");
    } else {
      return BadTableOption(options, policy->first, "a list of success-file, metastore and custom");
    }
  }
  std::string trigger = "process-time";
  if (auto it = options.find("sink.partition-commit.trigger"); it != options.end()) trigger = it->second;
  if (trigger != "process-time" && trigger != "partition-time")
    return BadTableOption(options, "sink.partition-commit.trigger", "process-time or partition-time");
  ASSIGN_OR_RETURN(int64_t delay, DurationOption(options, "sink.partition-commit.delay", 0));
  parsed->success_at_end = trigger == "partition-time" || delay > 0;
  if (auto it = options.find("sink.partition-commit.success-file.name"); it != options.end())
    parsed->success_name = it->second;
  return Status::Ok();
}

}  // namespace

Result<FileSinkOptions> FileSinkOptions::Parse(const Options& options, const Format& format) {
  FileSinkOptions parsed;
  ASSIGN_OR_RETURN(parsed.file_size, SizeOption(options, "sink.rolling-policy.file-size", parsed.file_size));
  ASSIGN_OR_RETURN(parsed.rollover_ms,
                   DurationOption(options, "sink.rolling-policy.rollover-interval", parsed.rollover_ms));
  ASSIGN_OR_RETURN(bool compaction, BoolOption(options, "auto-compaction", false));
  if (compaction) return SqlError(ErrorNumber::kUnsupported, {}, "option 'auto-compaction' is not supported");
  if (auto it = options.find("sink.compression"); it != options.end()) {
    if (it->second == "gzip")
      parsed.compression = Compression::kGzip;
    else if (it->second == "zstd")
      parsed.compression = Compression::kZstd;
    else if (it->second != "none")
      return BadTableOption(options, "sink.compression", "none, gzip or zstd");
    if (format.bulk() && parsed.compression != Compression::kNone) {
      return SqlError(
          ErrorNumber::kBadOption, {},
          "files of the format '" + format.name() + "' are compressed inside, not by 'sink.compression'",
          "use '" + format.name() + ".compression'");
    }
  }
  if (auto it = options.find("partition.default-name"); it != options.end())
    parsed.default_partition = it->second;
  RETURN_IF_ERROR(ParsePartitionCommit(options, &parsed));
  return parsed;
}

Result<std::unique_ptr<SinkWriter>> FileSink::MakeWriter(const SinkContext& context) {
  ASSIGN_OR_RETURN(const Format* format, FindFormat(spec_.option("format")));
  ASSIGN_OR_RETURN(FileSinkOptions options, FileSinkOptions::Parse(spec_.options, *format));
  ASSIGN_OR_RETURN(std::string path, LocalPath(spec_.option("path")));
  auto writer = std::make_unique<PartFileWriter>(spec_, context, format, std::move(options), std::move(path));
  RETURN_IF_ERROR(writer->Open());
  return std::unique_ptr<SinkWriter>(std::move(writer));
}

Result<std::unique_ptr<Committer>> FileSink::MakeCommitter(const SinkContext& context) {
  ASSIGN_OR_RETURN(const Format* format, FindFormat(spec_.option("format")));
  ASSIGN_OR_RETURN(FileSinkOptions options, FileSinkOptions::Parse(spec_.options, *format));
  return std::unique_ptr<Committer>(new FileCommitter(context.files, std::move(options)));
}

}  // namespace penstock
