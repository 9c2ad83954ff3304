// HashTimerQueue: timers in memory, an ordered set, and a log of those that came or went since a cut: a delta
// says which of them are there now. Used by its operator's thread.
#pragma once

#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "data/key_codec.h"
#include "state/hash/erasure_log.h"
#include "state/hash/state_context.h"
#include "state/layered_source.h"
#include "state/keyed_state.h"
#include "state/section_writer.h"

namespace penstock {

class HashTimerQueue : public TimerQueue {
 public:
  explicit HashTimerQueue(const StateContext& context) : range_(context.range) {}

  void Register(int64_t time, StateKey key) override {
    if (!timers_.emplace(time, std::string(key.bytes)).second) return;
    bytes_ += key.bytes.size();
    Touch(time, key.bytes);
  }
  void Erase(int64_t time, StateKey key) override {
    if (timers_.erase({time, std::string(key.bytes)}) == 0) return;
    bytes_ -= key.bytes.size();
    Touch(time, key.bytes);
  }
  std::optional<int64_t> NextTime() const override {
    return timers_.empty() ? std::nullopt : std::optional<int64_t>(timers_.begin()->first);
  }
  bool Pop(int64_t up_to, int64_t* time, std::string* key) override {
    if (timers_.empty() || timers_.begin()->first > up_to) return false;
    auto node = timers_.extract(timers_.begin());
    *time = node.value().first;
    *key = std::move(node.value().second);
    bytes_ -= key->size();
    Touch(*time, *key);
    return true;
  }

  // The queue's part of a snapshot (docs/formats/keyed_state.md), and its counterpart: what it owns of one.
  void Snapshot(SectionWriter& out) const;
  void RestoreGroup(ByteReader& in) {
    ReadTimers(in, range_, [this](int64_t time, StateKey key) { Register(time, key); });
  }
  // The timers of a section whose key groups are in the range.
  using VisitTimer = std::function<void(int64_t time, StateKey key)>;
  static void ReadTimers(ByteReader& in, const KeyGroupRange& range, const VisitTimer& visit);
  // Its part of a delta: what changed in epoch `from` or later. False, and nothing written, when nothing did.
  // is_set(timer) says which of the touched timers are there now.
  using Timer = std::pair<int64_t, std::string>;
  using IsSet = std::function<bool(const Timer& timer)>;
  bool WriteDelta(uint32_t from, const IsSet& is_set, SectionWriter& out) const;
  bool WriteDelta(uint32_t from, SectionWriter& out) const {
    return WriteDelta(
        from, [this](const Timer& timer) { return timers_.contains(timer); }, out);
  }

  // For a backend that keeps later timers elsewhere.
  bool Holds(const Timer& timer) const { return timers_.contains(timer); }
  size_t size() const { return timers_.size(); }
  void Load(Timer timer) { bytes_ += timer.second.size(), timers_.insert(std::move(timer)); }
  const Timer& Last() const { return *timers_.rbegin(); }
  // Takes the last one out; it stays set. REQUIRES: there is one.
  Timer Unload() {
    auto node = timers_.extract(std::prev(timers_.end()));
    bytes_ -= node.value().second.size();
    return std::move(node.value());
  }
  // It came or went.
  void Touch(int64_t time, std::string_view key) {
    log_.Add(epoch_, {ErasureLog::Kind::kEntry, time, {key, 0}, {}});
  }

  ErasureLog& log() { return log_; }
  void set_epoch(uint32_t epoch) { epoch_ = epoch; }
  // What is erased is logged from here on; what was before a cut is forgotten.
  void NoteChangesFrom(uint32_t) {
    log_.Stop();
    log_.Start(MemoryBytes());
  }
  void ForgetChangesBefore(uint32_t cut) { log_.DropBefore(cut); }
  // Timers do not expire.
  static void Expire() {}
  // All of it is in memory.
  static Status BringElsewhere() { return Status::Ok(); }
  static std::shared_ptr<KeyedSections> Elsewhere(const uint32_t*) { return nullptr; }
  static Result<std::shared_ptr<KeyedSections>> Spool(uint32_t) { return std::shared_ptr<KeyedSections>(); }
  size_t MemoryBytes() const { return timers_.size() * 80 + bytes_ + log_.MemoryBytes(); }

 private:
  KeyGroupRange range_;
  uint32_t epoch_ = 0;
  ErasureLog log_;  // holds a timer's time as its namespace
  std::set<Timer> timers_;
  size_t bytes_ = 0;  // of their keys
};

}  // namespace penstock
