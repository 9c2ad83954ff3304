// Salted aggregations: SET 'penstock.hot-keys' = 'salt' (docs/design/hot-keys.md). The rows pass HotKeySalt
// and an exchange by `$route` to PartialAggregate, whose parts an exchange by the real key takes to the
// aggregation.
#include <algorithm>

#include "expr/aggregate_check.h"
#include "operators/hotkeys/hot_key_salt.h"
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
  if (mode.empty() || mode == "none") return false;
  if (mode == "dedicated") {
    return SqlError(ErrorNumber::kUnsupported, {}, "'penstock.hot-keys' = 'dedicated' is not supported yet",
                    "'salt' spreads hot keys, where the aggregates do not depend on the order of rows");
  }
  if (mode != "salt") {
    return SqlError(ErrorNumber::kBadOption, {}, "'penstock.hot-keys' = '" + mode + "' is not known",
                    "it is 'none' or 'salt'");
  }
  RETURN_IF_ERROR(CheckParts(calls, retracts));
  return true;  // at any parallelism, so that a job can change it
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
