// Walking through sections.
#include "engine/inspection/keyed_entries.h"

#include "env/clock.h"
#include "state/keyed_source.h"
#include "state/state_backend.h"

namespace penstock {

namespace {

Status CutShort() { return Status::Corruption("keyed state is cut short"); }

Status VisitSection(const StateImage& state, std::string_view section, const KeyedVisitor& visitor) {
  ByteReader in(section);
  while (in.ok() && !in.at_end()) {
    StateEntry entry;
    entry.name_space = in.Fixed<int64_t>();
    if (state.kind == StateKind::kTimers) {
      entry.key = in.String();
      if (in.ok()) visitor.entry(state, entry);
      continue;
    }
    for (uint64_t left = in.Count(); left > 0 && in.ok(); --left) {
      if (state.kind == StateKind::kFixed) {
        FixedEntry fixed = TakeFixedEntry(state, &in);
        if (!in.ok()) return CutShort();
        entry.key = fixed.key;
        entry.value = fixed.value();
        entry.written_ms = fixed.time();
        visitor.entry(state, entry);
        continue;
      }
      entry.key = in.String();
      for (uint64_t elements = in.Count(); elements > 0 && in.ok(); --elements) {
        MapElement element = TakeMapElement(&in);
        if (!in.ok()) return CutShort();
        entry.element = element.element;
        entry.value = element.value;
        entry.written_ms = element.time;
        visitor.entry(state, entry);
      }
    }
  }
  return in.ok() ? Status::Ok() : CutShort();
}

// State of version 1, written anew.
Result<std::string> Modernized(std::string_view bytes) {
  SystemClock clock;
  auto backend = MakeHashBackend({}, &clock);
  RETURN_IF_ERROR(backend->Restore(bytes));
  ByteWriter out;
  RETURN_IF_ERROR(backend->Snapshot(out));
  return out.Take();
}

}  // namespace

Status VisitKeyed(const SubtaskSnapshot& part, const KeyedVisitor& visitor) {
  if (!part.has_keyed()) return Status::Ok();
  std::shared_ptr<KeyedSource> source = part.keyed_source;
  std::string modern;
  if (!source) {
    std::string_view bytes = part.keyed;
    if (!bytes.starts_with(kKeyedMark)) {
      ASSIGN_OR_RETURN(modern, Modernized(bytes));
      bytes = modern;
    }
    ASSIGN_OR_RETURN(source, MakeKeyedView(bytes));
  }
  if (source->delta()) return Status::Corruption("keyed state: a delta without its base");
  for (size_t s = 0; s < source->states().size(); ++s) {
    const KeyedStateInfo& info = source->states()[s];
    StateImage state;
    state.kind = info.kind;
    state.name = info.name;
    state.width = info.width;
    state.sub_keys = info.sub_keys;
    visitor.state(state);
    for (int group : info.groups) {
      for (uint32_t slice = 0; slice < uint32_t{1} << info.slice_bits; ++slice) {
        ASSIGN_OR_RETURN(std::string section, source->Slice(s, group, slice));
        RETURN_IF_ERROR(VisitSection(state, section, visitor));
      }
    }
  }
  return Status::Ok();
}

}  // namespace penstock
