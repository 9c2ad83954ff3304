// Scripts, disturbed runs and their comparison.
#include "stream/testing/operator_harness.h"

#include <algorithm>

#include "env/random.h"
#include "state/keyed_image.h"
#include "state/keyed_merge.h"

namespace penstock {

namespace {

constexpr int kMostResumes = 100000;

// Numbers and lists to read; all else as its serialised bytes, where they can be read.
std::string TextOf(const Value& value) {
  if (value.is_null()) return "null";
  if (value.is_int()) return std::to_string(value.as_int());
  if (value.is_list()) {
    std::string text = "[";
    for (const Value& item : value.as_list()) text += (text.size() > 1 ? "," : "") + TextOf(item);
    return text + "]";
  }
  static const char kHex[] = "0123456789abcdef";
  ByteWriter bytes;
  value.Write(bytes);
  std::string text;
  for (char c : bytes.Take()) {
    auto byte = static_cast<unsigned char>(c);
    bool readable = byte > ' ' && byte < 127 && byte != '\\';
    text += readable ? std::string(1, c) : std::string("\\") + kHex[byte >> 4] + kHex[byte & 15];
  }
  return text;
}

// Writes down what an operator emits; full as the disturbance wants it.
class HarnessOutput : public Output {
 public:
  HarnessOutput(bool refuse, uint64_t seed) : refuse_(refuse), random_(seed) {}

  void Emit(int lane, Batch batch) override {
    emitted_ = true;
    full_ = refuse_;
    std::vector<std::string>& lines = lanes_[lane];
    size_t mark = 0;
    for (int64_t row = 0; row <= batch.rows; ++row) {
      for (; mark < batch.marks.size() && batch.marks[mark].offset <= row; ++mark)
        AddMark(lane, batch.marks[mark]);
      if (row == batch.rows) break;
      std::string line = RowKindText(batch.kind(row));
      for (const ColumnPtr& column : batch.columns) line += " " + TextOf(column->ValueAt(row));
      lines.push_back(std::move(line));
    }
  }
  bool full() const override { return full_; }

  void StartCall() {
    full_ = refuse_ && random_.Below(2) == 0;
    emitted_ = false;
  }
  void MakeRoom() {
    full_ = false;
    emitted_ = false;
  }
  bool emitted() const { return emitted_; }
  std::vector<std::string> Lines() const {
    std::vector<std::string> all;
    for (int lane = 0; lane < kLaneCount; ++lane) {
      for (const std::string& line : lanes_[lane])
        all.push_back(lane == kMainLane ? line : "lane " + std::to_string(lane) + ": " + line);
    }
    return all;
  }

 private:
  void AddMark(int lane, const Mark& mark) {
    if (mark.kind != MarkKind::kWatermark || lane != kMainLane || mark.watermark <= watermark_) return;
    watermark_ = mark.watermark;
    std::vector<std::string>& lines = lanes_[lane];
    if (!lines.empty() && lines.back().starts_with("watermark")) lines.pop_back();
    lines.push_back("watermark " + std::to_string(mark.watermark));
  }

