// Base and deltas to one base, a slice of a key group of a state at a time. The deltas of a slice are read
// from the newest to the oldest into an index, in which the first to speak of an entry has the last word;
// then the base flows through it.
#include "state/keyed_merge.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <unordered_map>

#include "data/key_codec.h"
#include "state/keyed_image.h"
#include "state/pieces/slices.h"

namespace penstock {

namespace {

// What names an entry of a fixed state, a key of a map state, or a timer (its time is the namespace).
struct EntryId {
  int64_t name_space = 0;
  std::string_view key;
  uint32_t upper = 0;
  bool operator==(const EntryId&) const = default;
};
struct HashEntryId {
  size_t operator()(const EntryId& id) const {
    return HashKey(id.key) ^ static_cast<uint64_t>(id.name_space) * 0x9E3779B97F4A7C15ULL ^ id.upper;
  }
};

// Entries of one namespace on their way into a section; written when the namespace ends.
class Run {
 public:
  explicit Run(ByteWriter* section) : section_(section) {}
  ByteWriter& Add() {
    ++count_;
    return entries_;
  }
  void End(int64_t name_space) {
    if (count_ == 0) return;
    section_->Fixed(name_space);
    section_->Varint(count_);
    section_->Raw(entries_.bytes());
    entries_ = ByteWriter();
    count_ = 0;
  }

 private:
  ByteWriter* section_;
  ByteWriter entries_;
  uint64_t count_ = 0;
};

// The images of one state in a chain, and one key group of them.
struct StateChain {
  const StateImage* base = nullptr;       // null where the state is younger
  std::vector<const StateImage*> deltas;  // oldest first
  const StateImage& any() const { return base != nullptr ? *base : *deltas.front(); }
};

std::string_view SectionOf(const StateImage* image, int group) {
  if (image == nullptr) return {};
  auto section = image->groups.find(group);
  return section == image->groups.end() ? std::string_view() : section->second;
}

// ---- Fixed states

class FixedMerge {
 public:
  FixedMerge(const StateChain& chain, int group) : chain_(chain), group_(group) {}

  Result<std::string> Merge() {
    for (size_t d = chain_.deltas.size(); d-- > 0;) {
      if (!ReadDelta(*chain_.deltas[d], d)) return Status::Corruption("a delta of keyed state is cut short");
      dropped_.insert(chain_.deltas[d]->dropped.begin(), chain_.deltas[d]->dropped.end());
    }
    if (!FilterBase()) return Status::Corruption("keyed state is cut short");
    AddNew();
    return section_.Take();
  }

 private:
  struct Change {
    size_t delta = 0;
    bool present = false;
    bool in_base = false;
    EntryId id;
    std::string_view tail;
  };

  Change* Claim(const EntryId& id, size_t delta) {
    auto [at, fresh] = index_.try_emplace(id, changes_.size());
    if (fresh) changes_.push_back({delta, false, false, id, {}});
    Change& change = changes_[at->second];
    return change.delta == delta ? &change : nullptr;
  }

  bool ReadDelta(const StateImage& image, size_t delta) {
    ByteReader in(SectionOf(&image, group_));
    while (in.ok() && !in.at_end()) {
      auto name_space = in.Fixed<int64_t>();
      bool gone = dropped_.contains(name_space);
      for (uint64_t left = in.Count(); left > 0 && in.ok(); --left) {
        FixedEntry entry = TakeFixedKey(image, &in);
        if (!gone) Claim({name_space, entry.key, entry.upper}, delta);
      }
      for (uint64_t left = in.Count(); left > 0 && in.ok(); --left) {
        FixedEntry entry = TakeFixedEntry(image, &in);
        Change* change = gone ? nullptr : Claim({name_space, entry.key, entry.upper}, delta);
        if (change == nullptr) continue;
        change->present = true;
        change->tail = entry.tail;
      }
    }
    return in.ok();
  }

  void Write(const EntryId& id, std::string_view tail, ByteWriter& out) const {
    out.String(id.key);
    if (chain_.any().sub_keys) out.Fixed(id.upper);
    out.Raw(tail);
  }

