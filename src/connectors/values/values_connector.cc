// Reading and writing of changelog files.
#include "connectors/values/values_connector.h"

#include "base/strings.h"
#include "connectors/values/values_lookup.h"
#include "data/row_codec.h"
#include "formats/json/changelog_row.h"
#include "stream/table_spec.h"

namespace penstock {

namespace {

const std::vector<std::string> kOptions = {"path",
                                           "bounded",
                                           "changelog-mode",
                                           "source.produces-delete-by-key",
                                           "scan.watermark.emit.strategy",
                                           "disable-lookup",
                                           "source.sleep-after-elements",
                                           "source.sleep-time",
                                           "sink-changelog-mode-enforced",
                                           "sink.supports-delete-by-key",
                                           "scan.watermark.idle-timeout",
                                           "scan.parallelism",
                                           "sink.parallelism"};

Result<ChangelogMode> ParseMode(const Table& table, const std::string& key, const std::string& text) {
  ChangelogMode mode;
  for (const std::string& part : Split(text, ',')) {
    std::string kind = ToUpperAscii(TrimSpace(part));
    if (kind == "I")
      mode = mode.With(RowKind::kInsert);
    else if (kind == "UB")
      mode = mode.With(RowKind::kUpdateBefore);
    else if (kind == "UA")
      mode = mode.With(RowKind::kUpdateAfter);
    else if (kind == "D")
      mode = mode.With(RowKind::kDelete);
    else {
      return SqlError(ErrorNumber::kBadOption, {},
                      "option '" + key + "' of table '" + table.path.ToString() +
                          "' is a list of I,UB,UA,D, not '" + text + "'");
    }
  }
  return mode;
}

Status CheckPath(const Table& table) {
  RETURN_IF_ERROR(CheckOptions(table, kOptions));
  if (table.has_option("path")) return Status::Ok();
  return SqlError(ErrorNumber::kMissingOption, {},
                  "table '" + table.path.ToString() + "' needs the option 'path'");
}

bool IsTrue(const std::string& text) { return EqualsIgnoreCase(text, "true"); }

class ValuesReader : public SplitReader {
 public:
  ValuesReader(const TableSpec& spec, SourceContext context) : spec_(spec), context_(std::move(context)) {
    bounded_ = !EqualsIgnoreCase(spec_.option("bounded", "true"), "false");
    long long millis = 0;
    if (ParseDuration(spec_.option("source.sleep-time"), &millis)) sleep_ms_ = millis;
    sleep_after_ = std::atoll(spec_.option("source.sleep-after-elements", "0").c_str());
  }

  Status AddSplits(std::vector<SourceSplit> splits) override {
    for (const SourceSplit& split : splits) {
      ByteReader in(split.position);
      uint64_t position = split.position.empty() ? 0 : in.Varint();
      if (split.id != spec_.option("path")) {  // of another path, from a savepoint: only remembered
        foreign_.push_back(split);
        continue;
      }
      active_ = true;
      next_ = position;
      RETURN_IF_ERROR(Load());
    }
    return Status::Ok();
  }

  Result<PollResult> Poll(int64_t max_rows) override {
    PollResult result;
    if (!active_ || next_ >= rows_.size()) {
      result.state = bounded_ ? PollState::kEnd : PollState::kNothing;
      return result;
    }
    if (int64_t now = context_.clock->MonotonicMillis(); now < sleep_until_) {
      result.retry_at_ms = sleep_until_;
      result.sleeping = true;
      return result;
    }
    std::vector<DataType> types;
    std::vector<size_t> picked;
    for (const TableSpecColumn& column : spec_.columns) {
      types.push_back(column.type);
      for (size_t i = 0; i < spec_.stored.size(); ++i) {
        if (spec_.stored[i].name == column.name) picked.push_back(i);
      }
    }
    std::vector<ColumnBuilder> builders = MakeBuilders(types);
    auto kinds = std::make_shared<std::vector<RowKind>>();
    bool inserts = true;
    while (next_ < rows_.size() && result.batch.rows < max_rows) {
      const ChangelogRow& row = rows_[next_++];
      for (size_t c = 0; c < builders.size(); ++c) builders[c].AppendValue(row.values[picked[c]]);
      kinds->push_back(row.kind);
      inserts = inserts && row.kind == RowKind::kInsert;
      ++result.batch.rows;
      if (sleep_after_ > 0 && sleep_ms_ > 0 && next_ % static_cast<uint64_t>(sleep_after_) == 0) {
        sleep_until_ = context_.clock->MonotonicMillis() + sleep_ms_;
        break;
      }
    }
    result.batch.columns = FinishBuilders(builders);
    if (!inserts) result.batch.kinds = std::move(kinds);
    result.state = PollState::kRows;
    return result;
  }

  std::vector<SourceSplit> Snapshot() const override {
    std::vector<SourceSplit> splits = foreign_;
    if (active_) {
      ByteWriter position;
      position.Varint(next_);
      splits.push_back({spec_.option("path"), position.Take()});
    }
    return splits;
  }

