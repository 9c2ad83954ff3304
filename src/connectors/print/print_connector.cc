// Printing of changes.
#include "connectors/print/print_connector.h"

#include <cstdio>

#include "connectors/print/row_text.h"
#include "connectors/table_options.h"
#include "stream/table_spec.h"

namespace penstock {

namespace {

class PrintWriter : public SinkWriter {
 public:
  PrintWriter(const TableSpec& spec, const SinkContext& context) : mode_(spec.changelog) {
    for (const TableSpecColumn& column : spec.columns) types_.push_back(column.type);
    prefix_ = spec.option("print-identifier");
    if (context.parallelism > 1) {
      prefix_ += (prefix_.empty() ? "" : ":") + std::to_string(context.subtask + 1);
    }
    if (!prefix_.empty()) prefix_ += "> ";
  }

  // One write a batch: lines of several subtasks do not mix.
  Status Write(const Batch& batch) override {
    std::string lines;
    for (int64_t row = 0; row < batch.rows; ++row) {
      if (mode_.Contains(batch.kind(row))) lines += prefix_ + JavaRowText(batch, row, types_) + "\n";
    }
    if (std::fwrite(lines.data(), 1, lines.size(), stderr) != lines.size())
      return Status::Io("cannot write to standard error");
    return Status::Ok();
  }

 private:
  ChangelogMode mode_;
  std::vector<DataType> types_;
  std::string prefix_;
};

class PrintSink : public Sink {
 public:
  explicit PrintSink(TableSpec spec) : spec_(std::move(spec)) {}
  Result<std::unique_ptr<SinkWriter>> MakeWriter(const SinkContext& context) override {
    return std::unique_ptr<SinkWriter>(new PrintWriter(spec_, context));
  }

 private:
  TableSpec spec_;
};

}  // namespace

Result<SourceAbilities> PrintConnector::DescribeSource(const Table& table) const {
  return SqlError(ErrorNumber::kReadOnly, {},
                  "table '" + table.path.ToString() + "' cannot be read: connector 'print' is only a sink");
}

Result<SinkAbilities> PrintConnector::DescribeSink(const Table& table, ChangelogMode requested) const {
  RETURN_IF_ERROR(
      CheckOptions(table, {"print-identifier", "standard-error", "sink.parallelism", "property-version"}));
  RETURN_IF_ERROR(BoolOption(table.options, "standard-error", true).status());
  SinkAbilities abilities;
  abilities.accepts = requested;
  return abilities;
}

void PrintConnector::Register(FactoryRegistry* registry) {
  registry->AddSink("print", [](std::string_view bytes) -> Result<std::unique_ptr<Sink>> {
    ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
    return std::unique_ptr<Sink>(new PrintSink(std::move(spec)));
  });
}

}  // namespace penstock
