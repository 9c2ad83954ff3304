// The rest of KeyedBackend: snapshots as bytes, also of version 1, whose DISTINCT values were elements of map
// states (docs/formats/keyed_state.md). Only the backends include it.
#pragma once

#include "state/keyed_backend.h"

namespace penstock {

template <typename F, typename M, typename T>
Status KeyedBackend<F, M, T>::Restore(std::string_view snapshot) {
  if (snapshot.starts_with(kKeyedMark)) {
    ASSIGN_OR_RETURN(std::shared_ptr<KeyedSource> source, MakeKeyedView(snapshot));
    if (source->delta()) return Status::Corruption("a delta of keyed state cannot be restored alone");
    return Restore(*source);
  }
  ByteReader in(snapshot);
  for (uint64_t s = 0, count = in.Count(); s < count; ++s) {
    switch (in.Fixed<StateKind>()) {
      case StateKind::kFixed: RestoreFixed1(in); break;
      case StateKind::kMap: RestoreMap1(in); break;
      case StateKind::kTimers: RestoreTimers1(in); break;
      default: return Status::Corruption("unknown kind of state in the savepoint");
    }
    if (!in.ok()) return Status::Corruption("the savepoint's state is cut short");
  }
  return Status::Ok();
}

// What was an element of a key before is a sub-key now: aggregates of version 1 kept DISTINCT values so.
template <typename F, typename M, typename T>
void KeyedBackend<F, M, T>::TakeElements(const std::string& name, F* state) {
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

template <typename F, typename M, typename T>
void KeyedBackend<F, M, T>::RestoreFixed1(ByteReader& in) {
  StateDescriptor descriptor{std::string(in.String()), in.Varint(), 0};
  F& state = FixedOf(descriptor);
  for (uint64_t n = 0, spaces = in.Count(); n < spaces; ++n) {
    auto name_space = in.Fixed<int64_t>();
    for (uint64_t i = 0, entries = in.Count(); i < entries; ++i) {
      std::string_view key = in.String();
      auto time = in.Fixed<int64_t>();
      // A corrupt width must not make us allocate: no value is longer than what is left.
      std::string value(std::min<size_t>(descriptor.width, in.rest().size() + 1), '\0');
      for (char& byte : value) byte = in.Fixed<char>();
      StateKey state_key{key, HashKey(key)};
      if (in.ok() && context_.range.Contains(state_key.hash))
        state.Insert(name_space, state_key, time, value);
    }
  }
}

template <typename F, typename M, typename T>
void KeyedBackend<F, M, T>::RestoreMap1(ByteReader& in) {
  M& state = MapOf(std::string(in.String()));
  for (uint64_t n = 0, spaces = in.Count(); n < spaces; ++n) {
    auto name_space = in.Fixed<int64_t>();
    for (uint64_t i = 0, keys = in.Count(); i < keys; ++i) {
      std::string_view key = in.String();
      StateKey state_key{key, HashKey(key)};
      bool own = context_.range.Contains(state_key.hash);
      for (uint64_t e = 0, elements = in.Count(); e < elements; ++e) {
        std::string_view element = in.String();
        auto time = in.Fixed<int64_t>();
        std::string_view value = in.String();
        if (in.ok() && own) state.Insert(name_space, state_key, element, time, value);
      }
    }
  }
}

template <typename F, typename M, typename T>
void KeyedBackend<F, M, T>::RestoreTimers1(ByteReader& in) {
  T& queue = TimersOf(std::string(in.String()));
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    auto time = in.Fixed<int64_t>();
    std::string_view key = in.String();
    StateKey state_key{key, HashKey(key)};
    if (in.ok() && context_.range.Contains(state_key.hash)) queue.Register(time, state_key);
  }
}

}  // namespace penstock
