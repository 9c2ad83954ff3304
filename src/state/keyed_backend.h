// KeyedBackend: what backends have in common: states by name, checkpoints as cuts, snapshots and restores.
//
// Entries carry the number of the cut before which they changed last. A checkpoint is a cut: what changed
// since an earlier one is what carries its number or a later one, and what the logs of erasures say.
//
// States: Fixed, Map and Timers, made from (StateDescriptor, StateContext) and (StateContext). Each writes
// its part that is in memory (Snapshot, WriteDelta, Spool) and hands out the rest as sections (Elsewhere).
#pragma once

#include <algorithm>
#include <map>

#include "data/key_codec.h"
#include "state/bounded_backend.h"
#include "state/hash/erasure_log.h"
#include "state/hash/state_context.h"
#include "state/keyed_format.h"
#include "state/layered_source.h"
#include "state/section_writer.h"

namespace penstock {

template <typename Fixed, typename Map, typename Timers>
class KeyedBackend : public BoundedBackend {
 public:
  explicit KeyedBackend(StateContext context) : context_(std::move(context)) {}

  Result<FixedState*> OpenFixed(const StateDescriptor& descriptor) override {
    Fixed& state = FixedOf(descriptor);
    if (state.descriptor().width != descriptor.width || state.descriptor().sub_keys != descriptor.sub_keys) {
      return Status::Corruption("state '" + descriptor.name + "' was saved with another layout")
          .WithHint("the query's aggregates changed; start without the savepoint");
    }
    state.set_ttl(descriptor.ttl_ms);
    if (descriptor.sub_keys) TakeElements(descriptor.name, &state);
    return &state;
  }
  Result<MapState*> OpenMap(const StateDescriptor& descriptor) override {
    Map& state = MapOf(descriptor.name);
    state.set_ttl(descriptor.ttl_ms);
    return &state;
  }
  Result<TimerQueue*> OpenTimers(const std::string& name) override { return &TimersOf(name); }

  Result<KeyedPart> SnapshotPart() override { return Parts(0, nullptr); }

  Result<KeyedPart> CheckpointPart(uint64_t epoch, uint64_t decided) override {
    if (fixed_.empty() && maps_.empty() && timers_.empty()) return KeyedPart();
    auto since = cuts_.find(decided);
    if (since == cuts_.end() || AnyLog([](const ErasureLog& log) { return log.overflowed(); })) {
      ASSIGN_OR_RETURN(KeyedPart everything, SnapshotPart());
      GoOnFrom(epoch);
      return everything;
    }
    cuts_.erase(cuts_.begin(), since);
    ASSIGN_OR_RETURN(KeyedPart changes, Parts(decided, &since->second));
    EachState([&](auto& state) { state.ForgetChangesBefore(since->second); });
    Cut(epoch);
    return changes;
  }

  // What is erased is logged from here on: no cut before this one can be told from.
  void GoOnFrom(uint64_t epoch) override {
    cuts_.clear();
    Cut(epoch);
    EachState([&](auto& state) { state.NoteChangesFrom(next_cut_); });
  }

  Status Restore(KeyedSource& snapshot) override {
    bool same_groups = snapshot.max_parallelism() == static_cast<uint64_t>(context_.range.max_parallelism);
    for (size_t s = 0; s < snapshot.states().size(); ++s) {
      const KeyedStateInfo& info = snapshot.states()[s];
      for (int group : info.groups) {
        if (same_groups && (group < context_.range.begin || group >= context_.range.end)) continue;
        for (uint32_t slice = 0; slice < uint32_t{1} << info.slice_bits; ++slice) {
          ASSIGN_OR_RETURN(std::string section, snapshot.Slice(s, group, slice));
          ByteReader in(section);
          RestoreGroup(info, in);
          if (!in.ok()) return Status::Corruption("the savepoint's state is cut short");
          RETURN_IF_ERROR(Settle());
        }
      }
      if (info.groups.empty()) {
        ByteReader nothing({});
        RestoreGroup(info, nothing);
      }
    }
    return Status::Ok();
  }
  Status Restore(std::string_view snapshot) override;

