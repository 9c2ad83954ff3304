// The in-memory state backend: FlatTables for fixed state, ordered maps per key for map state, an ordered set
// for timers. A snapshot is every state's entries with their key bytes; the key group follows from the key.
#include <algorithm>
#include <map>
#include <set>

#include "data/key_codec.h"
#include "state/hash/flat_table.h"
#include "state/state_backend.h"

namespace penstock {

namespace {

enum class StateTag : uint8_t { kFixed = 1, kMap = 2, kTimers = 3 };

bool Expired(int64_t written, int64_t ttl, int64_t now) { return ttl > 0 && written + ttl <= now; }

class HashFixedState : public FixedState {
 public:
  HashFixedState(StateDescriptor descriptor, const Clock* clock)
      : descriptor_(std::move(descriptor)), clock_(clock) {}

  Status Access(int64_t name_space, std::span<const StateKey> keys, std::span<uint8_t*> values,
                std::span<uint8_t> created) override {
    FlatTable& table = Table(name_space);
    table.Reserve(keys.size());
    int64_t now = descriptor_.ttl_ms > 0 ? clock_->NowMicros() / 1000 : 0;
    constexpr size_t kAhead = 16;
    for (size_t i = 0; i < keys.size(); ++i) {
      if (i + kAhead < keys.size()) table.Prefetch(keys[i + kAhead].hash);
      if (descriptor_.ttl_ms > 0) {
        uint8_t* old = table.Find(keys[i].bytes, keys[i].hash);
        if (old != nullptr && Expired(FlatTable::TimeOf(old), descriptor_.ttl_ms, now)) {
          FlatTable::SetTime(old, now);
          values[i] = old;
          created[i] = 1;
          continue;
        }
      }
      bool fresh = false;
      values[i] = table.FindOrInsert(keys[i].bytes, keys[i].hash, now, &fresh);
      created[i] = fresh ? 1 : 0;
    }
    return Status::Ok();
  }

  const uint8_t* Find(int64_t name_space, StateKey key) override {
    auto it = tables_.find(name_space);
    if (it == tables_.end()) return nullptr;
    uint8_t* value = it->second->Find(key.bytes, key.hash);
    if (value != nullptr && descriptor_.ttl_ms > 0 &&
        Expired(FlatTable::TimeOf(value), descriptor_.ttl_ms, clock_->NowMicros() / 1000)) {
      return nullptr;
    }
    return value;
  }

  void Erase(int64_t name_space, StateKey key) override {
    auto it = tables_.find(name_space);
    if (it == tables_.end()) return;
    it->second->Erase(key.bytes, key.hash);
    if (it->second->size() == 0) Drop(it);
  }

  void ForEach(int64_t name_space, const std::function<void(StateKey, uint8_t*)>& visit) override {
    auto it = tables_.find(name_space);
    if (it == tables_.end()) return;
    struct Entry {
      StateKey key;
      uint8_t* value;
    };
    std::vector<Entry> entries;
    entries.reserve(it->second->size());
    it->second->ForEach([&](std::string_view key, uint64_t hash, uint8_t* value, int64_t) {
      entries.push_back({{key, hash}, value});
    });
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.key.bytes < b.key.bytes; });
    for (const Entry& entry : entries) visit(entry.key, entry.value);
  }

  void EraseNamespace(int64_t name_space) override {
    auto it = tables_.find(name_space);
    if (it != tables_.end()) Drop(it);
  }

  std::vector<int64_t> Namespaces() const override {
    std::vector<int64_t> out;
    for (const auto& [name_space, table] : tables_) out.push_back(name_space);
    return out;
  }

  size_t size(int64_t name_space) const override {
    auto it = tables_.find(name_space);
    return it == tables_.end() ? 0 : it->second->size();
  }

  void Snapshot(ByteWriter& out) {
    out.Fixed(StateTag::kFixed);
    out.String(descriptor_.name);
    out.Varint(descriptor_.width);
    out.Varint(tables_.size());
    for (auto& [name_space, table] : tables_) {
      out.Fixed(name_space);
      out.Varint(table->size());
      table->ForEach([&](std::string_view key, uint64_t, uint8_t* value, int64_t time) {
        out.String(key);
        out.Fixed(time);
        out.Raw({reinterpret_cast<const char*>(value), descriptor_.width});
      });
    }
  }

