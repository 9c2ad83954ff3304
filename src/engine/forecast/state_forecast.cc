// Keys, widths and what is alive at once, put together.
#include "engine/forecast/state_forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/strings.h"
#include "engine/forecast/entry_size.h"
#include "engine/output/terminal_screen.h"

namespace penstock {

namespace {

constexpr double kSampleShare = 0.05;
constexpr double kMostSampled = 200'000;
constexpr double kSampledUnknown = 50'000;  // where a table does not tell how long it is
constexpr double kTextBytes = 16;           // of a text nothing is known of

std::string Count(double number) { return GroupedDigits(std::llround(number)); }

// The lines in the files below a path, by the length of the first of them.
double CountLines(FileSystem& files, const std::string& path, std::string* head) {
  Result<FileInfo> info = files.Stat(path);
  if (!info) return 0;
  if (info->directory) {
    Result<std::vector<FileInfo>> entries = files.List(path);
    double lines = 0;
    for (size_t i = 0; entries && i < entries->size(); ++i)
      lines += CountLines(files, (*entries)[i].path, head);
    return lines;
  }
  if (head->empty()) {
    Result<std::unique_ptr<ReadableFile>> file = files.OpenForRead(path);
    head->resize(1 << 18);
    Result<size_t> size = file ? (*file)->Read(head->data(), head->size()) : Result<size_t>(size_t{0});
    head->resize(size ? *size : 0);
  }
  auto lines = static_cast<double>(std::count(head->begin(), head->end(), '\n'));
  return lines == 0 ? 0 : static_cast<double>(info->size) * lines / static_cast<double>(head->size());
}

}  // namespace

std::string BytesText(double bytes) {
  const char* const kUnits[] = {"B", "KB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  for (; bytes >= 999.5 && unit < 5; ++unit) bytes /= 1000;
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.3g} {}", bytes, kUnits[unit]);
}

std::optional<double> StateForecast::Declared(const char* kind, const sql::SourceColumn& column) const {
  std::string text =
      config_.GetString(kind + column.table + (column.column.empty() ? "" : "." + column.column));
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || number <= 0) return std::nullopt;
  return number;
}

// Of several columns the product is an upper bound; columns that were not declared count once.
std::optional<double> StateForecast::DeclaredKeys(const sql::StateUse& use) const {
  std::optional<double> product;
  for (const sql::TracedColumn& key : use.keys) {
    if (!key.source.known()) continue;
    if (auto keys = Declared("penstock.state.keys.", key.source)) product = product.value_or(1) * *keys;
  }
  return product;
}

double StateForecast::RowsOf(const Table& table) const {
  if (auto rows = Declared("penstock.state.rows.", {table.path.object, ""})) return *rows;
  std::string head, format = table.option("format");
  bool lines = format == "json" || format == "csv" || format == "raw";
  if (table.option("connector") == "filesystem" && lines)
    return CountLines(*files_, table.option("path"), &head);
  if (auto rows = table.option("number-of-rows"); !rows.empty()) return std::strtod(rows.c_str(), nullptr);
  return 0;
}

TablePtr StateForecast::TableOf(const sql::StateUse& use) const {
  std::string name;
  for (const auto* columns : {&use.keys, &use.row}) {
    for (const sql::TracedColumn& column : *columns) {
      if (!column.source.known()) continue;
      if (!name.empty() && name != column.source.table) return nullptr;
      name = column.source.table;
    }
  }
  Result<ObjectPath> path = catalog_.Resolve({name});
  return name.empty() || !path ? nullptr : catalog_.FindTable(*path);
}

