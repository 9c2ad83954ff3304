// Splits and their reader. A position is the split's number, the number of splits, and how many of its events
// are done: a restored split goes on also when the parallelism is another one.
#include "connectors/nexmark/nexmark_reader.h"

#include <algorithm>

#include "base/strings.h"
#include "connectors/table_options.h"
#include "data/datetime.h"

namespace penstock {

namespace {

struct SplitPosition {
  int64_t index = 0, splits = 1, done = 0;

  std::string id() const { return "events-" + std::to_string(index) + "-of-" + std::to_string(splits); }
  std::string Serialize() const {
    ByteWriter out;
    for (int64_t value : {index, splits, done}) out.Varint(static_cast<uint64_t>(value));
    return out.Take();
  }
  static Result<SplitPosition> Parse(const SourceSplit& split) {
    ByteReader in(split.position);
    SplitPosition position;
    for (int64_t* value : {&position.index, &position.splits, &position.done})
      *value = static_cast<int64_t>(in.Varint());
    if (!in.ok() || position.splits < 1 || position.index >= position.splits)
      return Status::Corruption("position of nexmark split " + split.id);
    return position;
  }
};

class NexmarkEnumerator : public SplitEnumerator {
 public:
  // `splits`: 0 after a restart, where those of the savepoint make all events between them.
  explicit NexmarkEnumerator(int splits) : splits_(splits) {}
  Result<std::vector<SourceSplit>> Discover() override {
    std::vector<SourceSplit> found;
    for (int i = 0; i < splits_; ++i) {
      SplitPosition position{i, splits_, 0};
      found.push_back({position.id(), position.Serialize()});
    }
    return found;
  }

 private:
  int splits_;
};

class NexmarkReader : public SplitReader {
 public:
  NexmarkReader(const TableSpec& spec, const NexmarkOptions& options, const NexmarkBatchMaker& maker,
                const Clock* clock)
      : table_(spec.table), key_(spec.Serialize()), options_(options), maker_(maker), clock_(clock) {}

