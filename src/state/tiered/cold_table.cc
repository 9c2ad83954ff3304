// Records to and from the store. Sections of snapshots: cold_sections.cc.
#include "state/tiered/cold_table.h"

#include <algorithm>
#include <queue>

#include "state/tiered/cold_key.h"

namespace penstock {

namespace {

constexpr size_t kMostWaiting = size_t{1} << 20;

// A record as it is stored: the epoch of its last change, then what the state keeps.
std::string Stored(uint32_t epoch, std::string_view record) {
  std::string bytes(sizeof(epoch), '\0');
  std::memcpy(bytes.data(), &epoch, sizeof(epoch));
  return bytes.append(record);
}
uint32_t EpochOf(std::string_view stored) { return ByteReader(stored).Fixed<uint32_t>(); }
std::string_view RecordOf(std::string_view stored) { return stored.substr(sizeof(uint32_t)); }

}  // namespace

ColdTable::ColdTable(std::shared_ptr<OrderedStore> store, int max_parallelism, bool in_order)
    : store_(std::move(store)),
      writer_(store_->NewWriter()),
      max_parallelism_(max_parallelism),
      in_order_(in_order),
      prefix_(store_->NewPrefix()),
      groups_(static_cast<size_t>(max_parallelism)) {}

std::string ColdTable::KeyOf(char table, uint32_t epoch, int64_t name_space, StateKey key) const {
  std::string bytes = ColdSpace(table, prefix_, epoch, name_space);
  AppendColdGroup(GroupOf(key.hash), &bytes);
  AppendBigEndian(in_order_ ? 0 : static_cast<uint32_t>(key.hash), &bytes);
  return bytes.append(key.bytes);
}

size_t ColdTable::size(int64_t name_space) const {
  if (count_ == 0) return 0;
  auto space = spaces_.find(name_space);
  return space == spaces_.end() ? 0 : space->second.count;
}

bool ColdTable::MayHold(int64_t name_space, uint64_t hash) const {
  auto space = spaces_.find(name_space);
  return space != spaces_.end() && space->second.filter.MayHold(hash);
}

Result<bool> ColdTable::Holds(int64_t name_space, StateKey key) {
  RETURN_IF_ERROR(Commit());
  std::string wanted = KeyOf(kColdEntries, 0, name_space, key);
  std::vector<std::optional<std::string>> found;
  RETURN_IF_ERROR(store_->Get({&wanted, 1}, &found));
  return found[0].has_value();
}

void ColdTable::AddNamespaces(std::set<int64_t>* to) const {
  for (const auto& [name_space, space] : spaces_) {
    if (space.count > 0) to->insert(name_space);
  }
}

void ColdTable::Put(int64_t name_space, StateKey key, uint32_t epoch, std::string_view record, bool leaves) {
  std::string bytes = KeyOf(kColdEntries, 0, name_space, key);
  writer_->Put(bytes, Stored(epoch, record));
  waiting_ = true;
  waiting_bytes_ += bytes.size() + record.size();
  ++puts_;
  put_bytes_ += key.bytes.size() + record.size() + 2;
  spaces_[name_space].filter.Add(key.hash);
  groups_[static_cast<size_t>(GroupOf(key.hash))] = true;
  if (leaves) Return(name_space, key, epoch, record);
  if (waiting_bytes_ > kMostWaiting && failed_.ok()) failed_ = Commit();
}

void ColdTable::Return(int64_t name_space, StateKey key, uint32_t epoch, std::string_view record) {
  ++count_;
  ++spaces_[name_space].count;
  if (epoch >= oldest_) NoteChange(name_space, key, epoch, record);
}

void ColdTable::NoteChange(int64_t name_space, StateKey key, uint32_t epoch, std::string_view record) {
  Changes& changes = changed_[epoch];
  changes.groups.resize(groups_.size());
  changes.groups[static_cast<size_t>(GroupOf(key.hash))] = true;
  changes.bytes += key.bytes.size() + record.size() + 2;
  std::string bytes = KeyOf(kColdChanges, epoch, name_space, key);
  writer_->Put(bytes, record);
  waiting_ = true;
  waiting_bytes_ += bytes.size() + record.size();
}

Status ColdTable::Commit() {
  if (!failed_.ok()) return failed_;
  if (!waiting_) return Status::Ok();
  waiting_ = false;
  waiting_bytes_ = 0;
  return writer_->Commit();
}

void ColdTable::Took(Space& space, int64_t name_space, StateKey key, uint32_t epoch) {
  --count_;
  --space.count;
  if (epoch < oldest_) return;
  writer_->Erase(KeyOf(kColdChanges, epoch, name_space, key));
  waiting_ = true;
}

Status ColdTable::Take(int64_t name_space, std::span<const StateKey> keys, const Visit& visit) {
  RETURN_IF_ERROR(Commit());
  auto space = spaces_.find(name_space);
  if (space == spaces_.end() || space->second.count == 0) return Status::Ok();
  std::vector<std::string> wanted;
  wanted.reserve(keys.size());
  for (StateKey key : keys) wanted.push_back(KeyOf(kColdEntries, 0, name_space, key));
  std::vector<std::optional<std::string>> found;
  RETURN_IF_ERROR(store_->Get(wanted, &found));
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!found[i]) continue;
    uint32_t epoch = EpochOf(*found[i]);
    Took(space->second, name_space, keys[i], epoch);
    visit(keys[i], epoch, RecordOf(*found[i]));
  }
  return Commit();
}