 private:
  Status Load() {
    ASSIGN_OR_RETURN(std::string text, ReadFile(*context_.files, spec_.option("path")));
    std::vector<DataType> types;
    for (const TableSpecColumn& column : spec_.stored) types.push_back(column.type);
    ChangelogRowParser parser(types);
    int line_number = 0;
    for (size_t at = 0; at < text.size();) {
      size_t end = std::min(text.find('\n', at), text.size());
      std::string_view line = TrimSpace(std::string_view(text).substr(at, end - at));
      at = end + 1;
      ++line_number;
      if (line.empty()) continue;
      Result<ChangelogRow> row = parser.Parse(line);
      if (!row)
        return Status(row.error()).WithContext(spec_.option("path") + ":" + std::to_string(line_number));
      rows_.push_back(std::move(*row));
    }
    return Status::Ok();
  }

  TableSpec spec_;
  SourceContext context_;
  bool bounded_ = true;
  bool active_ = false;
  std::vector<ChangelogRow> rows_;
  uint64_t next_ = 0;
  int64_t sleep_after_ = 0, sleep_ms_ = 0, sleep_until_ = 0;
  std::vector<SourceSplit> foreign_;
};

class ValuesEnumerator : public SplitEnumerator {
 public:
  explicit ValuesEnumerator(std::string path) : path_(std::move(path)) {}
  Result<std::vector<SourceSplit>> Discover() override { return std::vector<SourceSplit>{{path_, ""}}; }

 private:
  std::string path_;
};

class ValuesFileSource : public Source {
 public:
  explicit ValuesFileSource(TableSpec spec) : spec_(std::move(spec)) {}
  Result<std::unique_ptr<SplitEnumerator>> MakeEnumerator(const SourceContext&) override {
    return std::unique_ptr<SplitEnumerator>(new ValuesEnumerator(spec_.option("path")));
  }
  Result<std::unique_ptr<SplitReader>> MakeReader(const SourceContext& context) override {
    return std::unique_ptr<SplitReader>(new ValuesReader(spec_, context));
  }

 private:
  TableSpec spec_;
};

// Rows of kinds the table does not take are dropped here: -U for a table with a primary key.
class ValuesWriter : public SinkWriter {
 public:
  ValuesWriter(const TableSpec& spec, std::unique_ptr<WritableFile> file)
      : file_(std::move(file)), mode_(spec.changelog) {
    for (const TableSpecColumn& column : spec.columns) types_.push_back(column.type);
  }
  Status Write(const Batch& batch) override {
    std::string lines;
    for (int64_t row = 0; row < batch.rows; ++row) {
      if (!mode_.Contains(batch.kind(row))) continue;
      lines += FormatChangelogRow(batch.kind(row), batch.RowAt(row), types_) + "\n";
    }
    return file_->Append(lines);
  }

 private:
  std::unique_ptr<WritableFile> file_;
  ChangelogMode mode_;
  std::vector<DataType> types_;
};

class ValuesFileSink : public Sink {
 public:
  explicit ValuesFileSink(TableSpec spec) : spec_(std::move(spec)) {}
  Result<std::unique_ptr<SinkWriter>> MakeWriter(const SinkContext& context) override {
    ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                     context.files->OpenForWrite(spec_.option("path"), WriteMode::kAppend));
    return std::unique_ptr<SinkWriter>(new ValuesWriter(spec_, std::move(file)));
  }

 private:
  TableSpec spec_;
};

}  // namespace

Result<SourceAbilities> ValuesConnector::DescribeSource(const Table& table) const {
  RETURN_IF_ERROR(CheckPath(table));
  SourceAbilities abilities;
  ASSIGN_OR_RETURN(abilities.changelog,
                   ParseMode(table, "changelog-mode", table.option("changelog-mode", "I")));
  abilities.bounded = !EqualsIgnoreCase(table.option("bounded", "true"), "false");
  abilities.deletes_by_key = IsTrue(table.option("source.produces-delete-by-key"));
  abilities.lookup = !IsTrue(table.option("disable-lookup"));
  abilities.lock_step = true;
  abilities.emission = WatermarkEmission::kOnEvent;
  for (const TableColumn& column : table.columns) {
    if (column.kind == TableColumn::Kind::kMetadata)
      abilities.metadata.push_back({column.metadata_key, column.type, true});
  }
  return abilities;
}

Result<SinkAbilities> ValuesConnector::DescribeSink(const Table& table, ChangelogMode requested) const {
  RETURN_IF_ERROR(CheckPath(table));
  SinkAbilities abilities;
  abilities.wants_update_before = table.primary_key.empty();
  abilities.accepts = requested;
  if (table.has_option("sink-changelog-mode-enforced")) {
    ASSIGN_OR_RETURN(abilities.accepts, ParseMode(table, "sink-changelog-mode-enforced",
                                                  table.option("sink-changelog-mode-enforced")));
    abilities.wants_update_before = abilities.accepts.has_update_before();
  }
  abilities.deletes_by_key = IsTrue(table.option("sink.supports-delete-by-key"));
  return abilities;
}

void ValuesConnector::Register(FactoryRegistry* registry) {
  registry->AddSource("values", [](std::string_view bytes) -> Result<std::unique_ptr<Source>> {
    ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
    return std::unique_ptr<Source>(new ValuesFileSource(std::move(spec)));
  });
  registry->AddLookup("values", MakeValuesLookup);
  registry->AddSink("values", [](std::string_view bytes) -> Result<std::unique_ptr<Sink>> {
    ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
    return std::unique_ptr<Sink>(new ValuesFileSink(std::move(spec)));
  });
}

}  // namespace penstock
