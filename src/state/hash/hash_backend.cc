// The in-memory state backend: makes the states, writes and reads snapshots, writes deltas. Their format, and
// the one before it that can still be read, is docs/formats/keyed_state.md.
//
// Entries carry the number of the cut before which they changed last. A checkpoint is a cut: what changed
// since an earlier one is what carries its number or a later one, and what the logs of erasures say.
#include <algorithm>
#include <map>

#include "data/key_codec.h"
#include "state/hash/hash_fixed_state.h"
#include "state/hash/hash_map_state.h"
#include "state/hash/hash_timers.h"
#include "state/keyed_format.h"
#include "state/state_backend.h"

namespace penstock {

namespace {

class HashBackend : public StateBackend {
 public:
  HashBackend(KeyGroupRange range, const Clock* clock) : range_(range), clock_(clock) {}

  Result<FixedState*> OpenFixed(const StateDescriptor& descriptor) override {
    HashFixedState& state = Fixed(descriptor);
    if (state.descriptor().width != descriptor.width || state.descriptor().sub_keys != descriptor.sub_keys) {
      return Status::Corruption("state '" + descriptor.name + "' was saved with another layout")
          .WithHint("the query's aggregates changed; start without the savepoint");
    }
    state.set_ttl(descriptor.ttl_ms);
    if (descriptor.sub_keys) TakeElements(descriptor.name, &state);
    return &state;
  }

  Result<MapState*> OpenMap(const StateDescriptor& descriptor) override {
    HashMapState& state = Map(descriptor.name);
    state.set_ttl(descriptor.ttl_ms);
    return &state;
  }

  Result<TimerQueue*> OpenTimers(const std::string& name) override { return &Timers(name); }

  Status Snapshot(ByteWriter& out) override {
    out.Raw(kKeyedMark);
    out.Fixed(kKeyedBase);
    out.Varint(static_cast<uint64_t>(range_.max_parallelism));
    out.Varint(fixed_.size() + maps_.size() + timers_.size());
    for (auto& [name, state] : fixed_) {
      out.Fixed(StateKind::kFixed);
      out.String(name);
      out.Varint(state->descriptor().width);
      out.Bool(state->descriptor().sub_keys);
      state->Snapshot(out);
    }
    for (auto& [name, state] : maps_) {
      out.Fixed(StateKind::kMap);
      out.String(name);
      state->Snapshot(out);
    }
    for (auto& [name, queue] : timers_) {
      out.Fixed(StateKind::kTimers);
      out.String(name);
      queue->Snapshot(out);
    }
    return Status::Ok();
  }

  Result<KeyedSnapshot> Checkpoint(uint64_t epoch, uint64_t decided) override {
    KeyedSnapshot snapshot;
    if (fixed_.empty() && maps_.empty() && timers_.empty()) return snapshot;
    auto since = cuts_.find(decided);
    if (since != cuts_.end() && !AnyLog([](const ErasureLog& log) { return log.overflowed(); })) {
      cuts_.erase(cuts_.begin(), since);
      snapshot.since = decided;
      snapshot.bytes = Delta(since->second);
      EachState([&](auto& state) { state.log().DropBefore(since->second); });
      Cut(epoch);
    } else {
      ByteWriter everything;
      RETURN_IF_ERROR(Snapshot(everything));
      snapshot.bytes = everything.Take();
      GoOnFrom(epoch);
    }
    return snapshot;
  }

  // What is erased is logged from here on: no cut before this one can be told from.
  void GoOnFrom(uint64_t epoch) override {
    cuts_.clear();
    EachState([](auto& state) {
      state.log().Stop();
      state.log().Start(state.MemoryBytes());
    });
    Cut(epoch);
  }

