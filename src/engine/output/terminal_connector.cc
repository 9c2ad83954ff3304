// Options and sinks of terminal tables.
#include "engine/output/terminal_connector.h"

#include <charconv>

#include "base/strings.h"
#include "stream/table_spec.h"

namespace penstock {

namespace {

Result<int64_t> RowsOption(const std::map<std::string, std::string>& options) {
  auto given = options.find("rows");
  int64_t rows = 15;
  if (given == options.end()) return rows;
  const std::string& text = given->second;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rows);
  if (error == std::errc() && end == text.data() + text.size() && rows > 0) return rows;
  return SqlError(ErrorNumber::kBadOption, {},
                  "option 'rows' of a terminal table is a number above 0, not '" + text + "'");
}

// "window_start DESC, events": columns to sort by.
Result<std::vector<LiveTable::Order>> OrderOption(const std::map<std::string, std::string>& options,
                                                  const Schema& schema) {
  std::vector<LiveTable::Order> orders;
  auto given = options.find("order-by");
  if (given == options.end()) return orders;
  for (const std::string& part : Split(given->second, ',')) {
    std::vector<std::string> words;
    for (const std::string& word : Split(part, ' ')) {
      if (!word.empty()) words.push_back(word);
    }
    LiveTable::Order order;
    order.column = words.empty() ? -1 : schema.Find(words[0]);
    order.descending = words.size() == 2 && EqualsIgnoreCase(words[1], "DESC");
    bool ascending = words.size() == 1 || (words.size() == 2 && EqualsIgnoreCase(words[1], "ASC"));
    if (order.column < 0 || !(order.descending || ascending)) {
      return SqlError(
          ErrorNumber::kBadOption, {},
          "option 'order-by' of a terminal table lists columns with ASC or DESC, not '" + part + "'");
    }
    orders.push_back(order);
  }
  return orders;
}

class TerminalWriter : public SinkWriter {
 public:
  explicit TerminalWriter(std::shared_ptr<LiveTable> table) : table_(std::move(table)) {}
  Status Write(const Batch& batch) override {
    table_->Apply(batch);
    return Status::Ok();
  }

 private:
  std::shared_ptr<LiveTable> table_;
};

class TerminalSink : public Sink {
 public:
  TerminalSink(TableSpec spec, LiveTables* tables) : spec_(std::move(spec)), tables_(tables) {}
  Result<std::unique_ptr<SinkWriter>> MakeWriter(const SinkContext&) override {
    LiveTable::Options options;
    options.schema = spec_.schema();
    options.key = spec_.primary_key;
    ASSIGN_OR_RETURN(options.order, OrderOption(spec_.options, options.schema));
    int mark = options.schema.Find("is_final");
    if (mark >= 0 && options.schema[mark].type.is(TypeKind::kBoolean)) options.open_mark = mark;
    options.rows_max = 20'000;
    ASSIGN_OR_RETURN(int64_t rows, RowsOption(spec_.options));
    return std::unique_ptr<SinkWriter>(
        new TerminalWriter(tables_->Add(spec_.table, rows, std::move(options))));
  }

 private:
  TableSpec spec_;
  LiveTables* tables_;
};

}  // namespace

std::shared_ptr<LiveTable> LiveTables::Add(const std::string& name, int64_t rows,
                                           LiveTable::Options options) {
  std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_) {
    if (entry.name == name) return entry.table;
  }
  entries_.push_back({name, rows, std::make_shared<LiveTable>(std::move(options))});
  return entries_.back().table;
}

std::vector<LiveTables::Entry> LiveTables::entries() const {
  std::lock_guard lock(mutex_);
  return entries_;
}

void LiveTables::Clear() {
  std::lock_guard lock(mutex_);
  entries_.clear();
}

Result<SourceAbilities> TerminalConnector::DescribeSource(const Table& table) const {
  return SqlError(
      ErrorNumber::kReadOnly, {},
      "table '" + table.path.ToString() + "' cannot be read: connector 'terminal' is only a sink");
}

Result<SinkAbilities> TerminalConnector::DescribeSink(const Table& table, ChangelogMode requested) const {
  RETURN_IF_ERROR(CheckOptions(table, {"rows", "order-by"}));
  RETURN_IF_ERROR(RowsOption(table.options).status());
  RETURN_IF_ERROR(OrderOption(table.options, table.sink_schema()).status());
  SinkAbilities abilities;
  abilities.accepts = requested;
  abilities.wants_update_before = table.primary_key.empty();
  abilities.guarantee = "none";
  return abilities;
}

void TerminalConnector::Register(FactoryRegistry* registry, LiveTables* tables) {
  registry->AddSink("terminal", [tables](std::string_view bytes) -> Result<std::unique_ptr<Sink>> {
    ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
    return std::unique_ptr<Sink>(new TerminalSink(std::move(spec), tables));
  });
}

}  // namespace penstock
