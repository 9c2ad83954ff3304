// The clickstream generator as a source: one split per subtask number, events dealt round robin.
#include "connectors/clickstream/clickstream_connector.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/strings.h"
#include "connectors/clickstream/event_generator.h"
#include "data/datetime.h"
#include "data/row_codec.h"
#include "stream/table_spec.h"

namespace penstock {

namespace {

const std::vector<std::string> kOptionNames = {
    "seed",        "number-of-rows", "events-per-second", "rows-per-second", "users", "pages",
    "whale-share", "late-share",     "malformed-share",   "disorder",        "start", "scan.parallelism"};

// The columns it can fill, by name.
enum class Column : uint8_t { kEventId, kUserId, kPage, kCountry, kAction, kAmount, kEventTime };

struct KnownColumn {
  const char* name;
  Column column;
  DataType type;
};

const std::vector<KnownColumn>& KnownColumns() {
  static const auto* known = new std::vector<KnownColumn>{
      {"event_id", Column::kEventId, DataType::BigInt()},
      {"user_id", Column::kUserId, DataType::BigInt()},
      {"page", Column::kPage, DataType::String()},
      {"country", Column::kCountry, DataType::String()},
      {"action", Column::kAction, DataType::String()},
      {"amount", Column::kAmount, DataType::Decimal(10, 2)},
      {"event_time", Column::kEventTime, DataType::Timestamp(3)},
  };
  return *known;
}

const KnownColumn* FindKnown(const std::string& name) {
  for (const KnownColumn& known : KnownColumns()) {
    if (name == known.name) return &known;
  }
  return nullptr;
}

template <typename T>
Status ReadNumber(const std::map<std::string, std::string>& options, const char* key, T low, T* value) {
  auto it = options.find(key);
  if (it == options.end()) return Status::Ok();
  const std::string& text = it->second;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (error == std::errc() && end == text.data() + text.size() && *value >= low) return Status::Ok();
  return SqlError(
      ErrorNumber::kBadOption, {},
      "option '" + std::string(key) + "' of a clickstream table is no valid number: '" + text + "'");
}

Result<ClickstreamOptions> ParseOptions(const std::map<std::string, std::string>& given) {
  ClickstreamOptions options;
  RETURN_IF_ERROR(ReadNumber<uint64_t>(given, "seed", 0, &options.seed));
  RETURN_IF_ERROR(ReadNumber<int64_t>(given, "number-of-rows", 0, &options.rows));
  RETURN_IF_ERROR(ReadNumber<int64_t>(given, "events-per-second", 1, &options.events_per_second));
  RETURN_IF_ERROR(ReadNumber<int64_t>(given, "rows-per-second", 0, &options.rows_per_second));
  RETURN_IF_ERROR(ReadNumber<int64_t>(given, "users", 1, &options.users));
  RETURN_IF_ERROR(ReadNumber<int64_t>(given, "pages", 1, &options.pages));
  RETURN_IF_ERROR(ReadNumber<double>(given, "whale-share", 0, &options.whale_share));
  RETURN_IF_ERROR(ReadNumber<double>(given, "late-share", 0, &options.late_share));
  RETURN_IF_ERROR(ReadNumber<double>(given, "malformed-share", 0, &options.malformed_share));
  auto disorder = given.find("disorder");
  long long millis = 0;
  if (disorder != given.end()) {
    if (!ParseDuration(disorder->second, &millis)) {
      return SqlError(ErrorNumber::kBadOption, {}, "option 'disorder' is a duration such as '5 s'");
    }
    options.disorder_ms = millis;
  }
  if (auto start = given.find("start"); start != given.end()) {
    std::optional<int128_t> nanos = ParseTimestamp(start->second);
    if (!nanos) return SqlError(ErrorNumber::kBadOption, {}, "option 'start' is a timestamp");
    options.start_ms = static_cast<int64_t>(*nanos / 1'000'000);
  }
  return options;
}

// One split: events first, first + step, first + 2 step, ...
struct Progress {
  int64_t first = 0, step = 1, done = 0;
  std::string Write() const {
    ByteWriter out;
    out.Fixed(first);
    out.Fixed(step);
    out.Fixed(done);
    return out.Take();
  }
  static Progress Read(std::string_view bytes) {
    ByteReader in(bytes);
    Progress p;
    p.first = in.Fixed<int64_t>();
    p.step = in.Fixed<int64_t>();
    p.done = in.Fixed<int64_t>();
    return p;
  }
  int64_t next() const { return first + done * step; }
};

class Reader : public SplitReader {
 public:
  Reader(const TableSpec& spec, ClickstreamOptions options, SourceContext context)
      : options_(options), context_(std::move(context)), bad_lane_(spec.bad_rows_lane) {
    for (const TableSpecColumn& column : spec.columns) {
      columns_.push_back(FindKnown(column.name)->column);
      types_.push_back(column.type);
    }
    for (int64_t page = 0; page < options_.pages; ++page) pages_.push_back("/page/" + std::to_string(page));
    started_ms_ = context_.clock->MonotonicMillis();
  }

