// The in-memory state backend: makes the states, writes and reads snapshots. Their format, and the one before
// it that can still be read, is docs/formats/keyed_state.md.
#include <algorithm>
#include <map>

#include "data/key_codec.h"
#include "state/hash/hash_fixed_state.h"
#include "state/hash/hash_map_state.h"
#include "state/hash/hash_timers.h"
#include "state/state_backend.h"

namespace penstock {

namespace {

enum class StateTag : uint8_t { kFixed = 1, kMap = 2, kTimers = 3 };

// What a snapshot begins with: a zero as no writer of version 1 spelled it, then the version.
constexpr std::string_view kVersionMark("\x80\x00", 2);
constexpr uint8_t kVersion = 2;

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
    out.Raw(kVersionMark);
    out.Fixed(kVersion);
    out.Varint(static_cast<uint64_t>(range_.max_parallelism));
    out.Varint(fixed_.size() + maps_.size() + timers_.size());
    for (auto& [name, state] : fixed_) {
      out.Fixed(StateTag::kFixed);
      out.String(name);
      out.Varint(state->descriptor().width);
      out.Bool(state->descriptor().sub_keys);
      state->Snapshot(out);
    }
    for (auto& [name, state] : maps_) {
      out.Fixed(StateTag::kMap);
      out.String(name);
      state->Snapshot(out);
    }
    for (auto& [name, queue] : timers_) {
      out.Fixed(StateTag::kTimers);
      out.String(name);
      queue->Snapshot(out);
    }
    return Status::Ok();
  }

  Status Restore(std::string_view snapshot) override {
    if (!snapshot.starts_with(kVersionMark)) return RestoreVersion1(snapshot);
    ByteReader in(snapshot.substr(kVersionMark.size()));
    if (in.Fixed<uint8_t>() != kVersion) return Status::Corruption("unknown version of keyed state");
    auto max_parallelism = static_cast<int>(in.Varint());
    for (uint64_t s = 0, count = in.Count(); s < count; ++s) {
      auto tag = in.Fixed<StateTag>();
      std::string name(in.String());
      if (tag == StateTag::kFixed) {
        StateDescriptor descriptor{name, in.Varint(), 0, in.Bool()};
        HashFixedState& state = Fixed(descriptor);
        RestoreGroups(in, max_parallelism, [&](ByteReader& group) { state.RestoreGroup(group); });
      } else if (tag == StateTag::kMap) {
        RestoreGroups(in, max_parallelism, [&](ByteReader& group) { Map(name).RestoreGroup(group); });
      } else if (tag == StateTag::kTimers) {
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
    return bytes;
  }

 private:
  static Status CutShort() { return Status::Corruption("the savepoint's state is cut short"); }

  HashFixedState& Fixed(const StateDescriptor& descriptor) {
    auto& state = fixed_[descriptor.name];
    if (!state) state = std::make_unique<HashFixedState>(descriptor, range_, clock_);
    return *state;
  }
  HashMapState& Map(const std::string& name) {
    auto& state = maps_[name];
    if (!state) state = std::make_unique<HashMapState>(StateDescriptor{name}, range_, clock_);
    return *state;
  }
  HashTimerQueue& Timers(const std::string& name) {
    auto& queue = timers_[name];
    if (!queue) queue = std::make_unique<HashTimerQueue>(name, range_);
    return *queue;
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
  }

  Status RestoreVersion1(std::string_view snapshot) {
    ByteReader in(snapshot);
    for (uint64_t s = 0, count = in.Count(); s < count; ++s) {
      switch (in.Fixed<StateTag>()) {
        case StateTag::kFixed: RestoreFixed1(in); break;
        case StateTag::kMap: RestoreMap1(in); break;
        case StateTag::kTimers: RestoreTimers1(in); break;
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
  std::map<std::string, std::unique_ptr<HashFixedState>> fixed_;
  std::map<std::string, std::unique_ptr<HashMapState>> maps_;
  std::map<std::string, std::unique_ptr<HashTimerQueue>> timers_;
};

}  // namespace

std::unique_ptr<StateBackend> MakeHashBackend(KeyGroupRange range, const Clock* clock) {
  return std::make_unique<HashBackend>(range, clock);
}

}  // namespace penstock
