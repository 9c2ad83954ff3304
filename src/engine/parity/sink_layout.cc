// Plans and tables to layouts.
#include "engine/parity/sink_layout.h"

#include <algorithm>

#include "base/strings.h"
#include "operators/rank/rank_rows.h"
#include "sql/guarantees/nondeterminism.h"
#include "sql/logical/late_columns.h"
#include "sql/logical/unique_keys.h"

namespace penstock {

namespace {

bool Holds(const std::vector<int>& columns, int column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

std::string Listed(const std::set<std::string>& names) {
  return Join(std::vector<std::string>(names.begin(), names.end()), ", ");
}

int64_t WallMillis(const Column& column, const DataType& type, const TimeZone& zone, int64_t row) {
  int64_t ms = MillisAt(column, row);
  return type.is(TypeKind::kTimestampLtz) ? FloorDiv(zone.ToLocalMicros(ms * 1000), 1000) : ms;
}

// The primary key of the table, else a key that the query has.
void FindKey(const sql::PlanPtr& plan, SinkLayout* layout) {
  const Table& table = *layout->table;
  std::vector<int> written = table.sink_columns();
  std::vector<int> key;
  for (int column : table.primary_key) {
    auto at = std::find(written.begin(), written.end(), column);
    if (at != written.end()) key.push_back(static_cast<int>(at - written.begin()));
  }
  std::vector<sql::ColumnSet> keys = {key};
  if (table.primary_key.empty()) keys = sql::UpsertKeys(plan);
  for (const sql::ColumnSet& candidate : keys) {
    layout->keyed = std::none_of(candidate.begin(), candidate.end(),
                                 [&](int column) { return Holds(layout->left_out, column); });
    if (!layout->keyed) continue;
    layout->keys = candidate;
    return;
  }
}

// All that compares exactly identifies a row that nothing else does.
void DivideColumns(SinkLayout* layout) {
  layout->compared.clear();
  if (!layout->keyed) layout->keys.clear();
  for (int i = 0; i < static_cast<int>(layout->names.size()); ++i) {
    if (Holds(layout->left_out, i) || Holds(layout->keys, i)) continue;
    bool exact = !HasApproximate(layout->types[static_cast<size_t>(i)]);
    (layout->keyed || !exact ? layout->compared : layout->keys).push_back(i);
  }
}

void FindLeftOut(const sql::PlanPtr& plan, SinkLayout* layout) {
  for (int i = 0; i < plan->schema.size(); ++i) {
    std::set<std::string> calls = sql::NondeterministicCalls(plan, i);
    if (calls.empty()) continue;
    layout->left_out.push_back(i);
    layout->nondeterministic.push_back(layout->names[static_cast<size_t>(i)] + " (" + Listed(calls) + ")");
  }
  layout->conditions = Listed(sql::NondeterministicConditions(plan));
}

void CollectTables(const sql::PlanPtr& plan, std::vector<TablePtr>* tables) {
  if (const auto* watermark = plan->As<sql::WatermarkNode>()) {
    if (std::find(tables->begin(), tables->end(), watermark->table) == tables->end())
      tables->push_back(watermark->table);
  }
  for (const sql::PlanPtr& input : plan->inputs) CollectTables(input, tables);
}

// The lane's columns that a column of the sink hands on, and those that tell when a row was late for what.
LateLane LaneOf(const sql::PlanPtr& plan, const SinkLayout& layout, const TablePtr& source, TablePtr sink) {
  LateLane lane;
  Schema has = sink->schema();
  for (int key : layout.keys) {
    for (const sql::ColumnOrigin& origin : sql::OriginsOf(plan, key)) {
      int at = origin.table == source ? has.Find(origin.column) : -1;
      if (at < 0 || !has[at].type.SameAs(layout.types[static_cast<size_t>(key)])) continue;
      lane.keys.push_back(key);
      lane.columns.push_back(origin.column);
      break;
    }
  }
  auto add = [&](const std::string& name) {
    int at = has.Find(name);
    if (at < 0 || !has[at].type.is_timestamp()) return -1;
    lane.columns.push_back(name);
    return static_cast<int>(lane.columns.size()) - 1;
  };
  lane.time = add(source->columns[static_cast<size_t>(source->watermark->column)].name);
  lane.window_end = add("late_window_end");
  lane.table = std::move(sink);
  return lane;
}

}  // namespace

bool HasApproximate(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kFloat:
    case TypeKind::kDouble: return true;
    case TypeKind::kArray:
    case TypeKind::kMultiset: return HasApproximate(type.element());
    case TypeKind::kMap: return HasApproximate(type.map_key()) || HasApproximate(type.map_value());
    case TypeKind::kRow:
      return std::any_of(type.fields().begin(), type.fields().end(),
                         [](const Field& field) { return HasApproximate(field.type); });
    default: return false;
  }
}

std::optional<TimeSpan> SinkLayout::SpanOf(const std::vector<ColumnPtr>& columns, int64_t row) const {
  auto at = [&](int index) -> std::optional<int64_t> {
    if (index < 0) return std::nullopt;
    auto i = static_cast<size_t>(index);
    if (columns[i]->IsNull(row)) return std::nullopt;
    return WallMillis(*columns[i], types[i], *zone, row);
  };
  if (place.kind == sql::RowPlace::Kind::kNone) return std::nullopt;
  if (place.kind == sql::RowPlace::Kind::kTime) {
    std::optional<int64_t> time = at(place.time);
    return time ? std::optional<TimeSpan>({*time, *time + 1}) : std::nullopt;
  }
  std::optional<int64_t> start = at(place.start), end = at(place.end), last = at(place.window_time);
  if (!end && last) end = *last + 1;
  if (!start && !end) return std::nullopt;
  return TimeSpan{start ? *start : *end - place.window.size, end ? *end : *start + place.window.size};
}

bool SinkLayout::IsInside(const sql::ReadRange& range, const std::vector<ColumnPtr>& columns,
                          int64_t row) const {
  if (range.all() || place.kind == sql::RowPlace::Kind::kNone) return true;
  std::optional<TimeSpan> span = SpanOf(columns, row);
  if (!span) return false;
  return (!range.from_ms || span->start >= *range.from_ms) && (!range.to_ms || span->end <= *range.to_ms);
}

Result<SinkLayout> LayoutOf(const Rerun::Job& job, size_t insert, int64_t reach_ms) {
  const sql::PlanPtr& plan = job.plans[insert];
  SinkLayout layout;
  layout.table = job.sinks[insert].table;
  layout.zone = job.context.eval->zone;
  layout.reach_ms = reach_ms;
  Schema schema = layout.table->sink_schema();
  for (const Field& field : schema.fields()) {
    layout.names.push_back(field.name);
    layout.types.push_back(field.type);
  }
  ASSIGN_OR_RETURN(const ConnectorDescriptor* connector, job.connectors->Find(*layout.table));
  Result<SourceAbilities> source = connector->DescribeSource(*BoundedTable(*layout.table));
  if (!source) layout.unseen = source.error().message();
  if (source && !source->bounded) layout.unseen = "it has no end";
  Result<SinkAbilities> sink = connector->DescribeSink(*layout.table, ChangelogMode::All());
  bool updates = sink && sink->accepts.has_updates();
  FindLeftOut(plan, &layout);
  FindKey(plan, &layout);
  layout.folds = layout.keyed && updates && !layout.table->primary_key.empty();
  DivideColumns(&layout);
  layout.place = sql::PlaceOf(plan);
  std::vector<TablePtr> tables;
  CollectTables(plan, &tables);
  for (const TablePtr& table : tables) {
    ASSIGN_OR_RETURN(TablePtr lane, sql::FindLaneSink(job.context, "late-rows", *table));
    if (lane) layout.lanes.push_back(LaneOf(plan, layout, table, lane));
  }
  return layout;
}

void MergeLayouts(SinkLayout* layout, const SinkLayout& other) {
  for (size_t i = 0; i < other.left_out.size(); ++i) {
    if (Holds(layout->left_out, other.left_out[i])) continue;
    layout->left_out.push_back(other.left_out[i]);
    layout->nondeterministic.push_back(other.nondeterministic[i]);
  }
  // A key of one query is none of two.
  bool left = std::any_of(layout->keys.begin(), layout->keys.end(),
                          [&](int column) { return Holds(layout->left_out, column); });
  layout->keyed = layout->keyed && other.keyed && !layout->table->primary_key.empty() && !left;
  layout->folds = layout->folds && layout->keyed;
  DivideColumns(layout);
  if (layout->conditions.empty()) layout->conditions = other.conditions;
  layout->reach_ms = std::max(layout->reach_ms, other.reach_ms);
  const sql::RowPlace &a = layout->place, &b = other.place;
  bool same = a.kind == b.kind && a.time == b.time && a.start == b.start && a.end == b.end &&
              a.window_time == b.window_time && a.window == b.window;
  if (!same) layout->place = {};
  layout->lanes.insert(layout->lanes.end(), other.lanes.begin(), other.lanes.end());
}

}  // namespace penstock
