// Sinks and tables of a re-run.
#include "engine/rerun/rerun.h"

#include "base/strings.h"
#include "stream/registry.h"
#include "stream/table_spec.h"

namespace penstock {

namespace {

class RerunSink : public Sink {
 public:
  RerunSink(std::string table, Rerun* rerun) : table_(std::move(table)), rerun_(rerun) {}
  Result<std::unique_ptr<SinkWriter>> MakeWriter(const SinkContext&) override {
    return rerun_->MakeWriter(table_);
  }

 private:
  std::string table_;
  Rerun* rerun_;
};

void BoundTopic(Options* options) {
  std::string end = ToLowerAscii((*options)["scan.bounded.mode"]);
  if (end.empty() || end == "unbounded" || end == "group-offsets")
    (*options)["scan.bounded.mode"] = "latest-offset";
  bool upsert = EqualsIgnoreCase((*options)["connector"], "upsert-kafka");
  std::string start = upsert ? "always" : ToLowerAscii((*options)["scan.startup.mode"]);
  if (start.empty() || start == "group-offsets" || start == "latest-offset")
    (*options)["scan.startup.mode"] = "earliest-offset";
  options->erase("properties.group.id");
  options->erase("scan.topic-partition-discovery.interval");
  options->emplace("properties.isolation.level", "read_committed");
}

}  // namespace

void ReplaceSinks(JobGraph* graph) {
  for (JobVertex& vertex : graph->vertices) {
    if (vertex.kind == VertexKind::kSink && vertex.factory != sql::kCollectSink) vertex.factory = kRerunSink;
  }
}

void RegisterRerunSink(FactoryRegistry* registry, Rerun* rerun) {
  registry->AddSink(kRerunSink, [rerun](std::string_view bytes) -> Result<std::unique_ptr<Sink>> {
    ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
    return std::unique_ptr<Sink>(new RerunSink(spec.table, rerun));
  });
}

TablePtr BoundedTable(const Table& table) {
  auto bounded = std::make_shared<Table>(table);
  std::string connector = ToLowerAscii(table.option("connector"));
  if (connector == "kafka" || connector == "upsert-kafka") BoundTopic(&bounded->options);
  if (connector == "filesystem") bounded->options.erase("source.monitor-interval");
  if (connector == "values") bounded->options.erase("bounded");
  return bounded;
}

}  // namespace penstock