  const bool refuse_;
  Random random_;
  bool full_ = false;
  bool emitted_ = false;
  int64_t watermark_ = kNoWatermark;
  std::vector<std::string> lanes_[kLaneCount];
};

// Several events as one batch. REQUIRES: all of one input, each with a batch.
Batch Glue(const std::vector<const HarnessEvent*>& events) {
  if (events.size() == 1) return events[0]->batch;
  Batch glued = events[0]->batch;
  std::vector<std::vector<ColumnPtr>> parts(glued.columns.size());
  auto kinds = std::make_shared<std::vector<RowKind>>();
  glued.marks.clear();
  glued.rows = 0;
  for (const HarnessEvent* event : events) {
    const Batch& batch = event->batch;
    for (const Mark& mark : batch.marks)
      glued.marks.push_back({static_cast<int32_t>(glued.rows + mark.offset), mark.kind, mark.watermark});
    if (batch.rows == 0) continue;
    if (glued.rows == 0) {
      parts.assign(batch.columns.size(), {});
      glued.origin = batch.origin;
    }
    for (size_t c = 0; c < batch.columns.size(); ++c) parts[c].push_back(batch.columns[c]);
    for (int64_t row = 0; row < batch.rows; ++row) kinds->push_back(batch.kind(row));
    glued.rows += batch.rows;
  }
  if (glued.rows == 0) return glued;
  glued.columns.clear();
  for (const auto& part : parts) glued.columns.push_back(Column::Concat(part));
  glued.kinds = std::move(kinds);
  return glued;
}

// True when the event may be in one batch with those before, of at most `rows` rows.
bool Joins(const std::vector<const HarnessEvent*>& glued, const HarnessEvent& next, size_t rows) {
  const HarnessEvent& first = *glued[0];
  if (next.input != first.input || next.end_of_input || next.pause_ms > 0) return false;
  if (first.batch.origin.open_splits || next.batch.origin.open_splits) return false;
  if (next.batch.rows == 0) return true;
  size_t before = 0;
  for (const HarnessEvent* event : glued) {
    if (event->batch.rows == 0) continue;
    ++before;
    if (event->batch.origin.split != next.batch.origin.split) return false;
  }
  return before < rows;
}

// One operator with its state, as long as no restore replaces it.
class Subject {
 public:
  Subject(const OperatorHarness::Make& make, const OperatorContext& context, const Disturbance& disturbance)
      : make_(make),
        template_(context),
        disturbance_(disturbance),
        output_(disturbance.refuse, disturbance.seed),
        disturbed_(disturbance.seed) {
    random_ = std::make_shared<Random>(7);
    eval_ = context.eval != nullptr ? *context.eval : EvalContext();
    eval_.now_micros = [this] { return clock_.NowMicros(); };
    eval_.random = [random = random_] { return random->Next(); };
  }

  Status Start(const std::string& keyed, const std::vector<std::string>& lists) {
    ASSIGN_OR_RETURN(operator_, make_());
    state_ = MakeHashBackend(KeyGroupRange(), &clock_);
    context_ = template_;
    context_.clock = &clock_;
    context_.eval = &eval_;
    context_.state = state_.get();
    context_.metrics = &metrics_;
    context_.memory = &memory_;
    if (!keyed.empty()) RETURN_IF_ERROR(state_->Restore(keyed));
    if (!keyed.empty() && goes_on_from_ != 0) state_->GoOnFrom(goes_on_from_);
    if (!lists.empty()) RETURN_IF_ERROR(operator_->RestoreState(lists));
    return operator_->Open(&context_);
  }

  Status Process(int input, const Batch& batch) {
    if (!batch.columns.empty()) last_columns_[input & 1] = batch.Slice(0, 0).columns;
    for (const Mark& mark : batch.marks) {
      if (mark.kind == MarkKind::kWatermark) watermark_ = std::max(watermark_, mark.watermark);
    }
    RETURN_IF_ERROR(Call([&] { return operator_->Process(input, batch, output_); }));
    if (disturbance_.deltas) return Checkpoint();
    return disturbance_.restore ? Restore() : Status::Ok();
  }
  Status End(int input) {
    return Call([&] { return operator_->OnEndOfInput(input, true, output_); });
  }
  Status Pause(int64_t millis) {
    clock_.AdvanceMicros(millis * 1000);
    int64_t now = clock_.MonotonicMillis();
    for (int calls = 0; operator_->NextProcessingTime() <= now; ++calls) {
      if (calls == kMostResumes) return Status::Internal("its processing-time timer never moves on");
      RETURN_IF_ERROR(Call([&] { return operator_->OnProcessingTime(now, output_); }));
    }
    return Status::Ok();
  }
  std::vector<std::string> Lines() const { return output_.Lines(); }
  Result<std::vector<std::string>> States() {
    ByteWriter bytes;
    RETURN_IF_ERROR(state_->Snapshot(bytes));
    std::string text = bytes.Take();
    ASSIGN_OR_RETURN(KeyedImage image, KeyedImage::Read(text));
    std::vector<std::string> names;
    for (const StateImage& state : image.states) {
      if (!state.groups.empty()) names.emplace_back(state.name);
    }
    return names;
  }
  Status Close() { return operator_->Close(true); }

