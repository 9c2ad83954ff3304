// Snapshots and deltas of timers, by key group.
#include "state/hash/hash_timers.h"

#include "env/failpoint.h"

namespace penstock {

namespace {
SeededBug timers_lost("bug:state.timers-lost", "timers are not restored");

void WriteTimer(int64_t time, std::string_view key, ByteWriter& out) {
  out.Fixed(time);
  out.String(key);
}

}  // namespace

void HashTimerQueue::Snapshot(SectionWriter& out) const {
  std::map<int, ByteWriter> groups;
  for (const auto& [time, key] : timers_)
    WriteTimer(time, key, groups[KeyGroupOf(HashKey(key), range_.max_parallelism)]);
  out.Varint(groups.size());
  for (const auto& [group, bytes] : groups) {
    out.BeginGroup(group);
    out.Raw(bytes.bytes());
    out.EndGroup();
  }
}

void HashTimerQueue::ReadTimers(ByteReader& in, const KeyGroupRange& range, const VisitTimer& visit) {
  while (in.ok() && !in.at_end()) {
    auto time = in.Fixed<int64_t>();
    std::string_view key = in.String();
    StateKey state_key{key, HashKey(key)};
    if (in.ok() && range.Contains(state_key.hash) && !timers_lost.On()) visit(time, state_key);
  }
}

bool HashTimerQueue::WriteDelta(uint32_t from, const IsSet& is_set, SectionWriter& out) const {
  std::set<Timer> touched;
  log_.ForEach(from, [&](const ErasureLog::Erasure& timer) {
    touched.emplace(timer.name_space, std::string(timer.key.bytes));
  });
  if (touched.empty()) return false;
  struct Section {
    ByteWriter gone, set;
    uint64_t gone_count = 0, set_count = 0;
  };
  std::map<int, Section> groups;
  for (const auto& timer : touched) {
    Section& section = groups[KeyGroupOf(HashKey(timer.second), range_.max_parallelism)];
    bool set = is_set(timer);
    ++(set ? section.set_count : section.gone_count);
    WriteTimer(timer.first, timer.second, set ? section.set : section.gone);
  }
  out.Varint(groups.size());
  for (const auto& [group, section] : groups) {
    out.BeginGroup(group);
    out.Varint(section.gone_count);
    out.Raw(section.gone.bytes());
    out.Varint(section.set_count);
    out.Raw(section.set.bytes());
    out.EndGroup();
  }
  return true;
}

}  // namespace penstock
