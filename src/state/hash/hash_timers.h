// HashTimerQueue: timers in memory, an ordered set. Used by its operator's thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "data/key_codec.h"
#include "state/key_group.h"
#include "state/keyed_state.h"

namespace penstock {

class HashTimerQueue : public TimerQueue {
 public:
  HashTimerQueue(std::string name, const KeyGroupRange& range) : name_(std::move(name)), range_(range) {}

  void Register(int64_t time, StateKey key) override { timers_.emplace(time, std::string(key.bytes)); }
  void Erase(int64_t time, StateKey key) override { timers_.erase({time, std::string(key.bytes)}); }
  std::optional<int64_t> NextTime() const override {
    return timers_.empty() ? std::nullopt : std::optional<int64_t>(timers_.begin()->first);
  }
  bool Pop(int64_t up_to, int64_t* time, std::string* key) override {
    if (timers_.empty() || timers_.begin()->first > up_to) return false;
    auto node = timers_.extract(timers_.begin());
    *time = node.value().first;
    *key = std::move(node.value().second);
    return true;
  }

  // The queue's part of a snapshot (docs/formats/keyed_state.md), and its counterpart: what it owns of one.
  void Snapshot(ByteWriter& out) const {
    std::map<int, ByteWriter> groups;
    for (const auto& [time, key] : timers_) {
      ByteWriter& group = groups[KeyGroupOf(HashKey(key), range_.max_parallelism)];
      group.Fixed(time);
      group.String(key);
    }
    out.Varint(groups.size());
    for (const auto& [group, bytes] : groups) {
      out.Varint(static_cast<uint64_t>(group));
      out.String(bytes.bytes());
    }
  }
  void RestoreGroup(ByteReader& in) {
    while (in.ok() && !in.at_end()) {
      auto time = in.Fixed<int64_t>();
      std::string_view key = in.String();
      StateKey state_key{key, HashKey(key)};
      if (in.ok() && range_.Contains(state_key.hash)) Register(time, state_key);
    }
  }

 private:
  std::string name_;
  KeyGroupRange range_;
  std::set<std::pair<int64_t, std::string>> timers_;
};

}  // namespace penstock