  Status Restore(std::string_view snapshot) override {
    if (!snapshot.starts_with(kKeyedMark)) return RestoreVersion1(snapshot);
    ByteReader in(snapshot.substr(kKeyedMark.size()));
    if (in.Fixed<uint8_t>() != kKeyedBase) return Status::Corruption("unknown version of keyed state");
    auto max_parallelism = static_cast<int>(in.Varint());
    for (uint64_t s = 0, count = in.Count(); s < count; ++s) {
      auto tag = in.Fixed<StateKind>();
      std::string name(in.String());
      if (tag == StateKind::kFixed) {
        StateDescriptor descriptor{name, in.Varint(), 0, in.Bool()};
        HashFixedState& state = Fixed(descriptor);
        RestoreGroups(in, max_parallelism, [&](ByteReader& group) { state.RestoreGroup(group); });
      } else if (tag == StateKind::kMap) {
        RestoreGroups(in, max_parallelism, [&](ByteReader& group) { Map(name).RestoreGroup(group); });
      } else if (tag == StateKind::kTimers) {
        RestoreGroups(in, max_parallelism, [&](ByteReader& group) { Timers(name).RestoreGroup(group); });
      } else {
        return Status::Corruption("unknown kind of state in the savepoint");
      }
      if (!in.ok()) return CutShort();
    }
    return corrupt_ ? CutShort() : Status::Ok();
  }

  size_t MemoryBytes() const override {
    size_t bytes = 0;
    for (const auto& [name, state] : fixed_) bytes += state->MemoryBytes();
    for (const auto& [name, state] : maps_) bytes += state->MemoryBytes();
    for (const auto& [name, queue] : timers_) bytes += queue->MemoryBytes();
    return bytes;
  }

 private:
  static Status CutShort() { return Status::Corruption("the savepoint's state is cut short"); }

  HashFixedState& Fixed(const StateDescriptor& descriptor) {
    return *Made(fixed_[descriptor.name], descriptor, range_, clock_);
  }
  HashMapState& Map(const std::string& name) {
    return *Made(maps_[name], StateDescriptor{name}, range_, clock_);
  }
  HashTimerQueue& Timers(const std::string& name) { return *Made(timers_[name], name, range_); }
  // A state that comes later than the first cut goes on from it.
  template <typename State, typename... Args>
  State* Made(std::unique_ptr<State>& state, const Args&... args) {
    if (state) return state.get();
    state = std::make_unique<State>(args...);
    state->set_epoch(next_cut_);
    if (!cuts_.empty()) state->log().Start(0);
    return state.get();
  }

  void Cut(uint64_t epoch) {
    cuts_[epoch] = ++next_cut_;
    EachState([&](auto& state) { state.set_epoch(next_cut_); });
  }

  template <typename Visit>
  void EachState(const Visit& visit) {
    for (auto& [name, state] : fixed_) visit(*state);
    for (auto& [name, state] : maps_) visit(*state);
    for (auto& [name, queue] : timers_) visit(*queue);
  }
  template <typename Test>
  bool AnyLog(const Test& test) {
    bool any = false;
    EachState([&](auto& state) { any = any || test(state.log()); });
    return any;
  }

  // What changed since a cut; empty where nothing did.
  std::string Delta(uint32_t from) {
    ByteWriter states;
    uint64_t changed = 0;
    auto add = [&](StateKind kind, const std::string& name, auto& state, const auto& write_head) {
      ByteWriter changes;
      if (!state.WriteDelta(from, changes)) return;
      ++changed;
      states.Fixed(kind);
      states.String(name);
      write_head();
      states.Raw(changes.bytes());
    };
    auto nothing = [] {};
    for (auto& [name, state] : fixed_) {
      add(StateKind::kFixed, name, *state, [&, fixed = state.get()] {
        states.Varint(fixed->descriptor().width);
        states.Bool(fixed->descriptor().sub_keys);
      });
    }
    for (auto& [name, state] : maps_) add(StateKind::kMap, name, *state, nothing);
    for (auto& [name, queue] : timers_) add(StateKind::kTimers, name, *queue, nothing);
    if (changed == 0) return "";
    ByteWriter out;
    out.Raw(kKeyedMark);
    out.Fixed(kKeyedDelta);
    out.Varint(static_cast<uint64_t>(range_.max_parallelism));
    out.Varint(changed);
    out.Raw(states.bytes());
    return out.Take();
  }

  // Reads the sections of the key groups of one state that this backend owns.
  template <typename RestoreGroup>
  void RestoreGroups(ByteReader& in, int max_parallelism, const RestoreGroup& restore) {
    for (uint64_t g = 0, groups = in.Count(); g < groups; ++g) {
      auto group = static_cast<int>(in.Varint());
      ByteReader section(in.String());
      if (max_parallelism == range_.max_parallelism && (group < range_.begin || group >= range_.end))
        continue;
      restore(section);
      corrupt_ = corrupt_ || !section.ok();
    }
  }

