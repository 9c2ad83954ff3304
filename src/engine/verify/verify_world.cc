// A run of a script whose sinks are looked at afterwards.
#include "engine/verify/verify_world.h"

#include <algorithm>

#include "base/strings.h"
#include "connectors/filesystem/file_listing.h"
#include "connectors/filesystem/file_sink.h"
#include "connectors/kafka/kafka_connector.h"
#include "connectors/print/row_text.h"
#include "sql/syntax/lexer.h"
#include "sql/syntax/parser.h"

namespace penstock {

namespace {

constexpr int kMostLives = 8;
constexpr int32_t kPartitions = 4;

// The files of this machine without the folders that the script keeps checkpoints in: a run of `verify` must
// not go on with a real one.
class Inputs : public FileSystem {
 public:
  Inputs(FileSystem* files, std::vector<std::string> hidden) : files_(files), hidden_(std::move(hidden)) {}
  Result<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override {
    RETURN_IF_ERROR(Check(path));
    return files_->OpenForRead(path);
  }
  Result<FileInfo> Stat(const std::string& path) override {
    RETURN_IF_ERROR(Check(path));
    return files_->Stat(path);
  }
  Result<std::vector<FileInfo>> List(const std::string& path) override {
    RETURN_IF_ERROR(Check(path));
    return files_->List(path);
  }
  Result<std::unique_ptr<WritableFile>> OpenForWrite(const std::string&, WriteMode) override {
    return ReadOnly();
  }
  Status Rename(const std::string&, const std::string&, RenameMode) override { return ReadOnly(); }
  Status Remove(const std::string&) override { return ReadOnly(); }
  Status CreateDirectories(const std::string&) override { return ReadOnly(); }
  Status SyncDirectory(const std::string&) override { return ReadOnly(); }

 private:
  static Status ReadOnly() { return Status::Internal("verify writes no real file"); }
  Status Check(const std::string& path) const {
    for (const std::string& folder : hidden_) {
      if (path == folder || path.starts_with(folder + "/")) return Status::NotFound(path + ": not looked at");
    }
    return Status::Ok();
  }
  FileSystem* files_;
  std::vector<std::string> hidden_;
};

std::vector<std::string> CheckpointFolders(const std::string& script) {
  std::vector<std::string> folders;
  for (const sql::StatementText& text : sql::SplitStatements(script)) {
    Result<sql::AstStatement> parsed = sql::ParseStatement(text.text, text.position);
    if (!parsed) continue;
    const auto* set = std::get_if<sql::AstSet>(&parsed->body);
    if (set == nullptr) continue;
    if (set->key != "execution.checkpointing.dir" && set->key != "state.checkpoints.dir") continue;
    if (Result<std::string> path = LocalPath(set->value)) folders.push_back(*path);
  }
  return folders;
}

// Of the connector `print`: its rows are out the moment they are written.
class PrintedWriter : public SinkWriter {
 public:
  PrintedWriter(const TableSpec& spec, std::multiset<std::string>* rows, const Simulation* simulation)
      : rows_(rows), simulation_(simulation) {
    for (const TableSpecColumn& column : spec.columns) types_.push_back(column.type);
  }
  Status Write(const Batch& batch) override {
    for (int64_t row = 0; row < batch.rows && simulation_->alive(); ++row)
      rows_->insert(JavaRowText(batch, row, types_));
    return Status::Ok();
  }

 private:
  std::multiset<std::string>* rows_;
  const Simulation* simulation_;
  std::vector<DataType> types_;
};

class PrintedSink : public Sink {
 public:
  PrintedSink(TableSpec spec, std::multiset<std::string>* rows, const Simulation* simulation)
      : spec_(std::move(spec)), rows_(rows), simulation_(simulation) {}
  Result<std::unique_ptr<SinkWriter>> MakeWriter(const SinkContext&) override {
    return std::unique_ptr<SinkWriter>(new PrintedWriter(spec_, rows_, simulation_));
  }

