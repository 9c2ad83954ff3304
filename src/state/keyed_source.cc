// Sources over bytes, and sources to bytes.
#include "state/keyed_source.h"

#include "state/keyed_image.h"

namespace penstock {

namespace {

class BytesSource : public KeyedSource {
 public:
  explicit BytesSource(std::string bytes) : bytes_(std::move(bytes)) {}
  Status ReadOwn() { return Read(bytes_); }
  Status Read(std::string_view bytes) {
    ASSIGN_OR_RETURN(image_, KeyedImage::Read(bytes));
    delta_ = image_.delta;
    max_parallelism_ = image_.max_parallelism;
    for (const StateImage& state : image_.states) {
      KeyedStateInfo& info = states_.emplace_back();
      info = {state.kind, std::string(state.name), state.width, state.sub_keys, state.dropped, {}};
      for (const auto& [group, section] : state.groups) info.groups.push_back(group);
    }
    return Status::Ok();
  }
  Result<std::string> Section(size_t state, int group) override {
    auto section = image_.states[state].groups.find(group);
    return section == image_.states[state].groups.end() ? std::string() : std::string(section->second);
  }

 private:
  std::string bytes_;
  KeyedImage image_;
};

}  // namespace

void KeyedSource::Locate(const KeyGroupRange& range, bool* inside, bool* outside) const {
  for (const KeyedStateInfo& state : states_) {
    for (int group : state.groups) (group >= range.begin && group < range.end ? *inside : *outside) = true;
  }
}

Result<std::shared_ptr<KeyedSource>> MakeKeyedSource(std::string bytes) {
  auto source = std::make_shared<BytesSource>(std::move(bytes));
  RETURN_IF_ERROR(source->ReadOwn());
  return std::shared_ptr<KeyedSource>(std::move(source));
}

Result<std::shared_ptr<KeyedSource>> MakeKeyedView(std::string_view bytes) {
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