  // What was an element of a key before is a sub-key now: aggregates of version 1 kept DISTINCT values so.
  void TakeElements(const std::string& name, HashFixedState* state) {
    auto old = maps_.find(name);
    if (old == maps_.end()) return;
    std::string value(state->descriptor().width, '\0');
    old->second->ForEachElement(
        [&](int64_t name_space, StateKey key, std::string_view element, int64_t time, std::string_view) {
          std::string sub_key = std::string(key.bytes).append(element);
          state->Insert(name_space, {sub_key, SubKeyHash(key.hash, HashKey(sub_key))}, time, value);
        });
    maps_.erase(old);
    cuts_.clear();  // no delta can say this
  }

  Status RestoreVersion1(std::string_view snapshot) {
    ByteReader in(snapshot);
    for (uint64_t s = 0, count = in.Count(); s < count; ++s) {
      switch (in.Fixed<StateKind>()) {
        case StateKind::kFixed: RestoreFixed1(in); break;
        case StateKind::kMap: RestoreMap1(in); break;
        case StateKind::kTimers: RestoreTimers1(in); break;
        default: return Status::Corruption("unknown kind of state in the savepoint");
      }
      if (!in.ok()) return CutShort();
    }
    return Status::Ok();
  }

  void RestoreFixed1(ByteReader& in) {
    StateDescriptor descriptor{std::string(in.String()), in.Varint(), 0};
    HashFixedState& state = Fixed(descriptor);
    for (uint64_t n = 0, spaces = in.Count(); n < spaces; ++n) {
      auto name_space = in.Fixed<int64_t>();
      for (uint64_t i = 0, entries = in.Count(); i < entries; ++i) {
        std::string_view key = in.String();
        auto time = in.Fixed<int64_t>();
        // A corrupt width must not make us allocate: no value is longer than what is left.
        std::string value(std::min<size_t>(descriptor.width, in.rest().size() + 1), '\0');
        for (char& byte : value) byte = in.Fixed<char>();
        StateKey state_key{key, HashKey(key)};
        if (in.ok() && range_.Contains(state_key.hash)) state.Insert(name_space, state_key, time, value);
      }
    }
  }

  void RestoreMap1(ByteReader& in) {
    HashMapState& state = Map(std::string(in.String()));
    for (uint64_t n = 0, spaces = in.Count(); n < spaces; ++n) {
      auto name_space = in.Fixed<int64_t>();
      for (uint64_t i = 0, keys = in.Count(); i < keys; ++i) {
        std::string_view key = in.String();
        StateKey state_key{key, HashKey(key)};
        bool own = range_.Contains(state_key.hash);
        for (uint64_t e = 0, elements = in.Count(); e < elements; ++e) {
          std::string_view element = in.String();
          auto time = in.Fixed<int64_t>();
          std::string_view value = in.String();
          if (in.ok() && own) state.Insert(name_space, state_key, element, time, value);
        }
      }
    }
  }

  void RestoreTimers1(ByteReader& in) {
    HashTimerQueue& queue = Timers(std::string(in.String()));
    for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
      auto time = in.Fixed<int64_t>();
      std::string_view key = in.String();
      StateKey state_key{key, HashKey(key)};
      if (in.ok() && range_.Contains(state_key.hash)) queue.Register(time, state_key);
    }
  }

  KeyGroupRange range_;
  const Clock* clock_;
  bool corrupt_ = false;
  uint32_t next_cut_ = 0;              // what changes now carries this number
  std::map<uint64_t, uint32_t> cuts_;  // by checkpoint: the number of what changed after it
  std::map<std::string, std::unique_ptr<HashFixedState>> fixed_;
  std::map<std::string, std::unique_ptr<HashMapState>> maps_;
  std::map<std::string, std::unique_ptr<HashTimerQueue>> timers_;
};

}  // namespace

std::unique_ptr<StateBackend> MakeHashBackend(KeyGroupRange range, const Clock* clock) {
  return std::make_unique<HashBackend>(range, clock);
}

}  // namespace penstock