 private:
  template <typename F>
  Status Call(F call) {
    output_.StartCall();
    ASSIGN_OR_RETURN(Progress progress, call());
    for (int calls = 0; progress == Progress::kBlocked; ++calls) {
      output_.MakeRoom();
      ASSIGN_OR_RETURN(progress, operator_->Resume(output_));
      if (progress == Progress::kBlocked && !output_.emitted())
        return Status::Internal("it stays blocked although its output has room");
      if (calls == kMostResumes) return Status::Internal("it stays blocked for ever");
    }
    return Status::Ok();
  }

  // A snapshot as at a barrier, and a new instance out of it that is told the watermark of its inputs.
  Status Restore() {
    RETURN_IF_ERROR(Call([&] { return operator_->Flush(output_); }));
    ByteWriter keyed;
    RETURN_IF_ERROR(state_->Snapshot(keyed));
    std::vector<std::string> lists;
    RETURN_IF_ERROR(operator_->SnapshotState(&lists));
    return Restart(keyed.Take(), lists);
  }

  // One of a row of checkpoints. A third is abandoned; out of some of the others comes a new instance.
  Status Checkpoint() {
    RETURN_IF_ERROR(Call([&] { return operator_->Flush(output_); }));
    ASSIGN_OR_RETURN(KeyedSnapshot keyed, state_->Checkpoint(++epoch_, decided_));
    std::vector<std::string> lists;
    RETURN_IF_ERROR(operator_->SnapshotState(&lists));
    std::vector<std::string> chain;
    if (keyed.since != 0) chain = chains_[keyed.since];
    if (!keyed.bytes.empty()) chain.push_back(std::move(keyed.bytes));
    chains_[epoch_] = chain;
    if (disturbed_.Below(3) == 0) return Status::Ok();
    chains_.erase(chains_.begin(), chains_.lower_bound(epoch_));
    decided_ = epoch_;
    if (disturbed_.Below(4) != 0) return Status::Ok();
    std::vector<std::string_view> views(chain.begin(), chain.end());
    ASSIGN_OR_RETURN(std::string merged, MergeKeyed(views));
    goes_on_from_ = disturbed_.Below(2) == 0 ? epoch_ : 0;
    if (goes_on_from_ == 0) decided_ = 0;
    return Restart(merged, lists);
  }

  Status Restart(const std::string& keyed, const std::vector<std::string>& lists) {
    RETURN_IF_ERROR(operator_->Close(true));
    RETURN_IF_ERROR(Start(keyed, lists));
    if (watermark_ == kNoWatermark) return Status::Ok();
    Batch mark;
    mark.marks.push_back({0, MarkKind::kWatermark, watermark_});
    return Call([&] { return operator_->Process(0, mark, output_); });
  }

