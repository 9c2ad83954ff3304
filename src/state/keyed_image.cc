// Dividing keyed state into its parts.
#include "state/keyed_image.h"

namespace penstock {

std::string_view TakeBytes(ByteReader* in, uint64_t size) {
  std::string_view rest = in->rest();
  if (size > rest.size()) {
    while (in->ok()) in->Fixed<uint64_t>();  // there is no other way to tell it
    return {};
  }
  *in = ByteReader(rest.substr(size));
  return rest.substr(0, size);
}

FixedEntry TakeFixedKey(const StateImage& state, ByteReader* in) {
  FixedEntry entry;
  entry.key = in->String();
  if (state.sub_keys) entry.upper = in->Fixed<uint32_t>();
  return entry;
}

FixedEntry TakeFixedEntry(const StateImage& state, ByteReader* in) {
  FixedEntry entry = TakeFixedKey(state, in);
  if (in->ok() && state.width <= in->rest().size()) {
    entry.tail = TakeBytes(in, sizeof(int64_t) + state.width);
  } else {
    TakeBytes(in, UINT64_MAX);
  }
  return entry;
}

MapElement TakeMapElement(ByteReader* in) {
  MapElement element;
  element.element = in->String();
  element.time = in->Fixed<int64_t>();
  element.value = in->String();
  return element;
}

namespace {
Status Damaged(const char* what) { return Status::Corruption(std::string("keyed state ") + what); }
}  // namespace

Status TakeStateParts(bool delta, ByteReader* in, StateImage* state) {
  if (delta && state->kind != StateKind::kTimers) {
    for (uint64_t dropped = in->Count(); dropped > 0 && in->ok(); --dropped)
      state->dropped.push_back(in->Fixed<int64_t>());
  }
  for (uint64_t groups = in->Count(); groups > 0 && in->ok(); --groups) {
    auto group = static_cast<int>(in->Varint());
    if (!state->groups.emplace(group, in->String()).second) return Damaged("names a key group twice");
  }
  return Status::Ok();
}

Result<KeyedImage> KeyedImage::Read(std::string_view bytes) {
  if (!bytes.starts_with(kKeyedMark)) return Damaged("without its mark");
  ByteReader in(bytes.substr(kKeyedMark.size()));
  KeyedImage image;
  auto version = in.Fixed<uint8_t>();
  if (version != kKeyedBase && version != kKeyedDelta) return Damaged("of an unknown version");
  image.delta = version == kKeyedDelta;
  image.max_parallelism = in.Varint();
  for (uint64_t left = in.Count(); left > 0 && in.ok(); --left) {
    StateImage& state = image.states.emplace_back();
    state.kind = in.Fixed<StateKind>();
    state.name = in.String();
    if (state.kind < StateKind::kFixed || state.kind > StateKind::kTimers)
      return Damaged("with an unknown kind of state");
    if (state.kind == StateKind::kFixed) {
      state.width = in.Varint();
      state.sub_keys = in.Bool();
    }
    RETURN_IF_ERROR(TakeStateParts(image.delta, &in, &state));
  }
  if (!in.ok() || !in.at_end()) return Damaged("is cut short");
  return image;
}

void KeyedImage::Locate(const KeyGroupRange& range, bool* inside, bool* outside) const {
  for (const StateImage& state : states) {
    for (const auto& [group, section] : state.groups) {
      if (section.empty()) continue;
      bool own = group >= range.begin && group < range.end;
      (own ? *inside : *outside) = true;
    }
  }
}

}  // namespace penstock
