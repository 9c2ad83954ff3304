// Sections of memory, then those from elsewhere.
#include "state/layered_source.h"

#include <algorithm>
#include <set>

#include "state/pieces/slices.h"

namespace penstock {

namespace {

// Sections as a source of one state, so that they can be divided.
class SectionsSource : public KeyedSource {
 public:
  SectionsSource(bool delta, KeyedStateInfo info, std::shared_ptr<KeyedSections> sections)
      : sections_(std::move(sections)) {
    delta_ = delta;
    info.groups = sections_->groups();
    info.slice_bits = sections_->slice_bits();
    info.bytes = sections_->bytes();
    states_.push_back(std::move(info));
  }
  Result<std::string> Slice(size_t, int group, uint32_t slice) override {
    return sections_->Slice(group, slice);
  }

 private:
  std::shared_ptr<KeyedSections> sections_;
};

class LayeredSource : public KeyedSource {
 public:
  LayeredSource(bool delta, uint64_t max_parallelism) {
    delta_ = delta;
    max_parallelism_ = max_parallelism;
  }
  Status Add(KeyedStateInfo info, std::string part, const Layers::Elsewhere& elsewhere) {
    std::vector<std::shared_ptr<KeyedSource>> layers;
    if (!part.empty()) {
      ASSIGN_OR_RETURN(std::shared_ptr<KeyedSource> source, MakeStateSource(delta_, info, std::move(part)));
      info.dropped = source->states()[0].dropped;
      layers.push_back(std::move(source));
    }
    for (const auto& sections : elsewhere) {
      std::vector<int64_t> dropped = sections->dropped();
      info.dropped.insert(info.dropped.end(), dropped.begin(), dropped.end());
      layers.push_back(std::make_shared<SectionsSource>(delta_, info, sections));
    }
    std::set<int> groups;
    for (const auto& layer : layers) {
      const KeyedStateInfo& one = layer->states()[0];
      groups.insert(one.groups.begin(), one.groups.end());
      info.slice_bits = std::max(info.slice_bits, one.slice_bits);
      info.bytes += one.bytes;
    }
    info.groups.assign(groups.begin(), groups.end());
    layers_.emplace_back();
    for (auto& layer : layers)
      layers_.back().push_back(std::make_unique<SliceReader>(std::move(layer), 0, info.slice_bits));
    states_.push_back(std::move(info));
    return Status::Ok();
  }
  Result<std::string> Slice(size_t state, int group, uint32_t slice) override {
    const auto& layers = layers_[state];
    if (layers.size() == 1) return layers[0]->Read(group, slice);
    std::string section;
    for (const auto& layer : layers) {
      ASSIGN_OR_RETURN(std::string more, layer->Read(group, slice));
      section.append(more);
    }
    return section;
  }

 private:
  std::vector<std::vector<std::unique_ptr<SliceReader>>> layers_;  // by state
};

}  // namespace

void Layers::Add(const KeyedStateInfo& info, std::string part, const Elsewhere& elsewhere) {
  State state{info, std::move(part), {}};
  for (const auto& sections : elsewhere) {
    bool any = sections && !(sections->groups().empty() && sections->dropped().empty());
    if (any) state.elsewhere.push_back(sections);
  }
  if (state.part.empty() && state.elsewhere.empty()) return;
  states_.push_back(std::move(state));
}

Result<KeyedPart> Layers::Take(uint64_t since) && {
  KeyedPart snapshot;
  snapshot.since = since;
  if (delta_ && states_.empty()) return snapshot;
  constexpr size_t kSmallBytes = size_t{1} << 20;
  size_t bytes = 0;
  bool in_memory = true;
  for (const State& state : states_) {
    bytes += state.part.size();
    in_memory = in_memory && state.elsewhere.empty();
  }
  if (!in_memory || bytes >= kSmallBytes) {
    auto source = std::make_shared<LayeredSource>(delta_, max_parallelism_);
    for (State& state : states_)
      RETURN_IF_ERROR(source->Add(state.info, std::move(state.part), state.elsewhere));
    snapshot.source = std::move(source);
    return snapshot;
  }
  ByteWriter out;
  WriteKeyedHead(delta_, max_parallelism_, states_.size(), out);
  for (State& state : states_) {
    WriteStateName(state.info, out);
    out.Raw(state.part);
  }
  snapshot.bytes = out.Take();
  return snapshot;
}

Result<KeyedSnapshot> KeyedPart::ToBytes() && {
  KeyedSnapshot snapshot;
  snapshot.since = since;
  snapshot.bytes = std::move(bytes);
  if (source) {
    ASSIGN_OR_RETURN(snapshot.bytes, KeyedBytes(*source));
  }
  return snapshot;
}

Status BoundedBackend::Snapshot(ByteWriter& out) {
  ASSIGN_OR_RETURN(KeyedPart everything, SnapshotPart());
  ASSIGN_OR_RETURN(KeyedSnapshot snapshot, std::move(everything).ToBytes());
  out.Raw(snapshot.bytes);
  return Status::Ok();
}

Result<KeyedSnapshot> BoundedBackend::Checkpoint(uint64_t epoch, uint64_t decided) {
  ASSIGN_OR_RETURN(KeyedPart part, CheckpointPart(epoch, decided));
  return std::move(part).ToBytes();
}

}  // namespace penstock