 private:
  TableSpec spec_;
  std::multiset<std::string>* rows_;
  const Simulation* simulation_;
};

void AddLines(const std::string& text, std::multiset<std::string>* rows) {
  for (const std::string& line : Split(text, '\n')) {
    if (!line.empty()) rows->insert(line);
  }
}

// What readers see below a folder: no hidden files. Of files that are not text each is one row.
void AddVisible(MemoryFileSystem& files, const std::string& folder, bool lines,
                std::multiset<std::string>* rows) {
  Result<std::vector<FileInfo>> found = files.List(folder);
  if (!found) return;
  for (const FileInfo& file : *found) {
    std::string name = FileName(file.path);
    if (name.starts_with(".") || name.starts_with("_")) continue;
    if (file.directory) {
      AddVisible(files, file.path, lines, rows);
    } else if (Result<std::string> text = ReadFile(files, file.path)) {
      if (lines)
        AddLines(*text, rows);
      else
        rows->insert(*text);
    }
  }
}

}  // namespace

VerifyWorld::VerifyWorld(FileSystem* files, const VerifyOptions& options, VerifyPace pace, uint64_t schedule)
    : files_(files), options_(options) {
  checkpoint_folders_ = CheckpointFolders(options.script);
  below_ = std::make_unique<Inputs>(files, checkpoint_folders_);
  SimulationOptions simulation;
  simulation.seed = schedule;
  simulation.session_seed = options.seed;
  simulation.max_rows = pace.max_rows;
  simulation.max_step_micros = pace.max_step_micros;
  simulation.below = below_.get();
  simulation.pinned_wall_clock = true;
  simulation.stop_when_idle = true;
  simulation.script_name = options.script_name;
  simulation.configure = [this](Session* session) { Configure(session); };
  simulation_ = std::make_unique<Simulation>(options.script, std::move(simulation));
  simulation_->on_death = [this] { clients_.back()->Kill(); };
  simulation_->on_step = [this] {
    ++steps_;
    clients_.back()->Work();
  };
  if (options.parallelism > 0) simulation_->Set("parallelism.default", std::to_string(options.parallelism));
  broker_ = std::make_unique<SimulatedBroker>(&simulation_->clock(), schedule + 1);
  broker_->on_wait = [this] { simulation_->Interleave(); };
  broker_->configs[""]["transaction.max.timeout.ms"] = "900000";
}

Status VerifyWorld::PrepareTopics() {
  for (const auto& [topic, path] : options_.topics) {
    ASSIGN_OR_RETURN(std::string text, ReadFile(*files_, path));
    broker_->CreateTopic(topic, kPartitions, {});
    int32_t next = 0;
    for (const std::string& line : Split(text, '\n')) {
      if (!line.empty()) broker_->Append({topic, next++ % kPartitions}, {std::nullopt, line, -1, {}});
    }
  }
  return Status::Ok();
}

void VerifyWorld::Configure(Session* session) {
  FactoryRegistry& registry = session->registry();
  KafkaConnector::Register(&registry, clients_.back().get());
  auto note = [this](const std::string& connector, const TableSpec& spec) {
    sinks_[spec.table] = spec;
    connectors_[spec.table] = connector;
    // A broker that creates topics.
    if (connector == "kafka" || connector == "upsert-kafka")
      broker_->CreateTopic(spec.option("topic"), kPartitions, {});
  };
  for (const auto& [name, make] : std::map(registry.sinks())) {
    bool prints = name == "print";
    registry.AddSink(name, [=, this](std::string_view bytes) -> Result<std::unique_ptr<Sink>> {
      Result<TableSpec> spec = TableSpec::Parse(bytes);
      if (spec) note(name, *spec);
      if (!spec || !prints) return make(bytes);
      return std::unique_ptr<Sink>(new PrintedSink(*spec, &printed_[spec->table], simulation_.get()));
    });
  }
}

bool VerifyWorld::RunIsOnRecord() {
  return std::any_of(
      checkpoint_folders_.begin(), checkpoint_folders_.end(), [this](const std::string& folder) {
        return simulation_->disk().Stat(folder + "/" + options_.script_name + "/run").has_value();
      });
}

Status VerifyWorld::Run(const std::vector<VerifyDeath>& deaths) {
  RETURN_IF_ERROR(PrepareTopics());
  for (int life = 0; life < kMostLives; ++life) {
    VerifyDeath death = life < std::ssize(deaths) ? deaths[static_cast<size_t>(life)] : VerifyDeath();
    clients_.push_back(std::make_unique<SimulatedKafka>(broker_.get(), KafkaFaults{}));
    Life lived = simulation_->Live([&](const Failpoint& point, int64_t hit) {
      return death.point == point.name() && death.hit == hit ? PointVerdict::kDie : PointVerdict::kGoOn;
    });
    clients_.back()->Kill();
    if (life == 0) first_hits_ = simulation_->hits();
    if (!lived.died) return lived.finished ? Status::Ok() : Status(StatusCode::kInvalidArgument, lived.error);
    ++deaths_;
    if (death.lose_power) simulation_->LosePower();
    // The run is over, its process only could not say so.
    if (lived.died_at.starts_with("run.record-removed") && !RunIsOnRecord()) return Status::Ok();
  }
  return Status::Internal("the script does not come to its end");
}

std::map<std::string, VerifyWorld::Table> VerifyWorld::Tables() {
  std::map<std::string, Table> tables;
  for (const auto& [name, spec] : sinks_) {
    Table& table = tables[name];
    table.connector = connectors_[name];
    if (table.connector == "print") {
      table.rows = printed_[name];
    } else if (table.connector == "filesystem") {
      std::string format = spec.option("format");
      bool lines = (format == "json" || format == "csv" || format == "raw") &&
                   spec.option("sink.compression", "none") == "none";
      // Other formats would have to be read back: their files are cut differently in each run.
      table.seen = lines;
      if (Result<std::string> path = LocalPath(spec.option("path")); lines && path)
        AddVisible(simulation_->disk(), *path, lines, &table.rows);
    } else if (table.connector == "kafka" || table.connector == "upsert-kafka") {
      std::string topic = spec.option("topic");
      for (int32_t p = 0; p < broker_->partitions(topic); ++p) {
        KafkaPartition partition{topic, p};
        int64_t end = broker_->LastStable(partition);
        for (int64_t at = 0; at < end; ++at) {
          const SimulatedBroker::Record& record = broker_->log(partition)[static_cast<size_t>(at)];
          if (broker_->Visible(record))
            table.rows.insert(record.key.value_or("") + (record.key ? " " : "") +
                              record.value.value_or("(deleted)"));
        }
      }
    } else {
      table.seen = false;
    }
  }
  return tables;
}

}  // namespace penstock
