// Salted aggregations: SET 'penstock.hot-keys' = 'salt' (docs/design/hot-keys.md). The rows pass HotKeySalt
// and an exchange by `$route` to PartialAggregate, whose parts an exchange by the real key takes to the
// aggregation.
#include <algorithm>

#include "expr/aggregate_check.h"
#include "operators/hotkeys/hot_key_salt.h"
#include "operators/hotkeys/hot_key_watch.h"
#include "operators/hotkeys/partial_aggregate.h"
#include "sql/physical/physical_planner.h"

namespace penstock::sql {

namespace {

constexpr const char* kOption = "penstock.hot-keys";

// What spreads the rows of a hot key: with DISTINCT over insert-only rows the first such argument, so that a
// value is in one part only; else all that is not the key.
void ChooseContent(const PartialAggregateSpec& spec, const Schema& input, HotKeySaltSpec* salt) {
  std::vector<int> columns;
  for (const AggregateCall& call : spec.calls) {
    if (call.distinct && !spec.retracts && columns.empty()) columns = call.args;
  }
  for (int i = 0; columns.empty() && i < input.size(); ++i) {
    if (std::find(spec.groups.begin(), spec.groups.end(), i) == spec.groups.end()) salt->content.push_back(i);
  }
  salt->content.insert(salt->content.end(), columns.begin(), columns.end());
  std::erase_if(salt->content, [&](int column) {
    Physical physical = input[column].type.physical();
    return physical != Physical::kString && PhysicalWidth(physical) == 0;
  });
  for (int column : salt->content) salt->content_types.push_back(input[column].type);
}

}  // namespace

Result<bool> PhysicalPlanner::IsSalted(const std::vector<AggregateCall>& calls, bool retracts) const {
  std::string mode = context_.config->GetString(kOption);
  if (mode.empty() || mode == "none" || mode == "dedicated") return false;
  if (mode != "salt") {
    return SqlError(ErrorNumber::kBadOption, {}, "'penstock.hot-keys' = '" + mode + "' is not known",
                    "it is 'none', 'salt' or 'dedicated'");
  }
  RETURN_IF_ERROR(CheckParts(calls, retracts));
  return true;  // at any parallelism, so that a job can change it
}

PhysicalStream PhysicalPlanner::Watched(const PhysicalStream& stream, const std::vector<int>* keys) {
  bool by_key = keys != nullptr && !keys->empty();
  if (!by_key || batch_ || context_.config->GetString(kOption) != "dedicated") return stream;
  const Schema schema = vertex(stream.vertex).schema;
  HotKeyWatchSpec spec;
  spec.keys = *keys;
  for (int key : *keys) spec.types.push_back(schema[key].type);
  spec.fewest = std::max<int64_t>(1, context_.config->GetInt("penstock.hot-keys.after", spec.fewest));
  PhysicalStream watched = stream;
  watched.vertex = AddOperator(kHotKeyWatch, "HotKeyWatch", spec.Serialize(), schema, stream, nullptr);
  modes_[watched.vertex] = stream.mode;
  return watched;
}

std::vector<std::string> PhysicalPlanner::HotKeyNotices() const {
  std::vector<std::string> notices;
  std::string mode = context_.config->GetString(kOption);
  if (mode != "salt" && mode != "dedicated") return notices;
  const std::string option = "'penstock.hot-keys' = '" + mode + "' ";
  if (batch_) return {option + "does nothing in batch mode"};
  bool spread = false;
  for (const JobEdge& edge : graph_.edges) {
    const JobVertex& vertex = graph_.vertices[static_cast<size_t>(edge.to)];
    if (edge.partitioning == Partitioning::kDedicated || vertex.factory == "partial_aggregate") spread = true;
    if (mode != "salt" || edge.partitioning != Partitioning::kHash || edge.lane != 0) continue;
    if (vertex.kind != VertexKind::kOperator || vertex.factory == "partial_aggregate") continue;
    if (graph_.vertices[static_cast<size_t>(edge.from)].factory == "partial_aggregate") continue;
    bool windows = vertex.factory == "window_aggregate";
    notices.push_back(option + "does nothing for " + vertex.name + " (id=" + vertex.uid + "): " +
                      (windows
                           ? "only windows that event time cuts into slices are salted, no sessions"
                           : "only aggregations are salted; 'dedicated' works for every operator by key"));
  }
  if (notices.empty() && !spread) notices.push_back(option + "does nothing: no operator has its rows by key");
  if (spread && parallelism_ == 1) notices.push_back(option + "has nothing to spread: the parallelism is 1");
  std::sort(notices.begin(), notices.end());
  notices.erase(std::unique(notices.begin(), notices.end()), notices.end());
  return notices;
}

PhysicalStream PhysicalPlanner::AddPartial(PartialAggregateSpec spec, const Schema& input,
                                           PhysicalStream stream) {
  HotKeySaltSpec salt;
  salt.groups = spec.groups;
  salt.group_types = spec.group_types;
  salt.max_parallelism = graph_.max_parallelism;
  ChooseContent(spec, input, &salt);
  std::vector<Field> fields = input.fields();
  fields.push_back({"$route", DataType::BigInt().NotNull()});
  stream.vertex =
      AddOperator("hot_key_salt", "HotKeySalt", salt.Serialize(), Schema(std::move(fields)), stream, nullptr);
  std::vector<Field> parts;
  for (int group : spec.groups) parts.push_back(input[group]);
  parts.push_back({"$slice", DataType::BigInt().NotNull()});
  parts.push_back({"$weight", DataType::BigInt().NotNull()});
  for (size_t i = 0; i < spec.calls.size(); ++i)
    parts.push_back({"$part" + std::to_string(i), DataType::Bytes().NotNull()});
  std::vector<int> route = {input.size()};
  stream.vertex = AddOperator("partial_aggregate", "PartialAggregate", spec.Serialize(),
                              Schema(std::move(parts)), stream, &route);
  stream.mode = ChangelogMode::InsertOnly();
  stream.deletes_by_key = false;
  return stream;
}

}  // namespace penstock::sql