  void Insert(int64_t name_space, std::string_view key, uint64_t hash, int64_t time, std::string_view value) {
    FlatTable& table = Table(name_space);
    table.Reserve(1);
    bool created = false;
    std::memcpy(table.FindOrInsert(key, hash, time, &created), value.data(), value.size());
  }

  const StateDescriptor& descriptor() const { return descriptor_; }
  void set_ttl(int64_t ttl) { descriptor_.ttl_ms = ttl; }
  size_t MemoryBytes() const {
    size_t bytes = 0;
    for (const auto& [name_space, table] : tables_) bytes += table->MemoryBytes();
    return bytes;
  }

 private:
  using Tables = std::map<int64_t, std::unique_ptr<FlatTable>>;
  FlatTable& Table(int64_t name_space) {
    if (last_ != nullptr && last_namespace_ == name_space) return *last_;
    std::unique_ptr<FlatTable>& table = tables_[name_space];
    if (!table) table = std::make_unique<FlatTable>(descriptor_.width);
    last_ = table.get();
    last_namespace_ = name_space;
    return *last_;
  }
  void Drop(Tables::iterator it) {
    last_ = nullptr;
    tables_.erase(it);
  }

  StateDescriptor descriptor_;
  const Clock* clock_;
  Tables tables_;
  FlatTable* last_ = nullptr;
  int64_t last_namespace_ = 0;
};

// Elements of one key. The map is found by a FlatTable from key to its index in a pool.
class HashMapState : public MapState {
 public:
  HashMapState(StateDescriptor descriptor, const Clock* clock)
      : descriptor_(std::move(descriptor)), clock_(clock) {}

  std::optional<std::string_view> Get(int64_t name_space, StateKey key, std::string_view element) override {
    Elements* elements = FindElements(name_space, key);
    if (elements == nullptr) return std::nullopt;
    auto it = elements->find(element);
    if (it == elements->end() || Gone(it->second)) return std::nullopt;
    return it->second.value;
  }

  void Put(int64_t name_space, StateKey key, std::string_view element, std::string_view value) override {
    Elements& elements = MakeElements(name_space, key);
    Stored stored{std::string(value), Now()};
    auto it = elements.find(element);
    if (it != elements.end()) {
      it->second = std::move(stored);
    } else {
      elements.emplace(std::string(element), std::move(stored));
    }
  }

  void Erase(int64_t name_space, StateKey key, std::string_view element) override {
    Elements* elements = FindElements(name_space, key);
    if (elements == nullptr) return;
    auto it = elements->find(element);
    if (it != elements->end()) elements->erase(it);
    if (elements->empty()) Clear(name_space, key);
  }

  void Clear(int64_t name_space, StateKey key) override {
    auto space = spaces_.find(name_space);
    if (space == spaces_.end()) return;
    uint8_t* slot = space->second.index.Find(key.bytes, key.hash);
    if (slot == nullptr) return;
    uint64_t at = 0;
    std::memcpy(&at, slot, sizeof(at));
    pool_[at].clear();
    free_.push_back(at);
    space->second.index.Erase(key.bytes, key.hash);
    if (space->second.index.size() == 0) spaces_.erase(space);
  }

  bool Empty(int64_t name_space, StateKey key) override {
    Elements* elements = FindElements(name_space, key);
    if (elements == nullptr) return true;
    return std::all_of(elements->begin(), elements->end(), [&](const auto& e) { return Gone(e.second); });
  }

  void Scan(int64_t name_space, StateKey key, std::string_view from, const Visit& visit) override {
    Elements* elements = FindElements(name_space, key);
    if (elements == nullptr) return;
    for (auto it = elements->lower_bound(from); it != elements->end(); ++it) {
      if (!Gone(it->second) && !visit(it->first, it->second.value)) return;
    }
  }

  void ScanBackward(int64_t name_space, StateKey key, const Visit& visit) override {
    Elements* elements = FindElements(name_space, key);
    if (elements == nullptr) return;
    for (auto it = elements->rbegin(); it != elements->rend(); ++it) {
      if (!Gone(it->second) && !visit(it->first, it->second.value)) return;
    }
  }

