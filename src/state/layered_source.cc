// Sections of memory, then those from elsewhere.
#include "state/layered_source.h"

#include <algorithm>
#include <iterator>

#include "state/keyed_image.h"

namespace penstock {

namespace {

class LayeredSource : public KeyedSource {
 public:
  LayeredSource(bool delta, uint64_t max_parallelism) {
    delta_ = delta;
    max_parallelism_ = max_parallelism;
  }
  Status Add(KeyedStateInfo info, std::string part, std::shared_ptr<KeyedSections> elsewhere) {
    memory_.emplace_back();
    if (!part.empty()) {
      ByteWriter one;
      WriteKeyedHead(delta_, max_parallelism_, 1, one);
      WriteStateName(info, one);
      one.Raw(part);
      ASSIGN_OR_RETURN(std::shared_ptr<KeyedSource> source, MakeKeyedSource(one.Take()));
      info = source->states()[0];
      memory_.back() = std::move(source);
    }
    if (elsewhere) {
      std::vector<int> groups;
      std::set_union(info.groups.begin(), info.groups.end(), elsewhere->groups().begin(),
                     elsewhere->groups().end(), std::back_inserter(groups));
      info.groups = std::move(groups);
    }
    elsewhere_.push_back(std::move(elsewhere));
    states_.push_back(std::move(info));
    return Status::Ok();
  }
  Result<std::string> Section(size_t state, int group) override {
    std::string section;
    if (memory_[state]) {
      ASSIGN_OR_RETURN(section, memory_[state]->Section(0, group));
    }
    if (elsewhere_[state]) {
      ASSIGN_OR_RETURN(std::string more, elsewhere_[state]->Section(group));
      section.append(more);
    }
    return section;
  }

 private:
  std::vector<std::shared_ptr<KeyedSource>> memory_;
  std::vector<std::shared_ptr<KeyedSections>> elsewhere_;
};

}  // namespace

void Layers::Add(const KeyedStateInfo& info, std::string part, std::shared_ptr<KeyedSections> elsewhere) {
  if (part.empty() && !elsewhere) return;
  states_.push_back({info, std::move(part), std::move(elsewhere)});
}

Result<KeyedPart> Layers::Take(uint64_t since) && {
  KeyedPart snapshot;
  snapshot.since = since;
  if (delta_ && states_.empty()) return snapshot;
  bool in_memory =
      std::none_of(states_.begin(), states_.end(), [](const State& s) { return s.elsewhere != nullptr; });
  if (!in_memory) {
    auto source = std::make_shared<LayeredSource>(delta_, max_parallelism_);
    for (State& state : states_)
      RETURN_IF_ERROR(source->Add(state.info, std::move(state.part), std::move(state.elsewhere)));
    snapshot.source = std::move(source);
    return snapshot;
  }
  ByteWriter out;
  WriteKeyedHead(delta_, max_parallelism_, states_.size(), out);
  for (State& state : states_) {
    WriteStateName(state.info, out);
    out.Raw(state.part);
    state.part.clear();
    state.part.shrink_to_fit();
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