// One query a table, over all columns that uses of it need and that it has.
Status StateForecast::SampleTables(const RunQuery& run) {
  std::map<std::string, TablePtr> tables;
  for (const sql::StateUse& use : uses_.uses) {
    if (TablePtr table = TableOf(use)) tables[table->path.object] = table;
  }
  for (const auto& [name, table] : tables) {
    std::vector<std::string> names;
    auto position = [&](const sql::SourceColumn& column) {
      bool has = std::any_of(table->columns.begin(), table->columns.end(),
                             [&](const TableColumn& c) { return c.name == column.column; });
      if (!has || column.table != name) return -1;
      auto at = std::find(names.begin(), names.end(), column.column);
      if (at == names.end()) at = names.insert(at, column.column);
      return static_cast<int>(at - names.begin());
    };
    std::vector<TableSample::Wanted> wanted;
    for (const sql::StateUse& use : uses_.uses) {
      if (TablePtr of = TableOf(use); of != table) continue;
      TableSample::Wanted one{&use, {}, {}, position(use.time)};
      for (const sql::TracedColumn& key : use.keys) one.keys.push_back(position(key.source));
      for (const sql::TracedColumn& column : use.row) one.row.push_back(position(column.source));
      if (std::count(one.keys.begin(), one.keys.end(), -1) > 0) continue;
      if (std::count(one.row.begin(), one.row.end(), -1) > 0) one.row.clear();
      wanted.push_back(std::move(one));
    }
    if (wanted.empty() || names.empty()) continue;
    Sampled& sampled = samples_[name];
    sampled.rows = RowsOf(*table);
    double rows = sampled.rows > 0 ? std::min(sampled.rows * kSampleShare, kMostSampled) : kSampledUnknown;
    sampled.sample = std::make_unique<TableSample>(std::move(wanted), static_cast<int64_t>(rows));
    std::vector<std::string> quoted;
    for (const std::string& column : names) quoted.push_back("`" + column + "`");
    Status status = run("SELECT " + Join(quoted, ", ") + " FROM `" + name + "`", sampled.sample.get());
    if (!status.ok() && status.code() != StatusCode::kCancelled) return status;
  }
  return Status::Ok();
}

// By the types; texts as long as declared, else as most are.
double StateForecast::Width(const std::vector<sql::TracedColumn>& columns, bool key) const {
  double width = 0;
  for (const sql::TracedColumn& column : columns) {
    size_t fixed = PhysicalWidth(column.type.physical());
    double text = column.source.known()
                      ? Declared("penstock.state.bytes.", column.source).value_or(kTextBytes)
                      : kTextBytes;
    width += 1 + (fixed > 0 ? static_cast<double>(fixed) : text + (key || text > 127 ? 2 : 1));
  }
  return width;
}

StateForecast::Load StateForecast::DeclaredLoad(const sql::StateUse& use, double keys, double rows) const {
  Load load;
  load.keys = {keys, keys, keys};
  load.origin = "declared";
  if (use.slice_ms > 0)
    load.copies =
        std::max(1.0, std::round(static_cast<double>(use.held_ms) / static_cast<double>(use.slice_ms)));
  double per_key = rows > 0 ? std::max(1.0, rows / keys) : 1;
  load.elements = use.most_per_key < 0 ? per_key : static_cast<double>(use.most_per_key);
  return load;
}

StateForecast::Load StateForecast::LoadOf(const sql::StateUse& use, const Sampled* sampled) const {
  double rows = sampled == nullptr ? 0 : sampled->rows;
  if (use.keys.empty()) return DeclaredLoad(use, 1, rows);
  if (auto keys = DeclaredKeys(use)) return DeclaredLoad(use, *keys, rows);
  Load load;
  if (sampled == nullptr || sampled->sample->rows() == 0) return load;
  TableSample::Found found = sampled->sample->Of(use);
  double seen = sampled->sample->rows();
  load.origin = "from " + Count(seen) + " rows";
  if (use.held_ms > 0 && use.slice_ms == 0) {  // sessions: as many as were open at the end of the sample
    load.keys = {found.session_keys, found.session_keys, found.session_keys};
    load.elements = found.session_keys > 0 ? found.session_rows / found.session_keys : 1;
    return load;
  }
  double total = std::max(rows, seen);
  double span = use.slice_ms > 0 ? static_cast<double>(use.slice_ms) : 0;
  if (double rate = sampled->sample->rate(); span > 0 && rate > 0) {
    total = std::min(total, rate * span);
    load.copies = std::max(1.0, std::round(static_cast<double>(use.held_ms) / span));
  }
  sql::DistinctGrowth growth(found.keys, std::max(total, seen));
  load.keys = growth.After(total);
  if (use.most_per_key < 0) load.elements = total / std::max(1.0, load.keys.likely);
  if (use.most_per_key > 1)
    load.elements = growth.After(total, static_cast<int>(std::min<int64_t>(use.most_per_key, 1000))).likely /
                    std::max(1.0, load.keys.likely);
  if (rows == 0 && span == 0) load.origin += ", for as many";
  return load;
}