  bool FilterBase() {
    if (chain_.base == nullptr) return true;
    ByteReader in(SectionOf(chain_.base, group_));
    while (in.ok() && !in.at_end()) {
      auto name_space = in.Fixed<int64_t>();
      bool gone = dropped_.contains(name_space);
      Run run(&section_);
      for (uint64_t left = in.Count(); left > 0 && in.ok(); --left) {
        FixedEntry entry = TakeFixedEntry(*chain_.base, &in);
        EntryId id{name_space, entry.key, entry.upper};
        auto changed = index_.find(id);
        if (changed == index_.end()) {
          if (!gone) Write(id, entry.tail, run.Add());
          continue;
        }
        Change& change = changes_[changed->second];
        if (change.present && !change.in_base) Write(id, change.tail, run.Add());
        change.in_base = true;
      }
      run.End(name_space);
    }
    return in.ok();
  }

  void AddNew() {
    std::map<int64_t, std::vector<const Change*>> added;
    for (const Change& change : changes_) {
      if (change.present && !change.in_base) added[change.id.name_space].push_back(&change);
    }
    for (const auto& [name_space, changes] : added) {
      Run run(&section_);
      for (const Change* change : changes) Write(change->id, change->tail, run.Add());
      run.End(name_space);
    }
  }

  const StateChain& chain_;
  const int group_;
  std::set<int64_t> dropped_;  // by the deltas read so far
  std::unordered_map<EntryId, size_t, HashEntryId> index_;
  std::vector<Change> changes_;
  ByteWriter section_;
};

// ---- Map states

class MapMerge {
 public:
  MapMerge(const StateChain& chain, int group) : chain_(chain), group_(group) {}

  Result<std::string> Merge() {
    for (size_t d = chain_.deltas.size(); d-- > 0;) {
      if (!ReadDelta(*chain_.deltas[d], d)) return Status::Corruption("a delta of keyed state is cut short");
      dropped_.insert(chain_.deltas[d]->dropped.begin(), chain_.deltas[d]->dropped.end());
    }
    if (!FilterBase()) return Status::Corruption("keyed state is cut short");
    AddNew();
    return section_.Take();
  }

 private:
  struct Change {
    size_t delta = 0;
    bool present = false;
    MapElement element;
  };
  struct KeyChanges {
    EntryId id;
    bool cleared = false;  // what is older does not count
    bool in_base = false;
    std::map<std::string_view, Change> elements;
  };

  KeyChanges& ChangesOf(const EntryId& id) {
    auto [at, fresh] = index_.try_emplace(id, keys_.size());
    if (fresh) keys_.push_back({id, false, false, {}});
    return keys_[at->second];
  }

  static Change* Claim(KeyChanges& key, std::string_view element, size_t delta) {
    if (key.cleared) return nullptr;
    Change& change = key.elements.try_emplace(element, Change{delta, false, {}}).first->second;
    return change.delta == delta ? &change : nullptr;
  }

  bool ReadDelta(const StateImage& image, size_t delta) {
    ByteReader in(SectionOf(&image, group_));
    std::vector<EntryId> cleared;
    while (in.ok() && !in.at_end()) {
      auto name_space = in.Fixed<int64_t>();
      bool gone = dropped_.contains(name_space);
      for (uint64_t left = in.Count(); left > 0 && in.ok(); --left)
        cleared.push_back({name_space, in.String(), 0});
      for (uint64_t left = in.Count(); left > 0 && in.ok(); --left) {
        EntryId id{name_space, in.String(), 0};
        std::string_view element = in.String();
        if (!gone) Claim(ChangesOf(id), element, delta);
      }
      for (uint64_t left = in.Count(); left > 0 && in.ok(); --left) {
        EntryId id{name_space, in.String(), 0};
        KeyChanges* key = gone ? nullptr : &ChangesOf(id);
        for (uint64_t elements = in.Count(); elements > 0 && in.ok(); --elements) {
          MapElement element = TakeMapElement(&in);
          Change* change = gone ? nullptr : Claim(*key, element.element, delta);
          if (change == nullptr) continue;
          change->present = true;
          change->element = element;
        }
      }
    }
    // A key is cleared before this delta's own elements are put.
    for (const EntryId& id : cleared) ChangesOf(id).cleared = true;
    return in.ok();
  }

  static void Write(const MapElement& element, ByteWriter& out) {
    out.String(element.element);
    out.Fixed(element.time);
    out.String(element.value);
  }

