// Sources over bytes, and sources to bytes.
#include "state/keyed_source.h"

#include "state/keyed_image.h"
#include "state/pieces/keyed_pieces.h"

namespace penstock {

namespace {

class BytesSource : public KeyedSource {
 public:
  explicit BytesSource(std::string bytes) : bytes_(std::move(bytes)) {}
  Status ReadOwn() { return Read(bytes_); }
  Status ReadOwnPart(bool delta, KeyedStateInfo info) {
    delta_ = delta;
    StateImage& state = image_.states.emplace_back();
    state.kind = info.kind;
    ByteReader in(bytes_);
    RETURN_IF_ERROR(TakeStateParts(delta, &in, &state));
    if (!in.ok() || !in.at_end()) return Status::Corruption("keyed state is cut short");
    NoteParts(state, &info);
    states_.push_back(std::move(info));
    return Status::Ok();
  }
  Status Read(std::string_view bytes) {
    ASSIGN_OR_RETURN(image_, KeyedImage::Read(bytes));
    delta_ = image_.delta;
    max_parallelism_ = image_.max_parallelism;
    for (const StateImage& state : image_.states) {
      KeyedStateInfo& info = states_.emplace_back();
      info = {state.kind, std::string(state.name), state.width, state.sub_keys, {}, {}};
      NoteParts(state, &info);
    }
    return Status::Ok();
  }
  Result<std::string> Slice(size_t state, int group, uint32_t) override {
    auto section = image_.states[state].groups.find(group);
    return section == image_.states[state].groups.end() ? std::string() : std::string(section->second);
  }

 private:
  static void NoteParts(const StateImage& state, KeyedStateInfo* info) {
    info->dropped = state.dropped;
    for (const auto& [group, section] : state.groups) {
      info->groups.push_back(group);
      info->bytes += section.size();
    }
  }
  std::string bytes_;
  KeyedImage image_;
};

// Pieces in memory.
Result<std::shared_ptr<KeyedSource>> OpenBytes(std::shared_ptr<const std::string> owned,
                                               std::string_view bytes) {
  return OpenPieces("keyed state", bytes.size(), [owned, bytes](uint64_t offset, uint64_t size) {
    return Result<std::string>(std::string(bytes.substr(offset, size)));
  });
}

}  // namespace

Result<std::string> KeyedSource::Section(size_t state, int group) {
  std::string section;
  for (uint32_t slice = 0; slice < uint32_t{1} << states_[state].slice_bits; ++slice) {
    ASSIGN_OR_RETURN(std::string part, Slice(state, group, slice));
    section.append(part);
  }
  return section;
}

uint64_t KeyedSource::bytes() const {
  uint64_t bytes = 0;
  for (const KeyedStateInfo& state : states_) bytes += state.bytes;
  return bytes;
}

void KeyedSource::Locate(const KeyGroupRange& range, bool* inside, bool* outside) const {
  for (const KeyedStateInfo& state : states_) {
    for (int group : state.groups) (group >= range.begin && group < range.end ? *inside : *outside) = true;
  }
}

Result<std::shared_ptr<KeyedSource>> MakeKeyedSource(std::string bytes) {
  if (IsPieces(bytes)) {
    auto owned = std::make_shared<const std::string>(std::move(bytes));
    return OpenBytes(owned, *owned);
  }
  auto source = std::make_shared<BytesSource>(std::move(bytes));
  RETURN_IF_ERROR(source->ReadOwn());
  return std::shared_ptr<KeyedSource>(std::move(source));
}

Result<std::shared_ptr<KeyedSource>> MakeStateSource(bool delta, KeyedStateInfo info, std::string part) {
  auto source = std::make_shared<BytesSource>(std::move(part));
  RETURN_IF_ERROR(source->ReadOwnPart(delta, std::move(info)));
  return std::shared_ptr<KeyedSource>(std::move(source));
}

Result<std::shared_ptr<KeyedSource>> MakeKeyedView(std::string_view bytes) {
  if (IsPieces(bytes)) return OpenBytes(nullptr, bytes);
  auto source = std::make_shared<BytesSource>(std::string());
  RETURN_IF_ERROR(source->Read(bytes));
  return std::shared_ptr<KeyedSource>(std::move(source));
}

void WriteKeyedHead(bool delta, uint64_t max_parallelism, size_t states, ByteWriter& out) {
  out.Raw(kKeyedMark);
  out.Fixed(delta ? kKeyedDelta : kKeyedBase);
  out.Varint(max_parallelism);
  out.Varint(states);
}

void WriteStateName(const KeyedStateInfo& state, ByteWriter& out) {
  out.Fixed(state.kind);
  out.String(state.name);
  if (state.kind == StateKind::kFixed) {
    out.Varint(state.width);
    out.Bool(state.sub_keys);
  }
}

Status WriteKeyed(KeyedSource& source, const AppendBytes& append) {
  ByteWriter head;
  WriteKeyedHead(source.delta(), source.max_parallelism(), source.states().size(), head);
  for (size_t s = 0; s < source.states().size(); ++s) {
    const KeyedStateInfo& state = source.states()[s];
    WriteStateName(state, head);
    if (source.delta() && state.kind != StateKind::kTimers) {
      head.Varint(state.dropped.size());
      for (int64_t name_space : state.dropped) head.Fixed(name_space);
    }
    head.Varint(state.groups.size());
    for (int group : state.groups) {
      ASSIGN_OR_RETURN(std::string section, source.Section(s, group));
      head.Varint(static_cast<uint64_t>(group));
      head.Varint(section.size());
      RETURN_IF_ERROR(append(head.Take()));
      head = ByteWriter();
      RETURN_IF_ERROR(append(section));
    }
  }
  return append(head.bytes());
}

Result<std::string> KeyedBytes(KeyedSource& source) {
  std::string bytes;
  RETURN_IF_ERROR(WriteKeyed(source, [&](std::string_view piece) {
    bytes.append(piece);
    return Status::Ok();
  }));
  return bytes;
}

}  // namespace penstock
