// HashTimerQueue: timers in memory, an ordered set, and a log of those that came or went since a cut: a delta
// says which of them are there now. Used by its operator's thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "data/key_codec.h"
#include "state/hash/erasure_log.h"
#include "state/key_group.h"
#include "state/keyed_state.h"

namespace penstock {

class HashTimerQueue : public TimerQueue {
 public:
  HashTimerQueue(std::string name, const KeyGroupRange& range) : name_(std::move(name)), range_(range) {}

  void Register(int64_t time, StateKey key) override {
    if (timers_.emplace(time, std::string(key.bytes)).second) Touch(time, key.bytes);
  }
  void Erase(int64_t time, StateKey key) override {
    if (timers_.erase({time, std::string(key.bytes)}) > 0) Touch(time, key.bytes);
  }
  std::optional<int64_t> NextTime() const override {
    return timers_.empty() ? std::nullopt : std::optional<int64_t>(timers_.begin()->first);
  }
  bool Pop(int64_t up_to, int64_t* time, std::string* key) override {
    if (timers_.empty() || timers_.begin()->first > up_to) return false;
    auto node = timers_.extract(timers_.begin());
    *time = node.value().first;
    *key = std::move(node.value().second);
    Touch(*time, *key);
    return true;
  }

  // The queue's part of a snapshot (docs/formats/keyed_state.md), and its counterpart: what it owns of one.
  void Snapshot(ByteWriter& out) const;
  void RestoreGroup(ByteReader& in);
  // Its part of a delta: what changed in epoch `from` or later. False, and nothing written, when nothing did.
  bool WriteDelta(uint32_t from, ByteWriter& out) const;

  ErasureLog& log() { return log_; }
  void set_epoch(uint32_t epoch) { epoch_ = epoch; }
  size_t MemoryBytes() const { return timers_.size() * 80; }

 private:
  // The log holds a timer's time as its namespace.
  void Touch(int64_t time, std::string_view key) {
    log_.Add(epoch_, {ErasureLog::Kind::kEntry, time, {key, 0}, {}});
  }

  std::string name_;
  KeyGroupRange range_;
  uint32_t epoch_ = 0;
  ErasureLog log_;
  std::set<std::pair<int64_t, std::string>> timers_;
};

}  // namespace penstock
