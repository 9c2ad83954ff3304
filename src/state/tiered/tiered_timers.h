// TieredTimerQueue: the timers that come next in memory, later ones in a ColdTable, in the order of their
// times. What is in memory is never later than what is not; when all of it has fired the next ones are read.
// Used by its operator's thread.
#pragma once

#include "state/hash/hash_timers.h"
#include "state/tiered/cold_table.h"

namespace penstock {

class TieredTimerQueue : public TimerQueue {
 public:
  explicit TieredTimerQueue(const StateContext& context)
      : range_(context.range), hot_(context), cold_(context.store, context.range.max_parallelism, true) {}

  void Register(int64_t time, StateKey key) override;
  void Erase(int64_t time, StateKey key) override;
  std::optional<int64_t> NextTime() const override { return hot_.NextTime(); }
  bool Pop(int64_t up_to, int64_t* time, std::string* key) override;

  // As of HashTimerQueue and TieredFixedState.
  void Snapshot(SectionWriter& out) { hot_.Snapshot(out); }
  void RestoreGroup(ByteReader& in) {
    HashTimerQueue::ReadTimers(in, range_, [this](int64_t time, StateKey key) { Register(time, key); });
  }
  bool WriteDelta(uint32_t from, SectionWriter& out);
  Status BringElsewhere() { return failed_; }
  std::shared_ptr<KeyedSections> Elsewhere(const uint32_t* from);
  static Result<std::shared_ptr<KeyedSections>> Spool(uint32_t) { return std::shared_ptr<KeyedSections>(); }
  void NoteChangesFrom(uint32_t cut) { hot_.NoteChangesFrom(cut); }
  void ForgetChangesBefore(uint32_t cut) { hot_.ForgetChangesBefore(cut); }
  Result<size_t> Evict(size_t bytes);
  static Status Expire() { return Status::Ok(); }
  const Status& failed() const { return failed_; }
  ErasureLog& log() { return hot_.log(); }
  void set_epoch(uint32_t epoch) { hot_.set_epoch(epoch); }
  size_t MemoryBytes() const { return hot_.MemoryBytes() + cold_.MemoryBytes(); }
  size_t hot_bytes() const { return hot_.MemoryBytes(); }

 private:
  using Timer = HashTimerQueue::Timer;
  // Whether its place is the store.
  bool IsLate(const Timer& timer) const { return last_ && *last_ < timer; }
  bool IsSetLate(const Timer& timer);
  void Refill();
  void Note(Status status) {
    if (failed_.ok()) failed_ = std::move(status);
  }

  KeyGroupRange range_;
  HashTimerQueue hot_;
  ColdTable cold_;
  std::optional<Timer> last_;  // later ones are in the store; none: all are in memory
  Status failed_;
};

}  // namespace penstock
