// A sink without an effect.
#include "connectors/blackhole/blackhole_connector.h"

namespace penstock {

namespace {

class BlackholeWriter : public SinkWriter {
 public:
  Status Write(const Batch&) override { return Status::Ok(); }
};

class BlackholeSink : public Sink {
 public:
  Result<std::unique_ptr<SinkWriter>> MakeWriter(const SinkContext&) override {
    return std::unique_ptr<SinkWriter>(new BlackholeWriter());
  }
};

}  // namespace

Result<SourceAbilities> BlackholeConnector::DescribeSource(const Table& table) const {
  return SqlError(
      ErrorNumber::kReadOnly, {},
      "table '" + table.path.ToString() + "' cannot be read: connector 'blackhole' is only a sink");
}

Result<SinkAbilities> BlackholeConnector::DescribeSink(const Table& table, ChangelogMode requested) const {
  RETURN_IF_ERROR(CheckOptions(table, {"property-version", "sink.parallelism"}));
  SinkAbilities abilities;
  abilities.accepts = requested;
  abilities.wants_update_before = false;
  abilities.guarantee = "none";
  return abilities;
}

void BlackholeConnector::Register(FactoryRegistry* registry) {
  registry->AddSink("blackhole", [](std::string_view) -> Result<std::unique_ptr<Sink>> {
    return std::unique_ptr<Sink>(new BlackholeSink());
  });
}

}  // namespace penstock