  const OperatorHarness::Make& make_;
  const OperatorContext& template_;
  const Disturbance& disturbance_;
  HarnessOutput output_;
  ManualClock clock_{1'000'000'000};
  std::shared_ptr<Random> random_;
  EvalContext eval_;
  MemoryBudget memory_;
  OperatorMetrics metrics_;
  OperatorContext context_;
  std::unique_ptr<StateBackend> state_;
  std::unique_ptr<Operator> operator_;
  int64_t watermark_ = kNoWatermark;
  std::vector<ColumnPtr> last_columns_[2];
  Random disturbed_;
  uint64_t epoch_ = 0, decided_ = 0, goes_on_from_ = 0;
  std::map<uint64_t, std::vector<std::string>> chains_;  // of keyed state, by checkpoint
};

}  // namespace

void OperatorScript::AddBatch(int input, const Batch& batch) {
  size_t mark = 0;
  auto add_marks = [&](int64_t offset) {
    for (; mark < batch.marks.size() && batch.marks[mark].offset <= offset; ++mark) {
      Batch alone;  // without columns, as input gates make them
      alone.marks.push_back({0, batch.marks[mark].kind, batch.marks[mark].watermark});
      events_.push_back({input, std::move(alone), false, 0});
    }
  };
  if (batch.origin.open_splits) {
    Batch alone(0, batch.rows > 0 ? batch.Slice(0, 0).columns : batch.columns);
    alone.origin = batch.origin;
    events_.push_back({input, std::move(alone), false, 0});
  }
  add_marks(0);
  for (int64_t row = 0; row < batch.rows; ++row) {
    Batch one = batch.Slice(row, 1);
    one.marks.clear();
    one.origin = {batch.origin.split, nullptr};
    events_.push_back({input, std::move(one), false, 0});
    add_marks(row + 1);
  }
}

void OperatorScript::AddEnd(int input) { events_.push_back({input, Batch(), true, 0}); }

OperatorScript OperatorScript::Vary(uint64_t seed, bool pauses) const {
  Random random(seed);
  std::vector<std::vector<const HarnessEvent*>> queues;
  for (const HarnessEvent& event : events_) {
    if (event.end_of_input) continue;
    queues.resize(std::max(queues.size(), static_cast<size_t>(event.input) + 1));
    queues[static_cast<size_t>(event.input)].push_back(&event);
  }
  OperatorScript varied;
  std::vector<size_t> at(queues.size(), 0);
  int64_t watermark = kNoWatermark;
  auto send_mark = [&](const HarnessEvent& like, int64_t value) {
    Batch batch = like.batch;
    batch.marks = {{0, MarkKind::kWatermark, value}};
    varied.events_.push_back({like.input, std::move(batch), false, 0});
  };
  while (true) {
    std::vector<size_t> open;
    for (size_t q = 0; q < queues.size(); ++q) {
      if (at[q] < queues[q].size()) open.push_back(q);
    }
    if (open.empty()) break;
    size_t q = open[random.Below(open.size())];
    const HarnessEvent& event = *queues[q][at[q]++];
    bool is_watermark = event.batch.rows == 0 && !event.batch.marks.empty() &&
                        event.batch.marks[0].kind == MarkKind::kWatermark;
    if (pauses && random.Below(8) == 0)
      varied.events_.push_back({0, Batch(), false, static_cast<int64_t>(1 + random.Below(2000))});
    if (!is_watermark) {
      varied.events_.push_back(event);
      continue;
    }
    int64_t value = event.batch.marks[0].watermark;
    bool last_of_all = value == kMaxWatermark;
    // The end of time is the end of all inputs; before that no input may go on alone.
    if (last_of_all || value <= watermark) continue;
    if (watermark != kNoWatermark && random.Below(3) == 0)
      send_mark(event,
                watermark + static_cast<int64_t>(random.Below(static_cast<uint64_t>(value - watermark))));
    send_mark(event, value);
    if (random.Below(4) == 0) send_mark(event, value);
    watermark = value;
  }
  for (const HarnessEvent& event : events_) {
    bool final = event.batch.rows == 0 && !event.batch.marks.empty() &&
                 event.batch.marks[0].watermark == kMaxWatermark;
    if (event.end_of_input || final) varied.events_.push_back(event);
  }
  return varied;
}

std::string Disturbance::ToString() const {
  return "seed " + std::to_string(seed) + ", batches up to " + std::to_string(batch_rows) +
         (refuse ? ", output refuses" : "") + (restore ? ", restored after every call" : "") +
         (deltas ? ", checkpoints with deltas" : "");
}

OperatorScript OperatorScript::Interleave(uint64_t seed) const {
  Random random(seed);
  std::map<int, std::vector<size_t>> queues;
  for (size_t i = 0; i < events_.size(); ++i) queues[events_[i].input].push_back(i);
  std::map<int, size_t> at;
  OperatorScript made;
  // Everything before that place has been taken: a watermark may go on from there.
  std::vector<bool> taken(events_.size(), false);
  size_t settled = 0;
  while (made.events_.size() < events_.size()) {
    while (settled < events_.size() && taken[settled]) ++settled;
    std::vector<size_t> open;
    for (auto& [input, queue] : queues) {
      if (at[input] == queue.size()) continue;
      size_t next = queue[at[input]];
      bool row = events_[next].batch.rows > 0;
      if (row || next == settled) open.push_back(next);
    }
    size_t next = open[random.Below(open.size())];
    ++at[events_[next].input];
    taken[next] = true;
    made.events_.push_back(events_[next]);
  }
  return made;
}

namespace {
Status Play(const OperatorScript& script, const Disturbance& disturbance, Subject* subject) {
  RETURN_IF_ERROR(subject->Start("", {}));
  Random random(disturbance.seed);
  const std::vector<HarnessEvent>& events = script.events();
  for (size_t i = 0; i < events.size();) {
    const HarnessEvent& first = events[i];
    if (first.end_of_input) {
      RETURN_IF_ERROR(subject->End(first.input));
      ++i;
      continue;
    }
    if (first.pause_ms > 0) {
      RETURN_IF_ERROR(subject->Pause(first.pause_ms));
      ++i;
      continue;
    }
    auto rows = static_cast<size_t>(1 + random.Below(static_cast<uint64_t>(disturbance.batch_rows)));
    std::vector<const HarnessEvent*> glued = {&first};
    for (++i; disturbance.batch_rows > 1 && i < events.size() && Joins(glued, events[i], rows); ++i)
      glued.push_back(&events[i]);
    RETURN_IF_ERROR(subject->Process(first.input, Glue(glued)));
  }
  return Status::Ok();
}
}  // namespace

Result<std::vector<std::string>> OperatorHarness::Run(const OperatorScript& script,
                                                      const Disturbance& disturbance) const {
  Subject subject(make_, context_, disturbance);
  RETURN_IF_ERROR(Play(script, disturbance, &subject));
  RETURN_IF_ERROR(subject.Close());
  return subject.Lines();
}

Result<Settlement> OperatorHarness::Settle(const OperatorScript& script) const {
  const Disturbance undisturbed{1, 1, false, false};
  Subject subject(make_, context_, undisturbed);
  RETURN_IF_ERROR(Play(script, undisturbed, &subject));
  Settlement settlement;
  ASSIGN_OR_RETURN(settlement.states, subject.States());
  RETURN_IF_ERROR(subject.Close());
  for (const std::string& line : subject.Lines()) {
    if (line.starts_with("watermark") || line.starts_with("lane")) continue;
    bool adds = line[0] == '+';
    if ((settlement.table[line.substr(2)] += adds ? 1 : -1) == 0) settlement.table.erase(line.substr(2));
  }
  return settlement;
}

Status OperatorHarness::Check(const OperatorScript& script, uint64_t seed) const {
  Result<std::vector<std::string>> plain = Run(script, {seed, 1, false, false});
  if (!plain) return plain.error();
  const Disturbance disturbances[] = {
      {seed, 3, false, false},  {seed, 1000, false, false},    {seed, 1, true, false},
      {seed, 7, true, false},   {seed, 1, false, true},        {seed, 7, false, true},
      {seed, 1000, true, true}, {seed, 1, false, false, true}, {seed, 5, true, false, true}};
  for (const Disturbance& disturbance : disturbances) {
    Result<std::vector<std::string>> lines = Run(script, disturbance);
    if (!lines) return Status(lines.error()).WithContext(disturbance.ToString());
    auto [a, b] = std::mismatch(plain->begin(), plain->end(), lines->begin(), lines->end());
    if (a == plain->end() && b == lines->end()) continue;
    return Status::Internal(disturbance.ToString() + ": line " + std::to_string(a - plain->begin() + 1) +
                            " is " + (b == lines->end() ? "missing" : *b) + " instead of " +
                            (a == plain->end() ? "nothing" : *a));
  }
  return Status::Ok();
}

}  // namespace penstock