  Status AddSplits(std::vector<SourceSplit> splits) override {
    for (const SourceSplit& split : splits) splits_.push_back({split.id, Progress::Read(split.position)});
    return Status::Ok();
  }

  Result<PollResult> Poll(int64_t max_rows) override {
    PollResult result;
    if (splits_.empty()) {
      result.state = PollState::kEnd;
      return result;
    }
    auto& [id, progress] = splits_[current_++ % splits_.size()];
    int64_t left =
        options_.rows < 0 ? max_rows : (options_.rows - progress.next() + progress.step - 1) / progress.step;
    int64_t count = std::min(max_rows, left);
    if (count <= 0) {
      result.state = AllDone() ? PollState::kEnd : PollState::kNothing;
      result.retry_at_ms = 0;
      return result;
    }
    if (options_.rows_per_second > 0) {
      int64_t due = progress.next() * 1000 / options_.rows_per_second + started_ms_;
      if (due > context_.clock->MonotonicMillis()) {
        result.retry_at_ms = due;
        result.sleeping = true;
        return result;
      }
    }
    return Generate(progress, count);
  }

  Batch TakeBadRows() override { return std::exchange(bad_, Batch()); }

  std::vector<SourceSplit> Snapshot() const override {
    std::vector<SourceSplit> splits;
    for (const auto& [id, progress] : splits_) splits.push_back({id, progress.Write()});
    return splits;
  }

 private:
  bool AllDone() const {
    return options_.rows >= 0 && std::all_of(splits_.begin(), splits_.end(), [&](const auto& split) {
             return split.second.next() >= options_.rows;
           });
  }

  Result<PollResult> Generate(Progress& progress, int64_t count) {
    PollResult result;
    std::vector<ColumnBuilder> builders = MakeBuilders(types_);
    std::vector<int64_t> malformed;
    for (int64_t i = 0; i < count; ++i) {
      int64_t number = progress.next();
      ++progress.done;
      ClickstreamEvent event = GenerateEvent(options_, number);
      if (event.malformed) {
        malformed.push_back(number);
        continue;
      }
      for (size_t c = 0; c < builders.size(); ++c) Append(columns_[c], number, event, &builders[c]);
      ++result.batch.rows;
    }
    *context_.bad_rows += static_cast<int64_t>(malformed.size());
    if (!malformed.empty() && !bad_lane_) {
      return Status::InvalidData("record " + std::to_string(malformed[0]) +
                                 " of the clickstream is malformed")
          .WithNumber(ErrorNumber::kBadRecord)
          .WithHint("SET 'penstock.bad-rows.<table>' = '<sink>' keeps such records aside");
    }
    if (!malformed.empty()) AddBadRows(malformed);
    result.batch.columns = FinishBuilders(builders);
    result.state = PollState::kRows;
    return result;
  }

