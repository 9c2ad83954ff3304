// A small state like the large one.
#include "engine/forecast/entry_size.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "data/key_codec.h"
#include "state/bounded_backend.h"
#include "state/ordered_store.h"

namespace penstock {

namespace {

constexpr double kMostEntries = 16384;
constexpr double kMostSubKeys = 1 << 19;
// Keys with more rows than that take as much more for each as between the half of it and itself.
constexpr int64_t kMostRows = 512;

// Of all entries of a store.
double BytesIn(OrderedStore& store) {
  double bytes = 0;
  std::shared_ptr<StoreView> view = store.View();
  std::unique_ptr<StoreCursor> cursor = view->NewCursor();
  for (cursor->Seek(""); cursor->valid(); cursor->Next())
    bytes += static_cast<double>(cursor->key().size() + cursor->value().size());
  return bytes;
}

class Measure {
 public:
  // `on_disk`: records there instead of memory.
  Measure(const StateShape& shape, KeyFeeder* feeder, const Clock* clock, bool on_disk = false)
      : shape_(shape), feeder_(feeder), clock_(clock), on_disk_(on_disk) {}

  // That many keys with `rows` rows each.
  Result<double> Whole(int64_t keys, int64_t rows) {
    if (on_disk_) return Records(keys, rows);
    std::unique_ptr<StateBackend> backend = MakeHashBackend(KeyGroupRange{}, clock_);
    RETURN_IF_ERROR(feeder_->Open(backend.get()));
    TimerQueue* timers = nullptr;
    if (shape_.timers) {
      ASSIGN_OR_RETURN(timers, backend->OpenTimers("forecast-timers"));
    }
    size_t most = 0;
    // Twice as many turns as keys: until then tables that lose keys, too, have grown as large as they get.
    int64_t turns = shape_.comes_and_goes ? keys * 3 : keys;
    for (int64_t k = 0; k < turns; ++k) {
      std::string name = KeyName(k);
      if (k >= keys) Remove(k - keys, timers);
      RETURN_IF_ERROR(feeder_->Feed({name, HashOf(name, k)}, static_cast<uint64_t>(k), rows));
      if (timers != nullptr) timers->Register(k, {name, HashKey(name)});
      if (k >= keys && k % 256 == 0) most = std::max(most, backend->MemoryBytes());
    }
    return static_cast<double>(std::max(most, backend->MemoryBytes()));
  }

  // What a key with so many rows takes more than one with a single row.
  Result<double> Beyond(double rows) {
    if (rows > kMostRows) {
      ASSIGN_OR_RETURN(double half, Extra(kMostRows / 2));
      ASSIGN_OR_RETURN(double full, Extra(kMostRows));
      return full + (full - half) * (rows - kMostRows) / (kMostRows / 2.0);
    }
    auto below = static_cast<int64_t>(rows);
    ASSIGN_OR_RETURN(double low, Extra(below));
    if (rows - static_cast<double>(below) < 0.01) return low;
    ASSIGN_OR_RETURN(double high, Extra(below + 1));
    return low + (high - low) * (rows - static_cast<double>(below));
  }

 private:
  // The same in a backend whose budget is nothing, so that it keeps nothing.
  Result<double> Records(int64_t keys, int64_t rows) {
    MemoryBudget nothing(1);
    std::shared_ptr<OrderedStore> store = MakeMemoryStore();
    std::unique_ptr<BoundedBackend> backend = MakeTieredBackend(KeyGroupRange{}, clock_, &nothing, store);
    RETURN_IF_ERROR(feeder_->Open(backend.get()));
    for (int64_t k = 0; k < keys; ++k) {
      std::string name = KeyName(k);
      RETURN_IF_ERROR(feeder_->Feed({name, HashOf(name, k)}, static_cast<uint64_t>(k), rows));
    }
    RETURN_IF_ERROR(backend->Settle());
    return BytesIn(*store);
  }
  std::string KeyName(int64_t k) const {
    size_t size =
        shape_.key_bytes.empty() ? 8 : shape_.key_bytes[static_cast<size_t>(k) % shape_.key_bytes.size()];
    return NumberedName(static_cast<uint64_t>(k), std::max<size_t>(size, 4));
  }
  uint64_t HashOf(const std::string& name, int64_t k) const {
    const std::vector<uint64_t>& groups = shape_.group_hashes;
    if (groups.empty()) return HashKey(name);
    return SubKeyHash(groups[static_cast<size_t>(k) % groups.size()], HashKey(name));
  }
  void Remove(int64_t k, TimerQueue* timers) {
    std::string name = KeyName(k);
    StateKey key{name, HashOf(name, k)};
    feeder_->Clear(key);
    if (timers != nullptr) timers->Erase(k, key);
  }
  Result<double> Extra(int64_t rows) {
    if (rows <= 1) return 0.0;
    if (auto known = extras_.find(rows); known != extras_.end()) return known->second;
    auto keys = std::max<int64_t>(8, 64 * 16 / rows);
    StateShape standing = shape_;
    standing.comes_and_goes = false;
    Measure measure(standing, feeder_, clock_, on_disk_);
    ASSIGN_OR_RETURN(double many, measure.Whole(keys, rows));
    ASSIGN_OR_RETURN(double one, measure.Whole(keys, 1));
    return extras_[rows] = (many - one) / static_cast<double>(keys);
  }

  StateShape shape_;
  KeyFeeder* feeder_;
  const Clock* clock_;
  bool on_disk_;
  std::map<int64_t, double> extras_;
};

Result<double> MeasureAll(Measure& measure, std::span<const sql::KeyClass> keys, double most) {
  double count = 0;
  for (const sql::KeyClass& one : keys) count += one.keys;
  if (count < 0.5) return 0.0;
  count = std::max(count, 1.0);
  double scale = 1;
  while (count / scale > most) scale *= 2;
  ASSIGN_OR_RETURN(double bytes, measure.Whole(std::llround(count / scale), 1));
  bytes *= scale;
  for (const sql::KeyClass& one : keys) {
    ASSIGN_OR_RETURN(double beyond, measure.Beyond(one.rows));
    bytes += one.keys * beyond;
  }
  return bytes;
}

}  // namespace

Result<double> MeasureState(const StateShape& shape, KeyFeeder* feeder, std::span<const sql::KeyClass> keys,
                            const Clock* clock) {
  Measure measure(shape, feeder, clock);
  return MeasureAll(measure, keys, shape.group_hashes.empty() ? kMostEntries : kMostSubKeys);
}

Result<double> MeasureRecords(const StateShape& shape, KeyFeeder* feeder, std::span<const sql::KeyClass> keys,
                              const Clock* clock) {
  constexpr double kMostRecords = 512;  // all of a kind
  Measure measure(shape, feeder, clock, true);
  return MeasureAll(measure, keys, kMostRecords);
}

}  // namespace penstock
