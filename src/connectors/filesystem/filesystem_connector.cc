// Options and columns of filesystem tables, and the way from a table to its source and sink.
#include "connectors/filesystem/filesystem_connector.h"

#include <algorithm>

#include "base/strings.h"
#include "connectors/filesystem/file_place.h"
#include "connectors/filesystem/file_sink.h"
#include "connectors/filesystem/file_source.h"
#include "connectors/table_options.h"
#include "stream/table_spec.h"

namespace penstock {

namespace {

const std::vector<std::string> kOptions = {"path",
                                           "format",
                                           "source.monitor-interval",
                                           "source.report-statistics",
                                           "sink.rolling-policy.file-size",
                                           "sink.rolling-policy.rollover-interval",
                                           "sink.rolling-policy.check-interval",
                                           "sink.rolling-policy.inactivity-interval",
                                           "sink.compression",
                                           "sink.parallelism",
                                           "sink.shuffle-by-partition.enable",
                                           "sink.partition-commit.*",
                                           "partition.default-name",
                                           "partition.time-extractor.*",
                                           "auto-compaction",
                                           "compaction.*"};

const std::vector<MetadataColumn>& Metadata() {
  static const std::vector<MetadataColumn> columns = {
      {"file.path", DataType::String().NotNull()},
      {"file.name", DataType::String().NotNull()},
      {"file.size", DataType::BigInt().NotNull()},
      {"file.modification-time", DataType::TimestampLtz(3).NotNull()}};
  return columns;
}

Status CheckColumns(const Table& table) {
  for (const TableColumn& column : table.columns) {
    if (column.kind != TableColumn::Kind::kMetadata) continue;
    bool known = std::any_of(Metadata().begin(), Metadata().end(),
                             [&](const MetadataColumn& m) { return m.key == column.metadata_key; });
    if (known) continue;
    return SqlError(ErrorNumber::kUnknownColumn, {},
                    "connector 'filesystem' has no metadata column '" + column.metadata_key + "'",
                    "one of: file.path, file.name, file.size, file.modification-time");
  }
  for (const std::string& key : table.partition_keys) {
    bool known = std::any_of(table.columns.begin(), table.columns.end(), [&](const TableColumn& column) {
      return column.name == key && column.kind == TableColumn::Kind::kPhysical;
    });
    if (!known) {
      return SqlError(
          ErrorNumber::kUnknownColumn, {},
          "partition column '" + key + "' is no physical column of table '" + table.path.ToString() + "'");
    }
  }
  return Status::Ok();
}

// Checks all options and the columns; returns the format.
Result<const Format*> CheckTable(const Table& table) {
  for (const char* key : {"path", "format"}) {
    if (table.has_option(key)) continue;
    return SqlError(ErrorNumber::kMissingOption, {},
                    "table '" + table.path.ToString() + "' needs the option '" + std::string(key) + "'");
  }
  ASSIGN_OR_RETURN(const Format* format, FindFormat(table.option("format")));
  std::vector<std::string> known = kOptions;
  for (const std::vector<std::string>& more : {FormatOptionKeys("format", *format), CommonSourceOptions()})
    known.insert(known.end(), more.begin(), more.end());
  RETURN_IF_ERROR(CheckOptions(table, known));
  if (!format->files()) {
    return SqlError(ErrorNumber::kBadOption, {},
                    "format '" + format->name() + "' is for messages, not for files of table '" +
                        table.path.ToString() + "'");
  }
  RETURN_IF_ERROR(NormalPath(table.option("path")).status());
  RETURN_IF_ERROR(CheckDurations(
      table.options, {"source.monitor-interval", "sink.rolling-policy.rollover-interval",
                      "sink.rolling-policy.check-interval", "sink.rolling-policy.inactivity-interval"}));
  RETURN_IF_ERROR(CheckColumns(table));
  FormatRequest request = RequestOf(table.options, "format", *format);
  for (const TableColumn& column : table.columns) {
    bool partition = std::find(table.partition_keys.begin(), table.partition_keys.end(), column.name) !=
                     table.partition_keys.end();
    if (column.kind == TableColumn::Kind::kPhysical && !partition)
      request.stored.push_back({column.name, column.type});
  }
  request.columns = request.stored;
  RETURN_IF_ERROR(format->Check(request));
  return format;
}

template <typename Made, typename Port>
auto Maker() {
  return [](std::string_view bytes) -> Result<std::unique_ptr<Port>> {
    ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
    return std::unique_ptr<Port>(new Made(std::move(spec)));
  };
}

}  // namespace

Result<SourceAbilities> FilesystemConnector::DescribeSource(const Table& table) const {
  ASSIGN_OR_RETURN(const Format* format, CheckTable(table));
  SourceAbilities abilities;
  abilities.changelog = format->read_mode();
  abilities.bounded = !table.has_option("source.monitor-interval");
  abilities.nested_projection = format->nested_projection(RequestOf(table.options, "format", *format));
  abilities.metadata = Metadata();
  return abilities;
}

Result<SinkAbilities> FilesystemConnector::DescribeSink(const Table& table, ChangelogMode) const {
  ASSIGN_OR_RETURN(const Format* format, CheckTable(table));
  RETURN_IF_ERROR(FileSinkOptions::Parse(table.options, *format).status());
  for (const TableColumn& column : table.columns) {
    if (column.kind != TableColumn::Kind::kMetadata || column.is_virtual) continue;
    return SqlError(ErrorNumber::kReadOnly, {}, "metadata column '" + column.name + "' cannot be written",
                    "declare it VIRTUAL");
  }
  SinkAbilities abilities;
  abilities.accepts = format->write_mode();
  abilities.guarantee = "exactly-once";
  return abilities;
}

void FilesystemConnector::Register(FactoryRegistry* registry) {
  registry->AddSource("filesystem", Maker<FileSource, Source>());
  registry->AddSink("filesystem", Maker<FileSink, Sink>());
}

}  // namespace penstock