  Status AddSplits(std::vector<SourceSplit> splits) override {
    for (const SourceSplit& split : splits) {
      ASSIGN_OR_RETURN(SplitPosition position, SplitPosition::Parse(split));
      Part part{position, NexmarkSplit(options_, position.index, position.splits), nullptr};
      if (options_.preload)
        part.batches = NexmarkBatchStore::Get().Load(table_, key_, maker_, part.split, position.id());
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
    if (options_.rows_per_second > 0) {
      int64_t now = clock_->MonotonicMillis();
      if (start_ms_ < 0) start_ms_ = now;
      int64_t due_ms = start_ms_ + made_ * 1000 * part->position.splits /
                                       (options_.rows_per_second * static_cast<int64_t>(parts_.size()));
      if (now < due_ms) {
        result.retry_at_ms = due_ms;
        result.sleeping = true;
        return result;
      }
      max_rows = std::min(max_rows, std::max<int64_t>(1, options_.rows_per_second / 100));
    }
    result.batch = Read(*part, max_rows);
    part->position.done += result.batch.rows;
    made_ += result.batch.rows;
    result.state = PollState::kRows;
    return result;
  }

  std::vector<SourceSplit> Snapshot() const override {
    std::vector<SourceSplit> splits;
    for (const Part& part : parts_) splits.push_back({part.position.id(), part.position.Serialize()});
    return splits;
  }

 private:
  struct Part {
    SplitPosition position;
    NexmarkSplit split;
    std::shared_ptr<const NexmarkBatchStore::Batches> batches;  // of `preload`
  };

  // The splits in turn, a batch each, so that their times stay close.
  Part* NextPart() {
    for (size_t i = 0; i < parts_.size(); ++i) {
      Part& part = parts_[turn_++ % parts_.size()];
      if (part.position.done < part.split.events()) return &part;
    }
    return nullptr;
  }

  Batch Read(const Part& part, int64_t max_rows) const {
    int64_t done = part.position.done;
    if (!part.batches)
      return maker_.MakeBatch(part.split, done, std::min(max_rows, part.split.events() - done));
    const Batch& made = (*part.batches)[static_cast<size_t>(done / NexmarkBatchStore::kBatchRows)];
    int64_t begin = done % NexmarkBatchStore::kBatchRows;
    if (begin == 0 && made.rows <= max_rows) return made;
    return made.Slice(begin, std::min(max_rows, made.rows - begin));
  }

  std::string table_, key_;
  NexmarkOptions options_;
  const NexmarkBatchMaker& maker_;  // of the source
  const Clock* clock_;
  std::vector<Part> parts_;
  size_t turn_ = 0;
  int64_t start_ms_ = -1;
  int64_t made_ = 0;  // since start_ms_
};

Status ReadInt(const Options& options, const std::string& key, int64_t low, int64_t* value) {
  ASSIGN_OR_RETURN(*value, IntOption(options, key, *value));
  if (*value >= low || !options.contains(key)) return Status::Ok();
  return BadTableOption(options, key, "an integer of at least " + std::to_string(low));
}

std::vector<Field> FieldsOf(const std::vector<TableSpecColumn>& columns) {
  std::vector<Field> fields;
  for (const TableSpecColumn& column : columns) fields.push_back({column.name, column.type});
  return fields;
}

}  // namespace

const std::vector<std::string>& NexmarkOptionNames() {
  static const std::vector<std::string> names = {"events.num", "next-event.rate", "seed",
                                                 "base-time",  "splits",          "unique-prices",
                                                 "preload",    "rows-per-second"};
  return names;
}

Result<NexmarkOptions> ParseNexmarkOptions(const std::map<std::string, std::string>& given) {
  NexmarkOptions options;
  ASSIGN_OR_RETURN(int64_t seed, IntOption(given, "seed", 42));
  options.seed = static_cast<uint64_t>(seed);
  RETURN_IF_ERROR(ReadInt(given, "events.num", 0, &options.events));
  RETURN_IF_ERROR(ReadInt(given, "next-event.rate", 1, &options.rate));
  RETURN_IF_ERROR(ReadInt(given, "rows-per-second", 0, &options.rows_per_second));
  ASSIGN_OR_RETURN(options.unique_prices, BoolOption(given, "unique-prices", false));
  ASSIGN_OR_RETURN(options.preload, BoolOption(given, "preload", false));
  if (options.preload && options.events < 0)
    return SqlError(ErrorNumber::kBadOption, {}, "option 'preload' needs option 'events.num'");
  if (auto base = given.find("base-time"); base != given.end()) {
    std::optional<int128_t> nanos = ParseTimestamp(base->second);
    if (!nanos) return BadTableOption(given, "base-time", "a timestamp such as '2025-01-01 00:00:00'");
    options.base_ms = static_cast<int64_t>(FloorDiv(*nanos, int128_t(1'000'000)));
  }
  if (auto splits = given.find("splits"); splits != given.end()) {
    options.interleaved = splits->second == "interleaved";
    if (!options.interleaved && splits->second != "timelines")
      return BadTableOption(given, "splits", "'timelines' or 'interleaved'");
  }
  return options;
}

Result<std::unique_ptr<Source>> NexmarkSource::Make(std::string_view bytes) {
  ASSIGN_OR_RETURN(TableSpec spec, TableSpec::Parse(bytes));
  ASSIGN_OR_RETURN(NexmarkOptions options, ParseNexmarkOptions(spec.options));
  ASSIGN_OR_RETURN(NexmarkBatchMaker maker, NexmarkBatchMaker::Make(options, FieldsOf(spec.columns)));
  return std::unique_ptr<Source>(new NexmarkSource(std::move(spec), options, std::move(maker)));
}

Result<std::unique_ptr<SplitEnumerator>> NexmarkSource::MakeEnumerator(const SourceContext& context) {
  auto enumerator = std::make_unique<NexmarkEnumerator>(context.restored ? 0 : context.parallelism);
  if (options_.preload && !context.restored) {
    NexmarkReader maker(spec_, options_, maker_, context.clock);
    ASSIGN_OR_RETURN(std::vector<SourceSplit> splits, enumerator->Discover());
    RETURN_IF_ERROR(maker.AddSplits(std::move(splits)));
  }
  return std::unique_ptr<SplitEnumerator>(std::move(enumerator));
}

Result<std::unique_ptr<SplitReader>> NexmarkSource::MakeReader(const SourceContext& context) {
  return std::unique_ptr<SplitReader>(new NexmarkReader(spec_, options_, maker_, context.clock));
}

}  // namespace penstock
