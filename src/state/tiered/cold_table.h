// ColdTable: the entries of one state that are not in memory: records by namespace and key in an
// OrderedStore. A record taken out for memory may stay behind as an old copy: what is in memory goes before
// what is here, and overwrites it when it comes back. Used by its state's thread; the sections it hands out
// by any.
//
// Beside the records lie those that changed since a cut that a delta may be asked of: copies in the order of
// their epochs, of entries that are only here.
//
// Keys: table (1 byte), prefix of the state (u32), epoch of a change (u32, of copies), namespace (i64), key
// group (u16), lower half of the hash (u32), key; big-endian, the sign bit of the namespace inverted. So an
// epoch, a namespace and a key group of it are ranges, and segments of a table are, too.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "state/key_group.h"
#include "state/keyed_state.h"
#include "state/layered_source.h"
#include "state/ordered_store.h"
#include "state/tiered/key_filter.h"

namespace penstock {

class ColdTable {
 public:
  // `in_order`: the keys of a group are ordered by their bytes, not their hashes.
  ColdTable(std::shared_ptr<OrderedStore> store, int max_parallelism, bool in_order = false);

  // Entries that are only here.
  size_t size(int64_t name_space) const;
  bool Any(int64_t name_space) const { return size(name_space) > 0; }
  bool any() const { return count_ > 0; }
  size_t count() const { return count_; }
  // Whether there may be a record of the key, also an old copy; false is certain.
  bool MayHold(int64_t name_space, uint64_t hash) const;
  // Whether there is a record of the key, also an old copy.
  Result<bool> Holds(int64_t name_space, StateKey key);
  void AddNamespaces(std::set<int64_t>* to) const;

  // Writes a record; `leaves`: it is gone from memory, else this is a copy. Nothing is written before Commit,
  // or when much waits.
  void Put(int64_t name_space, StateKey key, uint32_t epoch, std::string_view record, bool leaves);
  // An entry leaves memory of which the copy here is what it is.
  void Return(int64_t name_space, StateKey key, uint32_t epoch, std::string_view record);
  Status Commit();
  // Reads records for memory: visit(key, epoch, record) for those that are there. REQUIRES: no key twice,
  // none in memory.
  using Visit = std::function<void(StateKey key, uint32_t epoch, std::string_view record)>;
  Status Take(int64_t name_space, std::span<const StateKey> keys, const Visit& visit);
  // All of a namespace but those that `in_memory` has. With the keys' hashes by hash_of(key, record).
  using HashOf = std::function<uint64_t(std::string_view key, std::string_view record)>;
  using InMemory = std::function<bool(StateKey key)>;
  Status TakeAll(int64_t name_space, const HashOf& hash_of, const InMemory& in_memory, const Visit& visit);
  // The keys of a namespace, also of old copies.
  Status Keys(int64_t name_space, std::vector<std::string>* keys);
  // The first records of all groups in the order of their keys, at most `most`. REQUIRES: in_order.
  Status TakeFirst(int64_t name_space, size_t most, const HashOf& hash_of, const Visit& visit);
  // Goes on over at most `most` records from where the last call stopped, at the end from the start. Those
  // for which `remove` says so go; of others and of old copies nothing changes.
  using Remove = std::function<bool(int64_t name_space, StateKey key, std::string_view record)>;
  Status Sweep(size_t most, const HashOf& hash_of, const Remove& remove);
  // A key, or all of a namespace, is gone: from here, too.
  void Forget(int64_t name_space, StateKey key);
  void ForgetNamespace(int64_t name_space);

  // Changes of cut `cut` and later are to be told from now on; those known so far are forgotten, or those
  // before it.
  void NoteChangesFrom(uint32_t cut);
  void ForgetChangesBefore(uint32_t cut);
  // Writes what of a record belongs into a section; false where nothing does.
  using WriteRecord = std::function<bool(std::string_view key, std::string_view record, ByteWriter& out)>;
  // Everything here, or what changed in epoch `from` or later; null where there is nothing. Entries lie in
  // runs of a namespace, after `empty_lists` of what a delta erases; timers (-1) without runs. After a
  // Commit.
  std::shared_ptr<KeyedSections> Sections(const uint32_t* from, int empty_lists, WriteRecord write);
  size_t MemoryBytes() const;

 private:
  struct Space {
    size_t count = 0;  // of entries that are only here
    KeyFilter filter;
  };
  std::string KeyOf(char table, uint32_t epoch, int64_t name_space, StateKey key) const;
  void Took(Space& space, int64_t name_space, StateKey key, uint32_t epoch);
  // The copies of an epoch.
  struct Changes {
    std::vector<bool> groups;
    uint64_t bytes = 0;
  };
  void NoteChange(int64_t name_space, StateKey key, uint32_t epoch, std::string_view record);
  int GroupOf(uint64_t hash) const { return KeyGroupOf(hash, max_parallelism_); }

  std::shared_ptr<OrderedStore> store_;
  std::unique_ptr<StoreWriter> writer_;
  int max_parallelism_;
  bool in_order_;
  uint32_t prefix_;
  size_t waiting_bytes_ = 0;
  bool waiting_ = false;
  Status failed_;  // of a write that nobody was told of
  size_t count_ = 0;
  std::map<int64_t, Space> spaces_;
  std::vector<bool> groups_;  // that records were written of
  uint32_t oldest_ = UINT32_MAX;
  std::string sweep_at_;                 // the key that Sweep goes on with
  uint64_t puts_ = 0, put_bytes_ = 0;    // records written so far: how large they are
  std::map<uint32_t, Changes> changed_;  // by epoch
};

}  // namespace penstock
