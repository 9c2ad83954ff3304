// FileSink: rows to part files, in a folder or a bucket. A file is seen when it is complete and the epoch it
// belongs to was decided (part_store.h); readers never see half a file. One subtask has one.
#pragma once

#include "connectors/filesystem/compression.h"
#include "connectors/filesystem/part_store.h"
#include "formats/format.h"
#include "stream/sink.h"
#include "stream/table_spec.h"

namespace penstock {

struct FileSinkOptions {
  int64_t file_size = 128 << 20;
  int64_t rollover_ms = 30 * 60 * 1000;
  Compression compression = Compression::kNone;
  bool success_file = false;    // a partition gets an empty file when it is complete
  bool success_at_end = false;  // only when the job has ended: partition-time, or with a delay
  std::string success_name = "_SUCCESS";
  std::string default_partition = "__DEFAULT_PARTITION__";

  static Result<FileSinkOptions> Parse(const Options& options, const Format& format);
};

// Where the files of a writer and its committer go, and the names they get.
struct PartFilePlace {
  std::string path;  // NormalPath
  std::unique_ptr<PartStore> parts;
  PartOwner owner;
};

class FileSink : public Sink {
 public:
  explicit FileSink(TableSpec spec) : spec_(std::move(spec)) {}
  Result<std::unique_ptr<SinkWriter>> MakeWriter(const SinkContext& context) override;
  Result<std::unique_ptr<Committer>> MakeCommitter(const SinkContext& context) override;

 private:
  Result<PartFilePlace> PlaceOfParts(const SinkContext& context) const;

  TableSpec spec_;
  PartOwner owner_;  // of the writer made last
};

}  // namespace penstock