Status ColdTable::TakeAll(int64_t name_space, const HashOf& hash_of, const InMemory& in_memory,
                          const Visit& visit) {
  RETURN_IF_ERROR(Commit());
  auto space = spaces_.find(name_space);
  if (space == spaces_.end() || space->second.count == 0) return Status::Ok();
  std::shared_ptr<StoreView> view = store_->View();
  std::unique_ptr<StoreCursor> cursor = view->NewCursor();
  std::string start = ColdSpace(kColdEntries, prefix_, 0, name_space);
  for (cursor->Seek(start); cursor->valid() && cursor->key().starts_with(start); cursor->Next()) {
    std::string_view record = RecordOf(cursor->value());
    std::string_view bytes = cursor->key().substr(start.size() + kColdGroupBytes);
    StateKey key{bytes, hash_of(bytes, record)};
    if (in_memory(key)) continue;
    uint32_t epoch = EpochOf(cursor->value());
    Took(space->second, name_space, key, epoch);
    visit(key, epoch, record);
  }
  RETURN_IF_ERROR(cursor->status());
  return Commit();
}

Status ColdTable::Keys(int64_t name_space, std::vector<std::string>* keys) {
  RETURN_IF_ERROR(Commit());
  if (!Any(name_space)) return Status::Ok();
  std::shared_ptr<StoreView> view = store_->View();
  std::unique_ptr<StoreCursor> cursor = view->NewCursor();
  std::string start = ColdSpace(kColdEntries, prefix_, 0, name_space);
  for (cursor->Seek(start); cursor->valid() && cursor->key().starts_with(start); cursor->Next())
    keys->emplace_back(cursor->key().substr(start.size() + kColdGroupBytes));
  return cursor->status();
}

Status ColdTable::TakeFirst(int64_t name_space, size_t most, const HashOf& hash_of, const Visit& visit) {
  RETURN_IF_ERROR(Commit());
  auto space = spaces_.find(name_space);
  if (space == spaces_.end() || space->second.count == 0) return Status::Ok();
  std::shared_ptr<StoreView> view = store_->View();
  struct Group {
    std::unique_ptr<StoreCursor> cursor;
    std::string start;
    bool valid() const { return cursor->valid() && cursor->key().starts_with(start); }
    std::string_view key() const { return cursor->key().substr(start.size()); }
  };
  auto later = [](const Group* a, const Group* b) { return a->key() > b->key(); };
  std::priority_queue<Group*, std::vector<Group*>, decltype(later)> queue(later);
  std::vector<Group> groups;
  for (size_t g = 0; g < groups_.size(); ++g) {
    if (!groups_[g]) continue;
    std::string start = ColdSpace(kColdEntries, prefix_, 0, name_space);
    AppendColdGroup(static_cast<int>(g), &start);
    AppendBigEndian(uint32_t{0}, &start);
    groups.push_back({view->NewCursor(), std::move(start)});
    groups.back().cursor->Seek(groups.back().start);
    RETURN_IF_ERROR(groups.back().cursor->status());
  }
  for (Group& group : groups) {
    if (group.valid()) queue.push(&group);
  }
  for (; !queue.empty() && most > 0; --most) {
    Group* group = queue.top();
    queue.pop();
    std::string_view record = RecordOf(group->cursor->value());
    std::string_view bytes = group->key();
    StateKey key{bytes, hash_of(bytes, record)};
    uint32_t epoch = EpochOf(group->cursor->value());
    writer_->Erase(group->cursor->key());
    Took(space->second, name_space, key, epoch);
    visit(key, epoch, record);
    waiting_ = true;
    group->cursor->Next();
    if (group->valid()) queue.push(group);
    RETURN_IF_ERROR(group->cursor->status());
  }
  return Commit();
}

