// The task's state machine: one switch in Step().
// Steps 3 and 7 of a record's way (docs/ARCHITECTURE.md).
#include "runtime/task.h"

#include <algorithm>

#include "env/failpoint.h"
#include "stream/checkpoint.h"

namespace penstock {

namespace {
Failpoint barrier("task.barrier", "a task has a barrier, it has not flushed");
Failpoint flushed_point("task.flushed", "a task has flushed before a barrier, its snapshot is not taken");
Failpoint snapshot_taken("task.snapshot-taken", "a task has its snapshot, nobody else does");
Failpoint barrier_sent("task.barrier-sent", "a snapshot is handed in, the barrier goes on");
Failpoint ending("task.ending", "a task has flushed everything at its end, it has not said so");
Failpoint committing("task.committing", "a task knows of a decision and has not committed");

SeededBug no_flush("bug:task.no-flush", "a snapshot does not wait until the sinks have flushed");
SeededBug snapshot_late("bug:task.barrier-first", "the barrier overtakes the positions of the source");

constexpr int64_t kFlushPauseMs = 10;  // before a sink that is not flushed yet is asked again

StepResult Again() { return {StepResult::Want::kAgain, true, false, 0}; }
StepResult Wait(int64_t until) { return {StepResult::Want::kWait, false, false, until}; }
}  // namespace

void Task::SetSource(const JobVertex* vertex, int subtask, std::unique_ptr<SplitReader> reader,
                     int64_t discovery_interval_ms) {
  source_vertex_ = vertex;
  subtask_ = subtask;
  reader_ = std::move(reader);
  discovery_interval_ms_ = discovery_interval_ms;
  if (discovery_interval_ms != INT64_MAX)
    next_discovery_ms_ = clock_->MonotonicMillis() + discovery_interval_ms;
  source_types_ = vertex->schema.types();
}

Status Task::Open() {
  load_.Start(chain_.head_metrics());
  if (!is_source()) gate_.Start(start_watermark_);
  RETURN_IF_ERROR(chain_.Open());
  if (start_watermark_ == kNoWatermark) return Status::Ok();
  Batch mark;
  mark.marks.push_back({0, MarkKind::kWatermark, start_watermark_});
  return chain_.Process(0, std::move(mark));
}

void Task::RequestBarrier(uint64_t epoch) {
  std::lock_guard lock(mailbox_.mutex);
  mailbox_.barriers.push_back(epoch);
}

void Task::RequestStop(bool drain) {
  std::lock_guard lock(mailbox_.mutex);
  mailbox_.stop = true;
  mailbox_.drain = drain;
}

void Task::NoteDecided(uint64_t epoch) { decided_.store(epoch, std::memory_order_release); }

void Task::AddSplits(std::vector<SourceSplit> splits) {
  std::lock_guard lock(mailbox_.mutex);
  for (SourceSplit& split : splits) mailbox_.splits.push_back(std::move(split));
}

Result<StepResult> Task::Step(int64_t max_rows) {
  load_.Begin();
  blocked_ = false;
  Result<StepResult> result = Run(max_rows);
  if (!result) return result;
  bool waits = result->want != StepResult::Want::kAgain;
  load_.End(!waits ? TaskLoad::Kind::kBusy : blocked_ ? TaskLoad::Kind::kBlocked : TaskLoad::Kind::kIdle);
  if (result->want == StepResult::Want::kWait) {
    int64_t timer = chain_.NextProcessingTime();
    if (state_ != State::kRunning && timer != INT64_MAX)
      timer = std::max(timer, clock_->MonotonicMillis() + kFlushPauseMs);
    result->wake_at_ms = std::min(result->wake_at_ms, timer);
    if (is_source()) result->wake_at_ms = std::min(result->wake_at_ms, next_discovery_ms_);
  }
  return result;
}

Result<StepResult> Task::Run(int64_t max_rows) {
  if (state_ == State::kFinished) return StepResult{StepResult::Want::kFinished, false, false, 0};
  RETURN_IF_ERROR(CommitDecided());
  ASSIGN_OR_RETURN(bool drained, chain_.Drain());
  blocked_ = !drained;
  if (!drained) return Wait(INT64_MAX);
  int64_t now = clock_->MonotonicMillis();
  // Not behind a barrier: what a timer emits between the flush of one sink and the snapshot would be of this
  // epoch by the operators' state, and of the next by that sink.
  if (state_ == State::kRunning && chain_.NextProcessingTime() <= now) {
    RETURN_IF_ERROR(chain_.OnProcessingTime(now));
    // A timer alone does not keep a job from being idle; the rows it emits do, where they arrive.
    return StepResult{StepResult::Want::kAgain, false, false, 0};
  }
  switch (state_) {
    case State::kRunning: return is_source() ? PollSource(max_rows) : TakeFromGate();
    case State::kBarrier: return StepBarrier();
    case State::kEnding: return StepEnding();
    case State::kEnded: return StepEnded();
    case State::kFinished: break;
  }
  return StepResult{StepResult::Want::kFinished, false, false, 0};
}

Result<bool> Task::HandleMail() {
  std::vector<SourceSplit> splits;
  bool stop = false, drain = false;
  {
    std::lock_guard lock(mailbox_.mutex);
    splits.swap(mailbox_.splits);
    if (splits.empty() && !mailbox_.barriers.empty()) {
      epoch_ = mailbox_.barriers.front();
      mailbox_.barriers.erase(mailbox_.barriers.begin());
      state_ = State::kBarrier;
      return true;
    }
    stop = splits.empty() && mailbox_.stop;
    drain = mailbox_.drain;
  }
  if (!splits.empty()) {
    RETURN_IF_ERROR(reader_->AddSplits(std::move(splits)));
    return true;
  }
  if (stop) {
    RETURN_IF_ERROR(EndSource(drain));
    return true;
  }
  return false;
}

Result<StepResult> Task::PollSource(int64_t max_rows) {
  ASSIGN_OR_RETURN(bool mail, HandleMail());
  if (mail) return Again();
  if (next_discovery_ms_ <= clock_->MonotonicMillis()) {
    next_discovery_ms_ = clock_->MonotonicMillis() + discovery_interval_ms_;
    ASSIGN_OR_RETURN(std::vector<SourceSplit> found, callbacks_.discover());
    if (!found.empty()) RETURN_IF_ERROR(reader_->AddSplits(std::move(found)));
  }
  ASSIGN_OR_RETURN(PollResult polled, reader_->Poll(max_rows));
  Batch bad = reader_->TakeBadRows();
  if (bad.rows > 0) RETURN_IF_ERROR(chain_.ProcessLane(kBadLane, std::move(bad)));
  switch (polled.state) {
    case PollState::kRows: RETURN_IF_ERROR(chain_.Process(0, std::move(polled.batch))); return Again();
    case PollState::kNothing: {
      StepResult result = Wait(polled.retry_at_ms);
      result.exhausted = !polled.sleeping;
      return result;
    }
    case PollState::kEnd: break;
  }
  RETURN_IF_ERROR(EndSource(true));
  return Again();
}

Status Task::EndSource(bool drained) {
  if (drained) {
    Batch final = Batch::OfMark({0, MarkKind::kWatermark, kMaxWatermark}, source_types_);
    RETURN_IF_ERROR(chain_.Process(0, std::move(final)));
  }
  return BeginEnd(0, drained);
}

Result<StepResult> Task::TakeFromGate() {
  std::optional<InputGate::Event> event = gate_.Next();
  if (!event) return Wait(INT64_MAX);
  if (auto* batch = std::get_if<Batch>(&event->element)) {
    RETURN_IF_ERROR(chain_.Process(event->input, std::move(*batch)));
  } else if (auto* barrier = std::get_if<Barrier>(&event->element)) {
    epoch_ = barrier->epoch;
    state_ = State::kBarrier;
  } else {
    bool drained = std::get<EndOfInput>(event->element).drained;
    drained_ = drained_ && drained;
    if (gate_.ended()) {
      RETURN_IF_ERROR(BeginEnd(event->input, drained_));
    } else if (event->last_of_input) {
      RETURN_IF_ERROR(chain_.OnEndOfInput(event->input, drained, false));
    }
  }
  return Again();
}

Status Task::BeginEnd(int input, bool drained) {
  drained_ = drained;
  state_ = State::kEnding;
  return chain_.OnEndOfInput(input, drained, true);
}

Result<StepResult> Task::StepBarrier() {
  RETURN_IF_ERROR(barrier.Hit());
  bool flushed = true;
  if (!no_flush.On()) {
    ASSIGN_OR_RETURN(flushed, chain_.Flush());
  }
  blocked_ = !flushed;
  if (!flushed) return Wait(clock_->MonotonicMillis() + kFlushPauseMs);
  if (chain_.full()) return Again();  // what the flush emitted belongs before the barrier
  RETURN_IF_ERROR(flushed_point.Hit());
  ASSIGN_OR_RETURN(std::vector<SubtaskSnapshot> snapshots, TakeSnapshot(epoch_));
  RETURN_IF_ERROR(snapshot_taken.Hit());
  callbacks_.on_snapshot(epoch_, std::move(snapshots));
  RETURN_IF_ERROR(barrier_sent.Hit());
  chain_.Broadcast(Barrier{epoch_});
  state_ = State::kRunning;
  return Again();
}

Result<std::vector<SubtaskSnapshot>> Task::TakeSnapshot(uint64_t epoch) {
  std::vector<SubtaskSnapshot> snapshots;
  if (reader_) {
    SubtaskSnapshot& source = snapshots.emplace_back();
    source.uid = source_vertex_->uid;
    source.subtask = subtask_;
    source.splits = reader_->Snapshot();
    if (snapshot_late.On() && !undecided_.empty()) source.splits = undecided_.rbegin()->second;
    if (commits_on_decision_) undecided_[epoch] = source.splits;
  }
  RETURN_IF_ERROR(chain_.Snapshot(epoch, decided_.load(std::memory_order_acquire), &snapshots));
  if (!reader_ && !snapshots.empty()) snapshots.front().watermark = gate_.watermark();
  return snapshots;
}

Status Task::CommitDecided() {
  uint64_t decided = decided_.load(std::memory_order_acquire);
  if (decided == committed_) return Status::Ok();
  RETURN_IF_ERROR(committing.Hit());
  for (auto next = undecided_.begin(); next != undecided_.end() && next->first <= decided;) {
    auto last = next++;
    bool newest = next == undecided_.end() || next->first > decided;
    if (newest) reader_->OnDecided(last->second);
    undecided_.erase(last);
  }
  RETURN_IF_ERROR(chain_.CommitSinks(decided));
  committed_.store(decided, std::memory_order_release);
  return Status::Ok();
}

Result<StepResult> Task::StepEnding() {
  ASSIGN_OR_RETURN(bool flushed, chain_.Flush());
  blocked_ = !flushed;
  if (!flushed) return Wait(clock_->MonotonicMillis() + kFlushPauseMs);
  ASSIGN_OR_RETURN(bool drained, chain_.Drain());
  if (!drained) return Wait(INT64_MAX);
  RETURN_IF_ERROR(ending.Hit());
  chain_.Broadcast(EndOfInput{drained_});
  // What was prepared since the last barrier belongs to the last epoch.
  ASSIGN_OR_RETURN(std::vector<SubtaskSnapshot> snapshots, TakeSnapshot(kLastEpoch));
  state_ = commits_on_decision_ && chain_.has_sinks() ? State::kEnded : State::kFinished;
  callbacks_.on_ended(drained_, std::move(snapshots));
  if (state_ == State::kEnded) return Again();
  return StepResult{StepResult::Want::kFinished, true, false, 0};
}

Result<StepResult> Task::StepEnded() {
  if (committed_ != kLastEpoch) return Wait(INT64_MAX);
  state_ = State::kFinished;
  return StepResult{StepResult::Want::kFinished, true, false, 0};
}

Status Task::Close(bool success) { return chain_.Close(success); }

}  // namespace penstock
