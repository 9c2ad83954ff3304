// The options of the sink, and the committing of complete files.
#include "connectors/filesystem/file_sink.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "connectors/filesystem/file_place.h"
#include "connectors/filesystem/part_file_writer.h"
#include "connectors/table_options.h"
#include "env/failpoint.h"

namespace penstock {

namespace {

SeededBug names_unsynced("bug:files.names-unsynced", "names of committed part files are not synced");
Failpoint part_committing("files.part-committing", "a part file is about to get its name");
Failpoint part_named("files.part-named", "a part file has its name, not yet durably");
Failpoint parts_durable("files.parts-durable", "the names of part files are durable");

class FileCommitter : public Committer {
 public:
  FileCommitter(PartFilePlace place, int parallelism, FileSinkOptions options)
      : place_(std::move(place)), parallelism_(parallelism), options_(std::move(options)) {}

  Status Commit(const std::vector<std::string>& committables) override {
    std::set<std::string> directories;
    for (const std::string& committable : committables) {
      RETURN_IF_ERROR(part_committing.Hit());
      ASSIGN_OR_RETURN(std::string directory, place_.parts->Commit(committable));
      RETURN_IF_ERROR(part_named.Hit());
      directories.insert(std::move(directory));
    }
    for (const std::string& directory : directories) {
      if (options_.success_file && !options_.success_at_end)
        RETURN_IF_ERROR(place_.parts->WriteMark(directory, options_.success_name));
      if (!names_unsynced.On()) RETURN_IF_ERROR(place_.parts->SyncNames(directory));
    }
    DiscardLeft(committables);
    return parts_durable.Hit();
  }

 private:
  // Once something that this attempt has written counts. What cannot be taken back now is the next time.
  void DiscardLeft(const std::vector<std::string>& committables) {
    bool own = std::any_of(committables.begin(), committables.end(), [&](const std::string& committable) {
      return committable.find(place_.owner.attempt) != std::string::npos;
    });
    if (discarded_ || !own) return;
    discarded_ = DiscardLeftParts(*place_.parts, place_.path, place_.owner, parallelism_).ok();
  }

  PartFilePlace place_;
  int parallelism_;
  FileSinkOptions options_;
  bool discarded_ = false;
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

Result<PartFilePlace> FileSink::PlaceOfParts(const SinkContext& context) const {
  PartFilePlace place;
  ASSIGN_OR_RETURN(place.path, NormalPath(spec_.option("path")));
  ASSIGN_OR_RETURN(place.parts, MakePartStore(place.path, context));
  place.owner = owner_;
  return place;
}

Result<std::unique_ptr<SinkWriter>> FileSink::MakeWriter(const SinkContext& context) {
  owner_ = PartOwner::Of(context);
  ASSIGN_OR_RETURN(const Format* format, FindFormat(spec_.option("format")));
  ASSIGN_OR_RETURN(FileSinkOptions options, FileSinkOptions::Parse(spec_.options, *format));
  ASSIGN_OR_RETURN(PartFilePlace place, PlaceOfParts(context));
  auto writer =
      std::make_unique<PartFileWriter>(spec_, context, format, std::move(options), std::move(place));
  RETURN_IF_ERROR(writer->Open());
  return std::unique_ptr<SinkWriter>(std::move(writer));
}

Result<std::unique_ptr<Committer>> FileSink::MakeCommitter(const SinkContext& context) {
  ASSIGN_OR_RETURN(const Format* format, FindFormat(spec_.option("format")));
  ASSIGN_OR_RETURN(FileSinkOptions options, FileSinkOptions::Parse(spec_.options, *format));
  ASSIGN_OR_RETURN(PartFilePlace place, PlaceOfParts(context));
  return std::unique_ptr<Committer>(
      new FileCommitter(std::move(place), context.parallelism, std::move(options)));
}

}  // namespace penstock