  void Append(Column column, int64_t number, const ClickstreamEvent& event, ColumnBuilder* out) const {
    switch (column) {
      case Column::kEventId: return out->Append<int64_t>(number);
      case Column::kUserId: return out->Append<int64_t>(event.user_id);
      case Column::kPage: return out->AppendString(pages_[static_cast<size_t>(event.page)]);
      case Column::kCountry: return out->AppendString(kCountries[event.country]);
      case Column::kAction: return out->AppendString(kActions[event.action]);
      case Column::kAmount:
        if (event.action != 3) return out->AppendNull();
        return out->Append<int128_t>(event.amount);
      case Column::kEventTime: return out->Append<int64_t>(event.time_ms * 1000);
    }
  }

  void AddBadRows(const std::vector<int64_t>& numbers) {
    ColumnBuilder raw(DataType::Bytes()), error(DataType::String()), position(DataType::String());
    for (int64_t number : numbers) {
      raw.AppendString("{\"event_id\":" + std::to_string(number) + ",\"user_id\":");
      error.AppendString("the record is cut short");
      position.AppendString("event " + std::to_string(number));
    }
    bad_ = Batch(static_cast<int64_t>(numbers.size()), {raw.Finish(), error.Finish(), position.Finish()});
  }

  ClickstreamOptions options_;
  SourceContext context_;
  bool bad_lane_;
  std::vector<Column> columns_;
  std::vector<DataType> types_;
  std::vector<std::string> pages_;
  std::vector<std::pair<std::string, Progress>> splits_;
  size_t current_ = 0;
  int64_t started_ms_ = 0;
  Batch bad_;
};

class Enumerator : public SplitEnumerator {
 public:
  // `splits`: 0 after a restart, where those of the savepoint make all events between them.
  explicit Enumerator(int splits) : splits_(splits) {}
  Result<std::vector<SourceSplit>> Discover() override {
    std::vector<SourceSplit> out;
    for (int s = 0; s < splits_; ++s)
      out.push_back({"part-" + std::to_string(s), Progress{s, splits_, 0}.Write()});
    return out;
  }

 private:
  int splits_;
};

class ClickstreamSource : public Source {
 public:
  ClickstreamSource(TableSpec spec, ClickstreamOptions options) : spec_(std::move(spec)), options_(options) {}
  Result<std::unique_ptr<SplitEnumerator>> MakeEnumerator(const SourceContext& context) override {
    return std::unique_ptr<SplitEnumerator>(new Enumerator(context.restored ? 0 : context.parallelism));
  }
  Result<std::unique_ptr<SplitReader>> MakeReader(const SourceContext& context) override {
    return std::unique_ptr<SplitReader>(new Reader(spec_, options_, context));
  }

 private:
  TableSpec spec_;
  ClickstreamOptions options_;
};

}  // namespace

Result<SourceAbilities> ClickstreamConnector::DescribeSource(const Table& table) const {
  RETURN_IF_ERROR(CheckOptions(table, kOptionNames));
  ASSIGN_OR_RETURN(ClickstreamOptions options, ParseOptions(table.options));
  for (const TableColumn& column : table.columns) {
    if (!column.stored()) continue;
    const KnownColumn* known = FindKnown(column.name);
    if (known != nullptr && known->type.SameAs(column.type)) continue;
    std::vector<std::string> columns;
    for (const KnownColumn& k : KnownColumns())
      columns.push_back(std::string(k.name) + " " + k.type.ToString());
    return SqlError(
        ErrorNumber::kBadOption, {},
        "connector 'clickstream' has no column '" + column.name + " " + column.type.ToString() + "'",
        "its columns are " + Join(columns, ", "));
  }
  SourceAbilities abilities;
  abilities.bounded = options.rows >= 0;
  return abilities;
}

Result<SinkAbilities> ClickstreamConnector::DescribeSink(const Table&, ChangelogMode) const {
  return SqlError(ErrorNumber::kReadOnly, {}, "connector 'clickstream' cannot be written to");
}

void ClickstreamConnector::Register(FactoryRegistry* registry) {
  registry->AddSource("clickstream", [](std::string_view bytes) -> Result<std::unique_ptr<Source>> {
    ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
    ASSIGN_OR_RETURN(ClickstreamOptions options, ParseOptions(spec.options));
    return std::unique_ptr<Source>(new ClickstreamSource(std::move(spec), options));
  });
}

}  // namespace penstock
