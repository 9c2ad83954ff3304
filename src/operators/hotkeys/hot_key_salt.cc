// Finding hot keys and spreading their rows.
#include "operators/hotkeys/hot_key_salt.h"

#include <algorithm>
#include <cmath>

#include "data/value_text.h"
#include "state/key_group.h"

namespace penstock {

namespace {

constexpr int64_t kFirstRows = 4096;   // every one of which is looked at; then one of eight
constexpr int64_t kJudgeEvery = 1024;  // rows looked at
constexpr int64_t kLeastSeen = 512;    // of a key before it may be called hot

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
  return hash ^ hash >> 32;
}

std::vector<DataType> ReadTypes(ByteReader& in, std::vector<int>* columns) {
  std::vector<DataType> types;
  for (uint64_t left = in.Count(); left > 0; --left) {
    columns->push_back(static_cast<int>(in.Varint()));
    Result<DataType> type = DataType::Read(in);
    types.push_back(type ? *type : DataType::Null());
  }
  return types;
}

void WriteTypes(const std::vector<int>& columns, const std::vector<DataType>& types, ByteWriter& out) {
  out.Varint(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    out.Varint(static_cast<uint64_t>(columns[i]));
    types[i].Write(out);
  }
}

// The smallest numbers that a hash exchange on a BIGINT column sends to each target.
std::vector<int64_t> RoutesTo(int targets, int max_parallelism) {
  std::vector<int64_t> routes(static_cast<size_t>(targets), -1);
  KeyCodec codec({DataType::BigInt().NotNull()});
  std::string key;
  for (int64_t value = 0, missing = targets; missing > 0; ++value) {
    ColumnPtr column = Column::Constant(DataType::BigInt().NotNull(), Value::Int(value), 1);
    key.clear();
    codec.EncodeRow(std::span(&column, 1), 0, &key);
    int target = SubtaskOf(KeyGroupOf(HashKey(key), max_parallelism), max_parallelism, targets);
    int64_t& route = routes[static_cast<size_t>(target)];
    if (route >= 0) continue;
    route = value;
    --missing;
  }
  return routes;
}

}  // namespace

std::string HotKeySaltSpec::Serialize() const {
  ByteWriter out;
  WriteTypes(groups, group_types, out);
  WriteTypes(content, content_types, out);
  out.Varint(static_cast<uint64_t>(max_parallelism));
  return out.Take();
}

Result<HotKeySaltSpec> HotKeySaltSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  HotKeySaltSpec spec;
  spec.group_types = ReadTypes(in, &spec.groups);
  spec.content_types = ReadTypes(in, &spec.content);
  spec.max_parallelism = static_cast<int>(in.Varint());
  if (!in.ok() || spec.max_parallelism < 1) return Status::Corruption("the spec of a HotKeySalt is damaged");
  return spec;
}

HotKeySalt::HotKeySalt(HotKeySaltSpec spec) : spec_(std::move(spec)), codec_(spec_.group_types) {
  for (const DataType& type : spec_.content_types) content_codecs_.emplace_back(std::vector<DataType>{type});
}

Status HotKeySalt::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  routes_ = RoutesTo(std::min(context->next_parallelism, spec_.max_parallelism), spec_.max_parallelism);
  findings_ = std::make_shared<HotKeyFindings>();
  context->metrics->SetFindings(findings_);
  return Status::Ok();
}

Result<Progress> HotKeySalt::Process(int, const Batch& batch, Output& out) {
  if (batch.rows == 0) {  // marks alone may come without columns
    Batch marks = batch;
    marks.columns.clear();
    out.Emit(std::move(marks));
    return Progress::kDone;
  }
  std::vector<ColumnPtr> columns;
  for (int group : spec_.groups) columns.push_back(batch.column(group));
  KeyBlock keys;
  codec_.Encode(columns, batch.rows, &keys);
  std::vector<uint64_t> hashes(static_cast<size_t>(batch.rows));
  for (int64_t row = 0; row < batch.rows; ++row) hashes[static_cast<size_t>(row)] = HashKey(keys[row]);
  Watch(keys, hashes);
  auto values = std::make_shared<Buffer>(hashes.size() * sizeof(int64_t));
  auto* routes = values->as<int64_t>();
  for (size_t i = 0; i < hashes.size(); ++i) {
    routes[i] = static_cast<int64_t>(hashes[i]);
    if (hot_.empty()) continue;
    auto at = hot_.find(hashes[i]);
    if (at == hot_.end()) continue;
    uint64_t salt =
        ContentHash(batch, static_cast<int64_t>(i)) % std::min<uint64_t>(at->second.subtasks, routes_.size());
    routes[i] = routes_[(hashes[i] + salt) % routes_.size()];
  }
  Batch result = batch;
  result.columns.push_back(Column::Fixed(Physical::kInt64, batch.rows, values));
  out.Emit(std::move(result));
  return Progress::kDone;
}

