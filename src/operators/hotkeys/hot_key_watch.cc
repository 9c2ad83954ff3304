// Counting keys on the way.
#include "operators/hotkeys/hot_key_watch.h"

namespace penstock {

namespace {
constexpr int64_t kFirst = 8192;      // rows, every one of which is looked at; then one of eight
constexpr int64_t kTellEvery = 1024;  // rows looked at
constexpr int64_t kLeastShare = 200;  // keys with fewer than one row in that many are not kept
}  // namespace

std::string HotKeyWatchSpec::Serialize() const {
  ByteWriter out;
  out.Varint(static_cast<uint64_t>(fewest));
  out.Varint(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    out.Varint(static_cast<uint64_t>(keys[i]));
    types[i].Write(out);
  }
  return out.Take();
}

Result<HotKeyWatchSpec> HotKeyWatchSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  HotKeyWatchSpec spec;
  spec.fewest = static_cast<int64_t>(in.Varint());
  for (uint64_t left = in.Count(); left > 0; --left) {
    spec.keys.push_back(static_cast<int>(in.Varint()));
    ASSIGN_OR_RETURN(DataType type, DataType::Read(in));
    spec.types.push_back(std::move(type));
  }
  if (!in.ok()) return Status::Corruption("the spec of a HotKeyWatch is damaged");
  return spec;
}

Status HotKeyWatch::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  findings_ = std::make_shared<WatchFindings>();
  context->metrics->SetFindings(findings_);
  if (context->subtask == 0) {
    for (const WatchedKeys::Key& key : restored_.keys) hitters_.Add(key.bytes, key.hash, key.rows);
    hitters_.AddOthers(restored_.rows - hitters_.total());
  }
  restored_ = {};
  findings_->Set(Seen());
  return Status::Ok();
}

Result<Progress> HotKeyWatch::Process(int, const Batch& batch, Output& out) {
  if (batch.rows > 0) Look(batch);
  out.Emit(batch);
  return Progress::kDone;
}

void HotKeyWatch::Look(const Batch& batch) {
  std::vector<ColumnPtr> columns;
  for (int key : spec_.keys) columns.push_back(batch.column(key));
  int64_t row = next_row_;
  while (row < batch.rows) {
    scratch_.clear();
    codec_.EncodeRow(columns, row, &scratch_);
    hitters_.Add(scratch_, HashKey(scratch_));
    steps_ = steps_ * 6364136223846793005ULL + 1442695040888963407ULL;
    row += ++looked_ < kFirst ? 1 : 1 + static_cast<int64_t>(steps_ >> 61) * 2;
  }
  next_row_ = row - batch.rows;
  if (looked_ - told_at_ < kTellEvery) return;
  told_at_ = looked_;
  findings_->Set(Seen());
}

WatchedKeys HotKeyWatch::Seen() const {
  WatchedKeys seen;
  seen.rows = hitters_.total();
  seen.fewest = spec_.fewest;
  for (const HeavyHitters::Counter& counter : hitters_.counters()) {
    int64_t sure = counter.count - counter.error;
    if (sure * kLeastShare >= seen.rows) seen.keys.push_back({counter.key, counter.hash, sure});
  }
  return seen;
}

Status HotKeyWatch::SnapshotState(std::vector<std::string>* lists) {
  WatchedKeys seen = Seen();
  lists->push_back(seen.Write());
  findings_->Set(std::move(seen));
  return Status::Ok();
}

Status HotKeyWatch::RestoreState(const std::vector<std::string>& lists) {
  for (const std::string& list : lists) {
    ASSIGN_OR_RETURN(WatchedKeys seen, WatchedKeys::Read(list));
    restored_.Add(seen);
  }
  return Status::Ok();
}

}  // namespace penstock
