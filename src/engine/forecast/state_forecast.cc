// Keys, widths and what is alive at once, put together.
#include "engine/forecast/state_forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "engine/forecast/entry_size.h"
#include "engine/jobs/job_options.h"
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

double Average(const std::vector<size_t>& sizes) {
  double sum = 0;
  for (size_t size : sizes) sum += static_cast<double>(size);
  return sizes.empty() ? 0 : sum / static_cast<double>(sizes.size());
}

// Under a key with so many rows.
double ElementsOf(const sql::StateUse& use, double rows) {
  switch (use.keeping) {
    case sql::Keeping::kEach:
    case sql::Keeping::kDistinct: return rows;
    case sql::Keeping::kTop: return std::min(rows, static_cast<double>(use.most_per_key));
    default: return 1;
  }
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

// Inputs of operators by the table whose rows reach them.
Result<std::map<std::string, StateForecast::Wanted>> StateForecast::FindWanted() {
  std::map<std::string, Wanted> tables;
  std::map<std::pair<int, int>, std::vector<const sql::StateUse*>> inputs;
  for (const sql::StateUse& use : uses_.uses) inputs[{use.vertex, use.input}].push_back(&use);
  for (auto& [input, uses] : inputs) {
    ASSIGN_OR_RETURN(std::unique_ptr<InputRows> rows, InputRows::Trace(around_, input.first, input.second));
    std::string name = rows == nullptr ? "" : sql::TableOfSource(rows->source());
    Result<ObjectPath> path = catalog_.Resolve({name});
    TablePtr table = name.empty() || !path ? nullptr : catalog_.FindTable(*path);
    if (table == nullptr) continue;
    Wanted& wanted = tables[name];
    TableSample::Feed feed{std::move(rows), {}, uses};
    for (const Field& field : feed.rows->source().schema.fields()) {
      bool has = std::any_of(table->columns.begin(), table->columns.end(),
                             [&](const TableColumn& column) { return column.name == field.name; });
      if (!has) break;
      auto at = std::find(wanted.columns.begin(), wanted.columns.end(), field.name);
      if (at == wanted.columns.end()) at = wanted.columns.insert(at, field.name);
      feed.columns.push_back(static_cast<int>(at - wanted.columns.begin()));
    }
    if (feed.columns.empty() || static_cast<int>(feed.columns.size()) != feed.rows->source().schema.size())
      continue;
    for (const sql::StateUse* use : uses) table_of_[use] = name;
    wanted.feeds.push_back(std::move(feed));
  }
  return tables;
}

Status StateForecast::Sample(const std::string& table, Wanted wanted, const RunQuery& run) {
  Sampled& sampled = samples_[table];
  sampled.rows = RowsOf(*catalog_.FindTable(*catalog_.Resolve({table})));
  double rows = sampled.rows > 0 ? std::min(sampled.rows * kSampleShare, kMostSampled) : kSampledUnknown;
  sampled.sample = std::make_unique<TableSample>(std::move(wanted.feeds), static_cast<int64_t>(rows));
  std::vector<std::string> quoted;
  for (const std::string& column : wanted.columns) quoted.push_back("`" + column + "`");
  Status status = run("SELECT " + Join(quoted, ", ") + " FROM `" + table + "`", sampled.sample.get());
  RETURN_IF_ERROR(sampled.sample->failed());
  return status.code() == StatusCode::kCancelled ? Status::Ok() : status;
}

// One query a table, over all columns that its operators need.
Status StateForecast::SampleTables(const RunQuery& run) {
  ASSIGN_OR_RETURN(auto tables, FindWanted());
  for (auto& [table, wanted] : tables) {
    if (!wanted.feeds.empty()) RETURN_IF_ERROR(Sample(table, std::move(wanted), run));
  }
  return Status::Ok();
}

const StateForecast::Sampled* StateForecast::SampleOf(const sql::StateUse& use) const {
  auto table = table_of_.find(&use);
  if (table == table_of_.end()) return nullptr;
  auto sampled = samples_.find(table->second);
  return sampled == samples_.end() || sampled->second.sample->rows() == 0 ? nullptr : &sampled->second;
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

std::vector<StateLoad> StateForecast::DeclaredLoads(const sql::StateUse& use, double keys,
                                                    double rows) const {
  StateLoad load;
  load.keys = {keys, keys, keys};
  auto held = static_cast<double>(use.held_ms), slice = static_cast<double>(use.slice_ms);
  if (slice > 0)
    load.copies =
        std::max(1.0, std::round(held / (use.step_ms > 0 ? static_cast<double>(use.step_ms) : slice)));
  double per_key = use.keeping == sql::Keeping::kTop ? static_cast<double>(use.most_per_key) : 1;
  load.classes = {{keys, use.ordered && rows > 0 ? std::max(1.0, rows / keys) : per_key}};
  return {load};
}

void StateForecast::FillWidths(const sql::StateUse& use, TableSample::Found* found) const {
  bool declared = std::any_of(use.row.begin(), use.row.end(), [&](const sql::TracedColumn& column) {
    return column.source.known() && Declared("penstock.state.bytes.", column.source);
  });
  if (found->key_bytes.empty()) found->key_bytes = {static_cast<size_t>(Width(use.keys, true))};
  EntrySample& entries = found->entries;
  if (entries.row_bytes.empty() || declared) entries.row_bytes = {static_cast<size_t>(Width(use.row, false))};
  bool viewed = use.keeping == sql::Keeping::kViews;
  if (entries.name_bytes.empty() && !viewed)
    entries.name_bytes = {static_cast<size_t>(Width(use.name, false))};
}

Result<StateForecast::Forecast> StateForecast::Of(const sql::StateUse& use) const {
  const Sampled* sampled = SampleOf(use);
  TableSample::Found found;
  double rows = 0, seen = 0;  // of the table
  if (sampled != nullptr) {
    found = sampled->sample->Of(use);
    rows = sampled->rows;
    seen = sampled->sample->rows();
  }
  Forecast forecast;
  std::vector<StateLoad> loads;
  double part = seen > 0 ? found.rows / seen : 1;  // of the rows reach the operator
  std::optional<double> declared = DeclaredKeys(use);
  if (use.keys.empty() || declared) {
    forecast.origin = "declared";
    loads = DeclaredLoads(use, declared.value_or(1), rows * part);
  } else if (found.rows > 0) {
    forecast.origin = "from " + Count(seen) + " rows";
    if (part < 0.995) forecast.origin += fmt::format(" of which {:.1f} % get here", part * 100);
    if (rows == 0 && use.unbounded()) forecast.origin += ", for as many";
    loads = LoadsOf(use, found, std::max(rows, seen) * part);
  } else {
    return forecast;
  }
  FillWidths(use, &found);
  RETURN_IF_ERROR(Measure(use, found, loads, &forecast));
  return forecast;
}

// Keys of an estimate's ends have the rows that those of the likely one have.
Status StateForecast::Measure(const sql::StateUse& use, const TableSample::Found& found,
                              const std::vector<StateLoad>& loads, Forecast* forecast) const {
  std::unique_ptr<KeyFeeder> feeder = MakeKeyFeeder(use, found.entries, around_.eval);
  StateShape shape{found.key_bytes, found.group_hashes, use.timers, use.gap_ms > 0};
  int parallelism = std::max(1, graph_.vertices[static_cast<size_t>(use.vertex)].parallelism);
  double elements = 0, all_keys = 0;
  for (const StateLoad& load : loads) {
    auto bytes_of = [&](double keys) -> Result<double> {
      std::vector<sql::KeyClass> classes = load.classes;
      double factor = load.keys.likely > 0 ? keys / load.keys.likely : 1;
      for (sql::KeyClass& one : classes) {
        one.keys *= factor / parallelism;
        one.rows = std::max(1.0, one.rows / factor);
      }
      ASSIGN_OR_RETURN(double bytes, MeasureState(shape, feeder.get(), classes, around_.clock));
      return bytes * parallelism * load.copies;
    };
    ASSIGN_OR_RETURN(double low, bytes_of(load.keys.low));
    ASSIGN_OR_RETURN(double likely, bytes_of(load.keys.likely));
    ASSIGN_OR_RETURN(double high, bytes_of(load.keys.high));
    ASSIGN_OR_RETURN(double records, MeasureRecords(shape, feeder.get(), load.classes, around_.clock));
    forecast->records += records * load.copies;
    forecast->bytes.low += std::min(low, likely);
    forecast->bytes.likely += likely;
    forecast->bytes.high += std::max(high, likely);
    for (const sql::KeyClass& one : load.classes) {
      all_keys += one.keys * load.copies;
      elements += one.keys * load.copies * ElementsOf(use, one.rows);
    }
  }
  forecast->keys = loads[0].keys;
  forecast->copies = loads[0].copies;
  double entry = Average(found.entries.name_bytes) + Average(found.entries.row_bytes) +
                 static_cast<double>(use.element_bytes + use.fixed_bytes);
  forecast->entry_bytes = Average(found.key_bytes) + entry * elements / std::max(1.0, all_keys);
  return Status::Ok();
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
  if (use.keeping != sql::Keeping::kViews)
    text += fmt::format(" x {:.0f} B = {}", forecast.entry_bytes,
                        BytesText(keys.likely * forecast.entry_bytes * forecast.copies));
  text += ", with its structures " + BytesText(forecast.bytes.likely) + "\n";
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
  double records = 0;
  bool known = uses_.others.empty();
  for (const sql::StateUse& use : uses_.uses) {
    ASSIGN_OR_RETURN(Forecast forecast, Of(use));
    text += Line(use, forecast);
    known = known && !forecast.origin.empty();
    if (!forecast.origin.empty()) {
      StateBytes& known_bytes = likely_[graph_.vertices[static_cast<size_t>(use.vertex)].uid];
      known_bytes.memory += forecast.bytes.likely;
      known_bytes.records += forecast.records;
      records += forecast.records;
    }
    total.low += forecast.bytes.low;
    total.likely += forecast.bytes.likely;
    total.high += forecast.bytes.high;
  }
  for (const std::string& other : uses_.others) text += other + ": state that is not forecast\n";
  if (uses_.uses.empty() && uses_.others.empty()) return text + "no operator keeps state\n";
  text += (known ? "total: " : "total of what is forecast: ") + BytesText(total.likely);
  if (total.high > total.low * 1.01)
    text += " (" + BytesText(total.low) + " to " + BytesText(total.high) + ")";
  return text + "\n" + DiskLine(total.likely, records);
}

// Of a backend that has a disk: memory takes the budget at most, of every operator the same part.
std::string StateForecast::DiskLine(double memory, double records) {
  bool has_disk = StateBackendOf(config_) == kDiskBackend;
  double budget = has_disk ? static_cast<double>(MemoryBudgetOf(config_)) : INFINITY;
  bool fits = memory < budget;
  for (auto& [uid, bytes] : likely_) {
    bytes.memory *= fits ? 1 : budget / memory;
    bytes.records *= fits ? 0 : 1;
  }
  if (!has_disk) return "";
  std::string limit = "state.memory.budget (" + BytesText(budget) + ")";
  if (fits) return "on disk: nothing, all of it fits into " + limit + "\n";
  return "on disk: what does not fit into " + limit + ", up to " + BytesText(records) +
         " of records before compression\n";
}

}  // namespace penstock