  // The elements of a key: those of the base that nothing says more about, and those that changed.
  static void WriteKey(const KeyChanges& key, const std::vector<MapElement>& before, Run* run) {
    ByteWriter elements;
    uint64_t count = 0;
    auto put = [&](const MapElement& element) {
      ++count;
      Write(element, elements);
    };
    auto changed = key.elements.begin();
    auto put_changed = [&] {
      if (changed->second.present) put(changed->second.element);
      ++changed;
    };
    for (const MapElement& element : before) {
      while (changed != key.elements.end() && changed->first < element.element) put_changed();
      if (changed != key.elements.end() && changed->first == element.element)
        put_changed();
      else if (!key.cleared)
        put(element);
    }
    while (changed != key.elements.end()) put_changed();
    if (count == 0) return;
    ByteWriter& out = run->Add();
    out.String(key.id.key);
    out.Varint(count);
    out.Raw(elements.bytes());
  }

  bool FilterBase() {
    if (chain_.base == nullptr) return true;
    ByteReader in(SectionOf(chain_.base, group_));
    std::vector<MapElement> elements;
    while (in.ok() && !in.at_end()) {
      auto name_space = in.Fixed<int64_t>();
      bool gone = dropped_.contains(name_space);
      Run run(&section_);
      for (uint64_t keys = in.Count(); keys > 0 && in.ok(); --keys) {
        EntryId id{name_space, in.String(), 0};
        std::string_view from = in.rest();
        elements.clear();
        uint64_t count = in.Count();
        for (uint64_t left = count; left > 0 && in.ok(); --left) elements.push_back(TakeMapElement(&in));
        if (!in.ok()) return false;
        auto changed = index_.find(id);
        if (changed == index_.end()) {
          if (gone || count == 0) continue;
          ByteWriter& out = run.Add();
          out.String(id.key);
          out.Raw(from.substr(0, from.size() - in.rest().size()));
          continue;
        }
        KeyChanges& key = keys_[changed->second];
        key.in_base = true;
        if (gone) elements.clear();
        WriteKey(key, elements, &run);
      }
      run.End(name_space);
    }
    return in.ok();
  }

  void AddNew() {
    std::map<int64_t, std::vector<const KeyChanges*>> added;
    for (const KeyChanges& key : keys_) {
      if (!key.in_base) added[key.id.name_space].push_back(&key);
    }
    for (const auto& [name_space, keys] : added) {
      Run run(&section_);
      for (const KeyChanges* key : keys) WriteKey(*key, {}, &run);
      run.End(name_space);
    }
  }

  const StateChain& chain_;
  const int group_;
  std::set<int64_t> dropped_;
  std::unordered_map<EntryId, size_t, HashEntryId> index_;
  std::vector<KeyChanges> keys_;
  ByteWriter section_;
};

// ---- Timers

class TimerMerge {
 public:
  TimerMerge(const StateChain& chain, int group) : chain_(chain), group_(group) {}

  Result<std::string> Merge() {
    std::map<EntryId, bool, Before> timers;  // whether it is set
    auto take = [](ByteReader* in) {
      auto time = in->Fixed<int64_t>();
      return EntryId{time, in->String(), 0};
    };
    ByteReader base(SectionOf(chain_.base, group_));
    while (base.ok() && !base.at_end()) timers[take(&base)] = true;
    if (!base.ok()) return Status::Corruption("keyed state is cut short");
    for (const StateImage* image : chain_.deltas) {
      ByteReader in(SectionOf(image, group_));
      if (in.at_end()) continue;
      for (uint64_t left = in.Count(); left > 0 && in.ok(); --left) timers.erase(take(&in));
      for (uint64_t left = in.Count(); left > 0 && in.ok(); --left) timers[take(&in)] = true;
      if (!in.ok() || !in.at_end()) return Status::Corruption("a delta of timers is cut short");
    }
    ByteWriter section;
    for (const auto& [timer, set] : timers) {
      section.Fixed(timer.name_space);
      section.String(timer.key);
    }
    return section.Take();
  }

 private:
  struct Before {
    bool operator()(const EntryId& a, const EntryId& b) const {
      return a.name_space != b.name_space ? a.name_space < b.name_space : a.key < b.key;
    }
  };
  const StateChain& chain_;
  const int group_;
};

Result<std::string> MergeGroup(const StateChain& chain, int group) {
  switch (chain.any().kind) {
    case StateKind::kFixed: return FixedMerge(chain, group).Merge();
    case StateKind::kMap: return MapMerge(chain, group).Merge();
    case StateKind::kTimers: break;
  }
  return TimerMerge(chain, group).Merge();
}

// One state of a chain: its place in each link.
struct MergedState {
  struct Link {
    size_t number = 0;  // of the source
    size_t state = 0;   // in it
    StateImage image;   // without sections
    std::unique_ptr<SliceReader> slices;
  };
  std::vector<Link> links;
};

class MergedSource : public KeyedSource {
 public:
  explicit MergedSource(std::vector<std::shared_ptr<KeyedSource>> chain) : chain_(std::move(chain)) {
    max_parallelism_ = chain_.front()->max_parallelism();
  }

