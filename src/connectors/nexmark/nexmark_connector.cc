// What a plan must know of a nexmark table.
#include "connectors/nexmark/nexmark_connector.h"

#include "connectors/nexmark/nexmark_reader.h"
#include "connectors/table_options.h"

namespace penstock {

Result<SourceAbilities> NexmarkConnector::DescribeSource(const Table& table) const {
  std::vector<std::string> known = NexmarkOptionNames();
  known.insert(known.end(), CommonSourceOptions().begin(), CommonSourceOptions().end());
  RETURN_IF_ERROR(CheckOptions(table, known));
  ASSIGN_OR_RETURN(NexmarkOptions options, ParseNexmarkOptions(table.options));
  std::vector<Field> fields;
  for (const TableColumn& column : table.columns) {
    if (column.kind == TableColumn::Kind::kMetadata) {
      return SqlError(ErrorNumber::kUnknownColumn, {},
                      "connector 'nexmark' has no metadata column '" + column.metadata_key + "'");
    }
    if (column.stored()) fields.push_back({column.name, column.type});
  }
  RETURN_IF_ERROR(NexmarkBatchMaker::Check(fields));
  SourceAbilities abilities;
  abilities.bounded = options.events >= 0;
  abilities.nested_projection = true;
  return abilities;
}

Result<SinkAbilities> NexmarkConnector::DescribeSink(const Table& table, ChangelogMode) const {
  return SqlError(
      ErrorNumber::kReadOnly, {},
      "table '" + table.path.ToString() + "' cannot be written: connector 'nexmark' is only a source");
}

void NexmarkConnector::Register(FactoryRegistry* registry) {
  registry->AddSource("nexmark", [](std::string_view spec) { return NexmarkSource::Make(spec); });
}

}  // namespace penstock
