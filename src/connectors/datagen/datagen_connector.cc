// The source: one split for each subtask, which makes every n-th row. Rows are paced by the clock.
#include "connectors/datagen/datagen_connector.h"

#include <algorithm>

#include "base/strings.h"
#include "connectors/datagen/field_generator.h"
#include "connectors/table_options.h"
#include "data/row_codec.h"
#include "stream/table_spec.h"

namespace penstock {

namespace {

constexpr int64_t kTickMillis = 5;  // rows of so much time are made at once

struct DatagenPlan {
  std::vector<FieldGenerator> fields;  // of the wanted columns
  int64_t rows = INT64_MAX;            // of all splits; INT64_MAX: endless
  int64_t rows_per_second = 10000;
};

// `all`: every generated column; sequences bound the rows also where the plan does not read them.
Result<DatagenPlan> MakePlan(const Options& options, const std::vector<Field>& all,
                             const std::vector<Field>& wanted) {
  DatagenPlan plan;
  ASSIGN_OR_RETURN(plan.rows_per_second, IntOption(options, "rows-per-second", 10000));
  if (plan.rows_per_second <= 0) return BadTableOption(options, "rows-per-second", "positive");
  ASSIGN_OR_RETURN(plan.rows, IntOption(options, "number-of-rows", INT64_MAX));
  if (plan.rows < 0) return BadTableOption(options, "number-of-rows", "not negative");
  RETURN_IF_ERROR(IntOption(options, "seed", 0).status());
  for (const Field& field : all) {
    ASSIGN_OR_RETURN(FieldGenerator generator, FieldGenerator::Make(options, field.name, field.type));
    plan.rows = std::min(plan.rows, generator.rows());
  }
  for (const Field& field : wanted) {
    ASSIGN_OR_RETURN(FieldGenerator generator, FieldGenerator::Make(options, field.name, field.type));
    plan.fields.push_back(std::move(generator));
  }
  return plan;
}

class DatagenReader : public SplitReader {
 public:
  DatagenReader(const TableSpec& spec, DatagenPlan plan, SourceContext context)
      : plan_(std::move(plan)), context_(std::move(context)) {
    for (const TableSpecColumn& column : spec.columns) types_.push_back(column.type);
  }

  Status AddSplits(std::vector<SourceSplit> splits) override {
    for (const SourceSplit& split : splits) {
      ByteReader in(split.position);
      Part part{split.id, in.Varint(), in.Varint(), in.Varint(), in.Fixed<uint64_t>()};
      if (!in.ok()) return Status::Corruption("position of datagen split " + split.id);
      parts_.push_back(std::move(part));
    }
    return Status::Ok();
  }

  Result<PollResult> Poll(int64_t max_rows) override {
    PollResult result;
    Part* part = NextPart();
    if (part == nullptr) {
      result.state = PollState::kEnd;
      return result;
    }
    int64_t now = context_.clock->MonotonicMillis();
    int64_t due = DueRows(now);
    if (due <= 0) {
      result.retry_at_ms = now + std::max<int64_t>(1, std::min(kTickMillis, MillisFor(1)));
      result.sleeping = true;
      return result;
    }
    int64_t count = std::min({due, max_rows, RowsLeft(*part)});
    std::vector<ColumnBuilder> builders = MakeBuilders(types_);
    int64_t now_micros = context_.clock->NowMicros();
    for (int64_t i = 0; i < count; ++i) {
      uint64_t row = part->index + part->made * part->stride;
      for (size_t c = 0; c < builders.size(); ++c)
        plan_.fields[c].Append(row, part->seed, now_micros, &builders[c]);
      ++part->made;
    }
    made_ += count;
    result.batch = Batch(count, FinishBuilders(builders));
    result.state = PollState::kRows;
    return result;
  }

  std::vector<SourceSplit> Snapshot() const override {
    std::vector<SourceSplit> splits;
    for (const Part& part : parts_) {
      ByteWriter out;
      out.Varint(part.index);
      out.Varint(part.stride);
      out.Varint(part.made);
      out.Fixed(part.seed);
      splits.push_back({part.id, out.Take()});
    }
    return splits;
  }

 private:
  // Makes rows index, index + stride, ...; `made` of them are done.
  struct Part {
    std::string id;
    uint64_t index = 0, stride = 1, made = 0, seed = 0;
  };

  int64_t RowsLeft(const Part& part) const {
    if (plan_.rows == INT64_MAX) return INT64_MAX;
    uint64_t next = part.index + part.made * part.stride;
    auto total = static_cast<uint64_t>(plan_.rows);
    return next >= total ? 0 : static_cast<int64_t>((total - next + part.stride - 1) / part.stride);
  }
  Part* NextPart() {
    for (size_t i = 0; i < parts_.size(); ++i) {
      Part& part = parts_[turn_++ % parts_.size()];
      if (RowsLeft(part) > 0) return &part;
    }
    return nullptr;
  }
  double RowsPerMilli() const {
    double splits = static_cast<double>(parts_[0].stride);
    return static_cast<double>(plan_.rows_per_second) * static_cast<double>(parts_.size()) / splits / 1000.0;
  }
  int64_t MillisFor(int64_t rows) const {
    return static_cast<int64_t>(static_cast<double>(rows) / RowsPerMilli());
  }
  // Rows to be made now. The first is due at once; time that was lost for more than a second is not made up.
  int64_t DueRows(int64_t now) {
    if (start_ms_ < 0) start_ms_ = now;
    auto due = static_cast<int64_t>(static_cast<double>(now - start_ms_) * RowsPerMilli()) + 1 - made_;
    if (due > plan_.rows_per_second) {
      start_ms_ = now;
      made_ = 0;
      due = plan_.rows_per_second;
      made_ -= due - 1;
    }
    return due;
  }