  void ForEachKey(int64_t name_space, const std::function<void(StateKey)>& visit) override {
    auto space = spaces_.find(name_space);
    if (space == spaces_.end()) return;
    std::vector<std::pair<std::string, uint64_t>> keys;
    space->second.index.ForEach([&](std::string_view key, uint64_t hash, uint8_t*, int64_t) {
      keys.emplace_back(std::string(key), hash);
    });
    std::sort(keys.begin(), keys.end());
    for (const auto& [key, hash] : keys) visit({key, hash});
  }

  void EraseNamespace(int64_t name_space) override {
    ForEachKey(name_space, [&](StateKey key) { Clear(name_space, key); });
  }

  std::vector<int64_t> Namespaces() const override {
    std::vector<int64_t> out;
    for (const auto& [name_space, space] : spaces_) out.push_back(name_space);
    return out;
  }

  void Snapshot(ByteWriter& out) {
    out.Fixed(StateTag::kMap);
    out.String(descriptor_.name);
    out.Varint(spaces_.size());
    for (auto& [name_space, space] : spaces_) {
      out.Fixed(name_space);
      out.Varint(space.index.size());
      space.index.ForEach([&](std::string_view key, uint64_t, uint8_t* slot, int64_t) {
        uint64_t at = 0;
        std::memcpy(&at, slot, sizeof(at));
        out.String(key);
        out.Varint(pool_[at].size());
        for (const auto& [element, stored] : pool_[at]) {
          out.String(element);
          out.Fixed(stored.time);
          out.String(stored.value);
        }
      });
    }
  }

  void Insert(int64_t name_space, StateKey key, std::string_view element, int64_t time,
              std::string_view value) {
    MakeElements(name_space, key)[std::string(element)] = {std::string(value), time};
  }

  void set_ttl(int64_t ttl) { descriptor_.ttl_ms = ttl; }
  size_t MemoryBytes() const {
    size_t bytes = 0;
    for (const auto& [name_space, space] : spaces_) bytes += space.index.MemoryBytes();
    for (const Elements& elements : pool_) bytes += elements.size() * (sizeof(Stored) + 96);
    return bytes;
  }

 private:
  struct Stored {
    std::string value;
    int64_t time = 0;
  };
  using Elements = std::map<std::string, Stored, std::less<>>;
  struct Space {
    FlatTable index{sizeof(uint64_t)};
  };

  int64_t Now() const { return descriptor_.ttl_ms > 0 ? clock_->NowMicros() / 1000 : 0; }
  bool Gone(const Stored& stored) const {
    return descriptor_.ttl_ms > 0 && Expired(stored.time, descriptor_.ttl_ms, Now());
  }

  Elements* FindElements(int64_t name_space, StateKey key) {
    auto space = spaces_.find(name_space);
    if (space == spaces_.end()) return nullptr;
    uint8_t* slot = space->second.index.Find(key.bytes, key.hash);
    if (slot == nullptr) return nullptr;
    uint64_t at = 0;
    std::memcpy(&at, slot, sizeof(at));
    return &pool_[at];
  }

  Elements& MakeElements(int64_t name_space, StateKey key) {
    FlatTable& index = spaces_[name_space].index;
    index.Reserve(1);
    bool created = false;
    uint8_t* slot = index.FindOrInsert(key.bytes, key.hash, 0, &created);
    uint64_t at = 0;
    if (created) {
      if (free_.empty()) {
        at = pool_.size();
        pool_.emplace_back();
      } else {
        at = free_.back();
        free_.pop_back();
      }
      std::memcpy(slot, &at, sizeof(at));
    } else {
      std::memcpy(&at, slot, sizeof(at));
    }
    return pool_[at];
  }

  StateDescriptor descriptor_;
  const Clock* clock_;
  std::map<int64_t, Space> spaces_;
  std::vector<Elements> pool_;
  std::vector<uint64_t> free_;
};

class HashTimerQueue : public TimerQueue {
 public:
  explicit HashTimerQueue(std::string name) : name_(std::move(name)) {}
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
  void Snapshot(ByteWriter& out) {
    out.Fixed(StateTag::kTimers);
    out.String(name_);
    out.Varint(timers_.size());
    for (const auto& [time, key] : timers_) {
      out.Fixed(time);
      out.String(key);
    }
  }

 private:
  std::string name_;
  std::set<std::pair<int64_t, std::string>> timers_;
};

class HashBackend : public StateBackend {
 public:
  HashBackend(KeyGroupRange range, const Clock* clock) : range_(range), clock_(clock) {}