Status ColdTable::Sweep(size_t most, const HashOf& hash_of, const Remove& remove) {
  RETURN_IF_ERROR(Commit());
  std::shared_ptr<StoreView> view = store_->View();
  std::unique_ptr<StoreCursor> cursor = view->NewCursor();
  const std::string start = ColdEpoch(kColdEntries, prefix_, 0);
  cursor->Seek(sweep_at_.empty() ? start : sweep_at_);
  auto inside = [&] { return cursor->valid() && cursor->key().starts_with(start); };
  for (; most > 0 && inside(); cursor->Next(), --most) {
    std::string_view rest = cursor->key().substr(start.size());
    int64_t name_space = ColdNamespace(rest);
    std::string_view record = RecordOf(cursor->value());
    std::string_view bytes = rest.substr(sizeof(int64_t) + kColdGroupBytes);
    StateKey key{bytes, hash_of(bytes, record)};
    auto space = spaces_.find(name_space);
    if (space == spaces_.end() || !remove(name_space, key, record)) continue;
    Took(space->second, name_space, key, EpochOf(cursor->value()));
    writer_->Erase(cursor->key());
    waiting_ = true;
  }
  RETURN_IF_ERROR(cursor->status());
  sweep_at_ = inside() ? std::string(cursor->key()) : std::string();
  return Commit();
}

void ColdTable::Forget(int64_t name_space, StateKey key) {
  if (!MayHold(name_space, key.hash)) return;
  writer_->Erase(KeyOf(kColdEntries, 0, name_space, key));
  waiting_ = true;
  waiting_bytes_ += 64 + key.bytes.size();
  if (waiting_bytes_ > kMostWaiting && failed_.ok()) failed_ = Commit();
}

void ColdTable::ForgetNamespace(int64_t name_space) {
  auto space = spaces_.find(name_space);
  if (space == spaces_.end()) return;
  auto erase = [&](const std::string& start) { writer_->EraseRange(start, AfterPrefix(start)); };
  erase(ColdSpace(kColdEntries, prefix_, 0, name_space));
  for (const auto& [epoch, changes] : changed_) erase(ColdSpace(kColdChanges, prefix_, epoch, name_space));
  waiting_ = true;
  count_ -= space->second.count;
  spaces_.erase(space);
}

void ColdTable::NoteChangesFrom(uint32_t cut) {
  ForgetChangesBefore(UINT32_MAX);
  oldest_ = cut;
}

void ColdTable::ForgetChangesBefore(uint32_t cut) {
  oldest_ = cut;
  auto end = changed_.lower_bound(cut);
  for (auto at = changed_.begin(); at != end; ++at) {
    std::string start = ColdEpoch(kColdChanges, prefix_, at->first);
    writer_->EraseRange(start, AfterPrefix(start));
    waiting_ = true;
  }
  changed_.erase(changed_.begin(), end);
}

size_t ColdTable::MemoryBytes() const {
  size_t bytes = waiting_bytes_;
  for (const auto& [name_space, space] : spaces_) bytes += sizeof(Space) + 64 + space.filter.MemoryBytes();
  return bytes;
}

}  // namespace penstock