Result<StateForecast::Forecast> StateForecast::Of(const sql::StateUse& use) const {
  TablePtr table = TableOf(use);
  auto at = table == nullptr ? samples_.end() : samples_.find(table->path.object);
  const Sampled* sampled = at == samples_.end() ? nullptr : &at->second;
  Load load = LoadOf(use, sampled);
  double key = Width(use.keys, true), row = Width(use.row, false);
  bool declared = std::any_of(use.row.begin(), use.row.end(), [&](const sql::TracedColumn& column) {
    return column.source.known() && Declared("penstock.state.bytes.", column.source);
  });
  if (sampled != nullptr && sampled->sample->rows() > 0) {
    TableSample::Found found = sampled->sample->Of(use);
    if (found.key_bytes > 0) key = found.key_bytes;
    if (found.row_bytes > 0 && !declared) row = found.row_bytes;
  }
  EntryShape shape;
  shape.ordered = use.ordered;
  shape.timers = use.timers;
  shape.key_bytes = static_cast<size_t>(key);
  shape.elements = load.elements;
  shape.element_bytes = use.element_bytes + static_cast<size_t>(use.row_is_element ? row : 0);
  shape.value_bytes = use.fixed_bytes + static_cast<size_t>(use.row_is_element ? 0 : row);
  Forecast forecast;
  forecast.keys = load.keys;
  forecast.copies = load.copies;
  forecast.origin = load.origin;
  forecast.entry_bytes = key + load.elements * static_cast<double>(shape.element_bytes + shape.value_bytes);
  int parallelism = std::max(1, graph_.vertices[static_cast<size_t>(use.vertex)].parallelism);
  auto measure = [&](double keys) -> Result<double> {
    ASSIGN_OR_RETURN(double bytes, MeasureState(shape, keys / parallelism, clock_));
    return bytes * parallelism * load.copies;
  };
  ASSIGN_OR_RETURN(forecast.bytes.low, measure(load.keys.low));
  ASSIGN_OR_RETURN(forecast.bytes.likely, measure(load.keys.likely));
  ASSIGN_OR_RETURN(forecast.bytes.high, measure(load.keys.high));
  return forecast;
}

std::string StateForecast::Line(const sql::StateUse& use, const Forecast& forecast) const {
  const JobVertex& vertex = graph_.vertices[static_cast<size_t>(use.vertex)];
  std::string text = vertex.name + " (id=" + vertex.uid + "), " + use.what + ": ";
  if (forecast.origin.empty()) {
    return text + "keys are computed on the way and were not declared: no forecast\n" +
           (use.unbounded() ? "  warning: grows for ever: it has no TTL\n" : "");
  }
  const sql::Estimate& keys = forecast.keys;
  text += Count(keys.likely) + " keys";
  if (keys.high > keys.low * 1.01) text += " (" + Count(keys.low) + " to " + Count(keys.high) + ")";
  text += ", " + forecast.origin;
  if (forecast.copies > 1) text += " x " + Count(forecast.copies) + " slices";
  text += fmt::format(" x {:.0f} B = {}, with its structures {}\n", forecast.entry_bytes,
                      BytesText(keys.likely * forecast.entry_bytes * forecast.copies),
                      BytesText(forecast.bytes.likely));
  if (use.ttl_ms > 0) text += fmt::format("  kept for {} s without use\n", use.ttl_ms / 1000);
  if (use.unbounded() && !use.keys.empty())
    text += "  warning: grows for ever with new keys: it has no TTL (SET 'table.exec.state.ttl')\n";
  return text;
}

Result<std::string> StateForecast::Explain(const RunQuery& run) {
  uses_ = sql::FindStateUses(graph_);
  RETURN_IF_ERROR(SampleTables(run));
  std::string text = "== State ==\n";
  sql::Estimate total;
  bool known = uses_.others.empty();
  for (const sql::StateUse& use : uses_.uses) {
    ASSIGN_OR_RETURN(Forecast forecast, Of(use));
    text += Line(use, forecast);
    known = known && !forecast.origin.empty();
    if (!forecast.origin.empty())
      likely_[graph_.vertices[static_cast<size_t>(use.vertex)].uid] += forecast.bytes.likely;
    total.low += forecast.bytes.low;
    total.likely += forecast.bytes.likely;
    total.high += forecast.bytes.high;
  }
  for (const std::string& other : uses_.others) text += other + ": state that is not forecast\n";
  if (uses_.uses.empty() && uses_.others.empty()) return text + "no operator keeps state\n";
  text += (known ? "total: " : "total of what is forecast: ") + BytesText(total.likely);
  if (total.high > total.low * 1.01)
    text += " (" + BytesText(total.low) + " to " + BytesText(total.high) + ")";
  return text + "\n";
}

}  // namespace penstock