void HotKeySalt::Watch(const KeyBlock& keys, const std::vector<uint64_t>& hashes) {
  int64_t row = next_watched_;
  while (row < keys.rows()) {
    hitters_.Add(keys[row], hashes[static_cast<size_t>(row)]);
    // Irregular: rows may repeat in any period.
    steps_ = steps_ * 6364136223846793005ULL + 1442695040888963407ULL;
    row += hitters_.total() < kFirstRows ? 1 : 1 + static_cast<int64_t>(steps_ >> 61) * 2;
  }
  next_watched_ = row - keys.rows();
  if (std::abs(hitters_.total() - judged_at_) >= kJudgeEvery) Judge();
}

// A key is hot that alone makes more than a quarter of what a subtask should have. It is spread so that each
// of its parts is at most half of that.
void HotKeySalt::Judge() {
  judged_at_ = hitters_.total();
  if (routes_.size() < 2) return;
  auto targets = static_cast<double>(routes_.size());
  std::vector<HotKeyFindings::HotKey> told;
  for (const HeavyHitters::Counter& counter : hitters_.counters()) {
    int64_t sure = counter.count - counter.error;
    double share = static_cast<double>(sure) / static_cast<double>(hitters_.total());
    if (sure >= kLeastSeen && share * targets * 4 > 1) {
      double wanted = std::clamp(std::ceil(share * targets * 2), 2.0, targets);
      Heat(counter.key, counter.hash, static_cast<uint64_t>(wanted));
    }
    auto at = hot_.find(counter.hash);
    if (at != hot_.end())
      told.push_back({KeyText(counter.key), share,
                      static_cast<int>(std::min<uint64_t>(at->second.subtasks, routes_.size()))});
  }
  std::sort(told.begin(), told.end(), [](const auto& a, const auto& b) { return a.share > b.share; });
  findings_->Set(std::move(told));
}

void HotKeySalt::Heat(const std::string& key, uint64_t hash, uint64_t subtasks) {
  Hot& hot = hot_[hash];
  hot.key = key;
  hot.subtasks = std::max(hot.subtasks, subtasks);
}

std::string HotKeySalt::KeyText(const std::string& key) const {
  std::vector<ColumnBuilder> builders;
  for (const DataType& type : spec_.group_types) builders.emplace_back(type);
  codec_.Decode(key, builders);
  std::string text;
  for (size_t i = 0; i < builders.size(); ++i) {
    Value value = builders[i].Finish()->ValueAt(0);
    text += (i > 0 ? ", " : "") +
            (value.is_null() ? "NULL" : ValueToText(value, spec_.group_types[i], *context_->eval->zone));
  }
  return "(" + text + ")";
}

uint64_t HotKeySalt::ContentHash(const Batch& batch, int64_t row) {
  if (spec_.content.empty()) return row_number_++;
  uint64_t hash = 0;
  for (size_t c = 0; c < spec_.content.size(); ++c) {
    const ColumnPtr& column = batch.column(spec_.content[c]);
    if (column->IsNull(row)) {
      hash = Mix(hash, 1);
    } else if (column->physical() == Physical::kInt64) {
      hash = Mix(hash, static_cast<uint64_t>(column->At<int64_t>(row)));
    } else if (column->physical() == Physical::kString) {
      hash = Mix(hash, HashKey(column->StringAt(row)));
    } else {
      scratch_.clear();
      content_codecs_[c].EncodeRow(std::span(&column, 1), row, &scratch_);
      hash = Mix(hash, HashKey(scratch_));
    }
  }
  return hash >> 7;
}

Status HotKeySalt::SnapshotState(std::vector<std::string>* lists) {
  ByteWriter out;
  out.Varint(hot_.size());
  std::map<std::string, uint64_t> ordered;
  for (const auto& [hash, hot] : hot_) ordered[hot.key] = hot.subtasks;
  for (const auto& [key, subtasks] : ordered) {
    out.String(key);
    out.Varint(subtasks);
  }
  lists->push_back(out.Take());
  return Status::Ok();
}

Status HotKeySalt::RestoreState(const std::vector<std::string>& lists) {
  for (const std::string& list : lists) {
    ByteReader in(list);
    for (uint64_t left = in.Count(); left > 0; --left) {
      std::string key(in.String());
      Heat(key, HashKey(key), in.Varint());
    }
    if (!in.ok()) return Status::Corruption("the hot keys of a checkpoint are cut short");
  }
  return Status::Ok();
}

}  // namespace penstock
