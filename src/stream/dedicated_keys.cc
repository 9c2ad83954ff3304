// Adding up what watches saw, and choosing from it.
#include "stream/dedicated_keys.h"

#include <algorithm>

#include "base/bytes.h"

namespace penstock {

void WatchedKeys::Add(const WatchedKeys& other) {
  rows += other.rows;
  fewest = other.fewest;
  for (const Key& key : other.keys) {
    auto at = std::find_if(keys.begin(), keys.end(), [&](const Key& own) { return own.hash == key.hash; });
    if (at == keys.end())
      keys.push_back(key);
    else
      at->rows += key.rows;
  }
}

double WatchedKeys::ShareOf(uint64_t hash) const {
  for (const Key& key : keys) {
    if (key.hash == hash && rows > 0) return static_cast<double>(key.rows) / static_cast<double>(rows);
  }
  return 0;
}

std::string WatchedKeys::Write() const {
  ByteWriter out;
  out.Varint(static_cast<uint64_t>(rows));
  out.Varint(static_cast<uint64_t>(fewest));
  out.Varint(keys.size());
  for (const Key& key : keys) {
    out.String(key.bytes);
    out.Fixed(key.hash);
    out.Varint(static_cast<uint64_t>(key.rows));
  }
  return out.Take();
}

Result<WatchedKeys> WatchedKeys::Read(std::string_view bytes) {
  ByteReader in(bytes);
  WatchedKeys seen;
  seen.rows = static_cast<int64_t>(in.Varint());
  seen.fewest = static_cast<int64_t>(in.Varint());
  for (uint64_t left = in.Count(); left > 0; --left) {
    Key& key = seen.keys.emplace_back();
    key.bytes = std::string(in.String());
    key.hash = in.Fixed<uint64_t>();
    key.rows = static_cast<int64_t>(in.Varint());
  }
  if (!in.ok()) return Status::Corruption("the hot keys of a checkpoint are cut short");
  return seen;
}

DedicatedKeys ChooseDedicated(const WatchedKeys& seen, int parallelism, double margin) {
  DedicatedKeys chosen;
  if (seen.rows < seen.fewest) return chosen;
  std::vector<WatchedKeys::Key> keys = seen.keys;
  // Not by arrival: every restore from the same checkpoint chooses the same.
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) {
    return a.rows != b.rows ? a.rows > b.rows : a.bytes < b.bytes;
  });
  auto left = static_cast<double>(seen.rows);
  for (const WatchedKeys::Key& key : keys) {
    int subtasks = parallelism - static_cast<int>(chosen.prefixes.size());
    auto rows = static_cast<double>(key.rows);
    if (subtasks < 2 || rows * subtasks < left * margin) break;
    if (chosen.IndexOf(key.hash) >= 0) continue;
    chosen.prefixes.push_back(DedicatedKeys::PrefixOf(key.hash));
    left -= rows;
  }
  return chosen;
}

}  // namespace penstock
