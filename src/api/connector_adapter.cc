// The adapters, and the defaults of the public classes.
#include "api/connector_adapter.h"

#include "api/access.h"
#include "stream/table_spec.h"

namespace penstock::v1 {

Status Source::Open(const SourceContext&, std::string_view) { return Status::Ok(); }
std::string Source::Position() const { return ""; }
Status Sink::Flush() { return Status::Ok(); }
Status Sink::Close(bool) { return Status::Ok(); }

namespace {

// A source is one split.
constexpr const char* kSplit = "0";

TableInfo InfoOf(const TableSpec& spec) { return {spec.table, FromEngine(spec.schema()), spec.options}; }

class Reader : public SplitReader {
 public:
  Reader(std::shared_ptr<const Registration> registration, const TableSpec& spec,
         const penstock::SourceContext& context)
      : registration_(std::move(registration)), spec_(spec), context_(context), rows_(spec.schema()) {}

  penstock::Status AddSplits(std::vector<SourceSplit> splits) override {
    for (const SourceSplit& split : splits) {
      Result<std::unique_ptr<Source>> made = registration_->source(InfoOf(spec_));
      if (!made) return ToEngine(made.error());
      source_ = std::move(*made);
      SourceContext context{context_.wake_up, [clock = context_.clock] { return clock->NowMicros(); }};
      RETURN_IF_ERROR(ToEngine(source_->Open(context, split.position)));
    }
    return {};
  }

  penstock::Result<PollResult> Poll(int64_t max_rows) override {
    PollResult result;
    result.state = PollState::kEnd;
    if (!source_) return result;  // another reader has the split
    RowWriter writer = Access::Writer(&rows_);
    Result<SourceState> state = source_->Poll(max_rows, writer);
    if (!state) return ToEngine(state.error());
    if (!rows_.status.ok()) return ToEngine(rows_.status).WithContext(spec_.table);
    if (rows_.at != 0)
      return penstock::Status::InvalidArgument("a row was not ended").WithContext(spec_.table);
    if (!rows_.kinds.empty()) {
      result.state = PollState::kRows;
      result.batch = rows_.Finish();
      ended_ = *state == SourceState::kEnd;
    } else if (*state != SourceState::kEnd && !ended_) {
      result.state = PollState::kNothing;
      bool soon = *state == SourceState::kMore;
      if (soon || registration_->poll_ms != INT64_MAX)
        result.retry_at_ms = context_.clock->MonotonicMillis() + (soon ? 0 : registration_->poll_ms);
    }
    return result;
  }

  std::vector<SourceSplit> Snapshot() const override {
    if (!source_) return {};
    return {{kSplit, source_->Position()}};
  }

 private:
  std::shared_ptr<const Registration> registration_;
  TableSpec spec_;
  penstock::SourceContext context_;
  Access::WrittenRows rows_;
  std::unique_ptr<Source> source_;
  bool ended_ = false;
};

class Enumerator : public SplitEnumerator {
 public:
  penstock::Result<std::vector<SourceSplit>> Discover() override {
    return std::vector<SourceSplit>{{kSplit, ""}};
  }
};

class SourceAdapter : public penstock::Source {
 public:
  SourceAdapter(std::shared_ptr<const Registration> registration, TableSpec spec)
      : registration_(std::move(registration)), spec_(std::move(spec)) {}
  penstock::Result<std::unique_ptr<SplitEnumerator>> MakeEnumerator(const penstock::SourceContext&) override {
    return std::unique_ptr<SplitEnumerator>(new Enumerator());
  }
  penstock::Result<std::unique_ptr<SplitReader>> MakeReader(const penstock::SourceContext& context) override {
    return std::unique_ptr<SplitReader>(new Reader(registration_, spec_, context));
  }

 private:
  std::shared_ptr<const Registration> registration_;
  TableSpec spec_;
};

class Writer : public SinkWriter {
 public:
  Writer(std::unique_ptr<Sink> sink, std::vector<DataType> types)
      : sink_(std::move(sink)), types_(std::move(types)) {}
  penstock::Status Write(const penstock::Batch& batch) override {
    return ToEngine(sink_->Write(Access::Wrap(batch, types_)));
  }
  penstock::Result<bool> Flush() override {
    RETURN_IF_ERROR(ToEngine(sink_->Flush()));
    return true;
  }
  penstock::Status Close(bool success) override { return ToEngine(sink_->Close(success)); }

 private:
  std::unique_ptr<Sink> sink_;
  std::vector<DataType> types_;
};

class SinkAdapter : public penstock::Sink {
 public:
  SinkAdapter(std::shared_ptr<const Registration> registration, TableSpec spec)
      : registration_(std::move(registration)), spec_(std::move(spec)) {}
  penstock::Result<std::unique_ptr<SinkWriter>> MakeWriter(const SinkContext&) override {
    Result<std::unique_ptr<v1::Sink>> made = registration_->sink(InfoOf(spec_));
    if (!made) return ToEngine(made.error());
    return std::unique_ptr<SinkWriter>(new Writer(std::move(*made), spec_.schema().types()));
  }

 private:
  std::shared_ptr<const Registration> registration_;
  TableSpec spec_;
};

class Descriptor : public ConnectorDescriptor {
 public:
  explicit Descriptor(std::shared_ptr<const Registration> registration)
      : registration_(std::move(registration)) {}
  std::string name() const override { return registration_->name; }

  penstock::Result<SourceAbilities> DescribeSource(const Table& table) const override {
    if (!registration_->source) {
      return SqlError(
          ErrorNumber::kReadOnly, {},
          "table '" + table.path.ToString() + "' cannot be read: connector '" + name() + "' is only a sink");
    }
    SourceAbilities abilities;
    abilities.bounded = registration_->traits.bounded;
    if (!registration_->traits.insert_only) abilities.changelog = ChangelogMode::All();
    return abilities;
  }

  penstock::Result<SinkAbilities> DescribeSink(const Table& table, ChangelogMode requested) const override {
    if (!registration_->sink) {
      return SqlError(ErrorNumber::kReadOnly, {},
                      "table '" + table.path.ToString() + "' cannot be written: connector '" + name() +
                          "' is only a source");
    }
    SinkAbilities abilities;
    abilities.accepts = requested;
    return abilities;
  }

 private:
  std::shared_ptr<const Registration> registration_;
};

}  // namespace

void AddConnector(std::shared_ptr<Registration> registration, ConnectorCatalog* connectors,
                  FactoryRegistry* registry) {
  registry->AddSource(
      registration->name,
      [registration](std::string_view bytes) -> penstock::Result<std::unique_ptr<penstock::Source>> {
        ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
        return std::unique_ptr<penstock::Source>(new SourceAdapter(registration, std::move(spec)));
      });
  registry->AddSink(
      registration->name,
      [registration](std::string_view bytes) -> penstock::Result<std::unique_ptr<penstock::Sink>> {
        ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
        return std::unique_ptr<penstock::Sink>(new SinkAdapter(registration, std::move(spec)));
      });
  connectors->Add(std::make_unique<Descriptor>(registration));
}

}  // namespace penstock::v1