  size_t MemoryBytes() const override {
    size_t bytes = 0;
    for (const auto& [name, state] : fixed_) bytes += state->MemoryBytes();
    for (const auto& [name, state] : maps_) bytes += state->MemoryBytes();
    for (const auto& [name, queue] : timers_) bytes += queue->MemoryBytes();
    return bytes;
  }

 protected:
  template <typename Visit>
  void EachState(const Visit& visit) {
    for (auto& [name, state] : fixed_) visit(*state);
    for (auto& [name, state] : maps_) visit(*state);
    for (auto& [name, queue] : timers_) visit(*queue);
  }
  const StateContext& context() const { return context_; }

 private:
  Fixed& FixedOf(const StateDescriptor& descriptor) {
    return *Made(fixed_[descriptor.name], descriptor, context_);
  }
  Map& MapOf(const std::string& name) { return *Made(maps_[name], StateDescriptor{name}, context_); }
  Timers& TimersOf(const std::string& name) { return *Made(timers_[name], context_); }
  // A state that comes later than the first cut goes on from it.
  template <typename State, typename... Args>
  State* Made(std::unique_ptr<State>& state, const Args&... args) {
    if (state) return state.get();
    state = std::make_unique<State>(args...);
    state->set_epoch(next_cut_);
    if (!cuts_.empty()) state->NoteChangesFrom(cuts_.begin()->second);
    return state.get();
  }

  void RestoreGroup(const KeyedStateInfo& info, ByteReader& in) {
    switch (info.kind) {
      case StateKind::kFixed: return FixedOf({info.name, info.width, 0, info.sub_keys}).RestoreGroup(in);
      case StateKind::kMap: return MapOf(info.name).RestoreGroup(in);
      case StateKind::kTimers: return TimersOf(info.name).RestoreGroup(in);
    }
  }
  void RestoreFixed1(ByteReader& in);
  void RestoreMap1(ByteReader& in);
  void RestoreTimers1(ByteReader& in);
  void TakeElements(const std::string& name, Fixed* state);

  void Cut(uint64_t epoch) {
    cuts_[epoch] = ++next_cut_;
    EachState([&](auto& state) { state.set_epoch(next_cut_); });
  }
  template <typename Test>
  bool AnyLog(const Test& test) {
    bool any = false;
    EachState([&](auto& state) { any = any || test(state.log()); });
    return any;
  }

  // What changed since a cut, or everything where there is none.
  Result<KeyedPart> Parts(uint64_t since, const uint32_t* from) {
    Layers layers(from != nullptr, static_cast<uint64_t>(context_.range.max_parallelism));
    auto add = [&](const KeyedStateInfo& info, auto& state) {
      if (from == nullptr) {
        RETURN_IF_ERROR(state.BringElsewhere());
        SectionWriter part(state.MemoryBytes());
        state.Snapshot(part);
        layers.Add(info, part.Take(), {state.Elsewhere(from)});
        return Status::Ok();
      }
      ASSIGN_OR_RETURN(std::shared_ptr<KeyedSections> spooled, state.Spool(*from));
      SectionWriter part(spooled ? 0 : state.MemoryBytes());
      bool in_memory = !spooled && state.WriteDelta(*from, part);
      layers.Add(info, in_memory ? part.Take() : std::string(), {spooled, state.Elsewhere(from)});
      return Status::Ok();
    };
    for (auto& [name, state] : fixed_) {
      const StateDescriptor& descriptor = state->descriptor();
      RETURN_IF_ERROR(add({StateKind::kFixed, name, descriptor.width, descriptor.sub_keys, {}, {}}, *state));
    }
    for (auto& [name, state] : maps_) RETURN_IF_ERROR(add({StateKind::kMap, name, 0, false, {}, {}}, *state));
    for (auto& [name, queue] : timers_)
      RETURN_IF_ERROR(add({StateKind::kTimers, name, 0, false, {}, {}}, *queue));
    return std::move(layers).Take(since);
  }

  StateContext context_;
  uint32_t next_cut_ = 0;              // what changes now carries this number
  std::map<uint64_t, uint32_t> cuts_;  // by checkpoint: the number of what changed after it
  std::map<std::string, std::unique_ptr<Fixed>> fixed_;
  std::map<std::string, std::unique_ptr<Map>> maps_;
  std::map<std::string, std::unique_ptr<Timers>> timers_;
};

}  // namespace penstock