  Result<FixedState*> OpenFixed(const StateDescriptor& descriptor) override {
    auto& state = fixed_[descriptor.name];
    if (!state) state = std::make_unique<HashFixedState>(descriptor, clock_);
    if (state->descriptor().width != descriptor.width) {
      return Status::Corruption("state '" + descriptor.name + "' was saved with another layout")
          .WithHint("the query's aggregates changed; start without the savepoint");
    }
    state->set_ttl(descriptor.ttl_ms);
    return state.get();
  }

  Result<MapState*> OpenMap(const StateDescriptor& descriptor) override {
    auto& state = maps_[descriptor.name];
    if (!state) state = std::make_unique<HashMapState>(descriptor, clock_);
    state->set_ttl(descriptor.ttl_ms);
    return state.get();
  }

  Result<TimerQueue*> OpenTimers(const std::string& name) override {
    auto& queue = timers_[name];
    if (!queue) queue = std::make_unique<HashTimerQueue>(name);
    return queue.get();
  }

  Status Snapshot(ByteWriter& out) override {
    out.Varint(fixed_.size() + maps_.size() + timers_.size());
    for (auto& [name, state] : fixed_) state->Snapshot(out);
    for (auto& [name, state] : maps_) state->Snapshot(out);
    for (auto& [name, queue] : timers_) queue->Snapshot(out);
    return Status::Ok();
  }

  Status Restore(std::string_view snapshot) override {
    ByteReader in(snapshot);
    for (uint64_t s = 0, count = in.Count(); s < count; ++s) {
      switch (in.Fixed<StateTag>()) {
        case StateTag::kFixed: RestoreFixed(in); break;
        case StateTag::kMap: RestoreMap(in); break;
        case StateTag::kTimers: RestoreTimers(in); break;
        default: return Status::Corruption("unknown kind of state in the savepoint");
      }
      if (!in.ok()) return Status::Corruption("the savepoint's state is cut short");
    }
    return Status::Ok();
  }

  size_t MemoryBytes() const override {
    size_t bytes = 0;
    for (const auto& [name, state] : fixed_) bytes += state->MemoryBytes();
    for (const auto& [name, state] : maps_) bytes += state->MemoryBytes();
    return bytes;
  }

 private:
  void RestoreFixed(ByteReader& in) {
    StateDescriptor descriptor{std::string(in.String()), in.Varint(), 0};
    auto& state = fixed_[descriptor.name];
    if (!state) state = std::make_unique<HashFixedState>(descriptor, clock_);
    for (uint64_t n = 0, spaces = in.Count(); n < spaces; ++n) {
      auto name_space = in.Fixed<int64_t>();
      for (uint64_t i = 0, entries = in.Count(); i < entries; ++i) {
        std::string_view key = in.String();
        auto time = in.Fixed<int64_t>();
        std::string value(descriptor.width, '\0');
        for (char& byte : value) byte = in.Fixed<char>();
        uint64_t hash = HashKey(key);
        if (in.ok() && range_.Contains(hash)) state->Insert(name_space, key, hash, time, value);
      }
    }
  }

  void RestoreMap(ByteReader& in) {
    StateDescriptor descriptor{std::string(in.String()), 0, 0};
    auto& state = maps_[descriptor.name];
    if (!state) state = std::make_unique<HashMapState>(descriptor, clock_);
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
          if (in.ok() && own) state->Insert(name_space, state_key, element, time, value);
        }
      }
    }
  }

  void RestoreTimers(ByteReader& in) {
    std::string name(in.String());
    auto& queue = timers_[name];
    if (!queue) queue = std::make_unique<HashTimerQueue>(name);
    for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
      auto time = in.Fixed<int64_t>();
      std::string_view key = in.String();
      StateKey state_key{key, HashKey(key)};
      if (in.ok() && range_.Contains(state_key.hash)) queue->Register(time, state_key);
    }
  }

  KeyGroupRange range_;
  const Clock* clock_;
  std::map<std::string, std::unique_ptr<HashFixedState>> fixed_;
  std::map<std::string, std::unique_ptr<HashMapState>> maps_;
  std::map<std::string, std::unique_ptr<HashTimerQueue>> timers_;
};

}  // namespace

std::unique_ptr<StateBackend> MakeHashBackend(KeyGroupRange range, const Clock* clock) {
  return std::make_unique<HashBackend>(range, clock);
}

}  // namespace penstock