  DatagenPlan plan_;
  SourceContext context_;
  std::vector<DataType> types_;
  std::vector<Part> parts_;
  size_t turn_ = 0;
  int64_t start_ms_ = -1;
  int64_t made_ = 0;  // since start_ms_
};

class DatagenEnumerator : public SplitEnumerator {
 public:
  // `splits`: 0 after a restart, where those of the savepoint make all rows between them.
  DatagenEnumerator(int splits, uint64_t seed) : splits_(splits), seed_(seed) {}
  Result<std::vector<SourceSplit>> Discover() override {
    std::vector<SourceSplit> found;
    for (int i = 0; i < splits_; ++i) {
      ByteWriter out;
      out.Varint(static_cast<uint64_t>(i));
      out.Varint(static_cast<uint64_t>(splits_));
      out.Varint(0);
      out.Fixed(seed_);
      found.push_back({"rows-" + std::to_string(i), out.Take()});
    }
    return found;
  }

 private:
  int splits_;
  uint64_t seed_;
};

std::vector<Field> FieldsOf(const std::vector<TableSpecColumn>& columns) {
  std::vector<Field> fields;
  for (const TableSpecColumn& column : columns) fields.push_back({column.name, column.type});
  return fields;
}

class DatagenSource : public Source {
 public:
  explicit DatagenSource(TableSpec spec) : spec_(std::move(spec)) {}

  Result<std::unique_ptr<SplitEnumerator>> MakeEnumerator(const SourceContext& context) override {
    uint64_t seed = context.eval != nullptr && context.eval->random ? context.eval->random() : EntropySeed();
    if (spec_.options.contains("seed")) {
      ASSIGN_OR_RETURN(int64_t given, IntOption(spec_.options, "seed", 0));
      seed = static_cast<uint64_t>(given);
    }
    int splits = context.restored ? 0 : context.parallelism;
    return std::unique_ptr<SplitEnumerator>(new DatagenEnumerator(splits, seed));
  }
  Result<std::unique_ptr<SplitReader>> MakeReader(const SourceContext& context) override {
    ASSIGN_OR_RETURN(DatagenPlan plan,
                     MakePlan(spec_.options, FieldsOf(spec_.stored), FieldsOf(spec_.columns)));
    return std::unique_ptr<SplitReader>(new DatagenReader(spec_, std::move(plan), context));
  }

 private:
  TableSpec spec_;
};

// "fields.x.min" must name a column.
Status CheckFieldNames(const Table& table, const std::vector<Field>& fields) {
  for (const auto& [key, value] : table.options) {
    if (!key.starts_with("fields.")) continue;
    std::string rest = key.substr(7);
    bool known = std::any_of(fields.begin(), fields.end(),
                             [&](const Field& field) { return rest.starts_with(field.name + "."); });
    if (known) continue;
    return SqlError(
        ErrorNumber::kBadOption, {},
        "option '" + key + "' names no generated column of table '" + table.path.ToString() + "'");
  }
  return Status::Ok();
}

}  // namespace

Result<SourceAbilities> DatagenConnector::DescribeSource(const Table& table) const {
  std::vector<std::string> known = {"rows-per-second", "number-of-rows", "seed", "fields.*"};
  known.insert(known.end(), CommonSourceOptions().begin(), CommonSourceOptions().end());
  RETURN_IF_ERROR(CheckOptions(table, known));
  std::vector<Field> fields;
  for (const TableColumn& column : table.columns) {
    if (column.kind == TableColumn::Kind::kMetadata) {
      return SqlError(ErrorNumber::kUnknownColumn, {},
                      "connector 'datagen' has no metadata column '" + column.metadata_key + "'");
    }
    if (column.stored()) fields.push_back({column.name, column.type});
  }
  RETURN_IF_ERROR(CheckFieldNames(table, fields));
  ASSIGN_OR_RETURN(DatagenPlan plan, MakePlan(table.options, fields, {}));
  SourceAbilities abilities;
  abilities.bounded = plan.rows != INT64_MAX;
  return abilities;
}

Result<SinkAbilities> DatagenConnector::DescribeSink(const Table& table, ChangelogMode) const {
  return SqlError(
      ErrorNumber::kReadOnly, {},
      "table '" + table.path.ToString() + "' cannot be written: connector 'datagen' is only a source");
}

void DatagenConnector::Register(FactoryRegistry* registry) {
  registry->AddSource("datagen", [](std::string_view bytes) -> Result<std::unique_ptr<Source>> {
    ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
    return std::unique_ptr<Source>(new DatagenSource(std::move(spec)));
  });
}

}  // namespace penstock