  Status Open() {
    for (size_t link = 0; link < chain_.size(); ++link) {
      if (chain_[link]->delta() != (link > 0)) return Status::Corruption("keyed state: a chain out of order");
      if (chain_[link]->max_parallelism() != max_parallelism_)
        return Status::Corruption("keyed state changes its number of key groups inside of a chain");
      for (size_t s = 0; s < chain_[link]->states().size(); ++s) RETURN_IF_ERROR(AddState(link, s));
    }
    for (size_t s = 0; s < states_.size(); ++s) {
      KeyedStateInfo& info = states_[s];
      int bits = SliceBitsFor(info.kind, info.bytes, info.groups.size());
      info.slice_bits = std::max(info.slice_bits, bits);
      for (MergedState::Link& link : merged_[s].links)
        link.slices = std::make_unique<SliceReader>(chain_[link.number], link.state, info.slice_bits);
    }
    return Status::Ok();
  }

  Result<std::string> Slice(size_t state, int group, uint32_t slice) override {
    MergedState& merged = merged_[state];
    std::vector<std::string> sections;
    std::vector<StateImage> images;
    for (MergedState::Link& link : merged.links) {
      ASSIGN_OR_RETURN(std::string section, link.slices->Read(group, slice));
      sections.push_back(std::move(section));
    }
    StateChain chain;
    for (size_t i = 0; i < sections.size(); ++i) {
      images.push_back(merged.links[i].image);
      if (!sections[i].empty()) images.back().groups[group] = sections[i];
    }
    for (size_t i = 0; i < images.size(); ++i) {
      if (merged.links[i].number == 0)
        chain.base = &images[i];
      else
        chain.deltas.push_back(&images[i]);
    }
    return MergeGroup(chain, group);
  }

 private:
  Status AddState(size_t link, size_t number) {
    const KeyedStateInfo& state = chain_[link]->states()[number];
    auto same = [&](const KeyedStateInfo& one) { return one.kind == state.kind && one.name == state.name; };
    // A base may name a state twice only where it is damaged; then each is merged alone.
    auto at = link == 0 ? states_.end() : std::find_if(states_.begin(), states_.end(), same);
    if (at == states_.end()) {
      at = states_.insert(at, KeyedStateInfo{state.kind, state.name, state.width, state.sub_keys, {}, {}});
      merged_.emplace_back();
    }
    if (at->width != state.width || at->sub_keys != state.sub_keys)
      return Status::Corruption("keyed state changes its layout inside of a chain");
    std::vector<int> groups;
    std::set_union(at->groups.begin(), at->groups.end(), state.groups.begin(), state.groups.end(),
                   std::back_inserter(groups));
    at->groups = std::move(groups);
    at->slice_bits = std::max(at->slice_bits, state.slice_bits);
    at->bytes += state.bytes;
    MergedState::Link& one = merged_[static_cast<size_t>(at - states_.begin())].links.emplace_back();
    one.number = link;
    one.state = number;
    one.image.kind = state.kind;
    one.image.name = state.name;
    one.image.width = state.width;
    one.image.sub_keys = state.sub_keys;
    one.image.dropped = state.dropped;
    return Status::Ok();
  }

  std::vector<std::shared_ptr<KeyedSource>> chain_;
  std::vector<MergedState> merged_;
};

}  // namespace

Result<std::shared_ptr<KeyedSource>> MergeSources(std::vector<std::shared_ptr<KeyedSource>> chain) {
  auto merged = std::make_shared<MergedSource>(std::move(chain));
  RETURN_IF_ERROR(merged->Open());
  return std::shared_ptr<KeyedSource>(std::move(merged));
}

Result<std::string> MergeKeyed(std::span<const std::string_view> chain) {
  if (chain.empty()) return std::string();
  std::vector<std::shared_ptr<KeyedSource>> sources;
  for (std::string_view bytes : chain) {
    ASSIGN_OR_RETURN(std::shared_ptr<KeyedSource> source, MakeKeyedView(bytes));
    sources.push_back(std::move(source));
  }
  ASSIGN_OR_RETURN(std::shared_ptr<KeyedSource> merged, MergeSources(std::move(sources)));
  return KeyedBytes(*merged);
}

}  // namespace penstock
