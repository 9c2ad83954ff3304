// Dividing sections. What an entry is made of does not matter here, only where it ends and what its key is.
#include "state/pieces/slices.h"

#include <algorithm>
#include <bit>

#include "data/key_codec.h"
#include "state/keyed_image.h"

namespace penstock {

namespace {

// Takes one item of a list and returns its key. Lists of a fixed state: erased keys (of a delta), entries; of
// a map state: cleared keys and erased elements (of a delta), keys with elements.
std::string_view TakeItem(const StateImage& state, size_t lists_behind, ByteReader* in) {
  if (state.kind == StateKind::kFixed)
    return lists_behind > 0 ? TakeFixedKey(state, in).key : TakeFixedEntry(state, in).key;
  std::string_view key = in->String();
  if (lists_behind == 1) in->String();
  if (lists_behind == 0) {
    for (uint64_t left = in->Count(); left > 0 && in->ok(); --left) TakeMapElement(in);
  }
  return key;
}

// What one slice gets of a run (the entries of one namespace).
struct Share {
  static constexpr size_t kMostLists = 3;
  ByteWriter items[kMostLists];
  uint64_t counts[kMostLists] = {};
  bool any() const { return counts[0] + counts[1] + counts[2] > 0; }
};

}  // namespace

int SliceBitsFor(StateKind kind, uint64_t bytes, size_t groups) {
  if (kind == StateKind::kTimers || groups == 0) return 0;
  uint64_t slices = bytes / groups / kSliceBytes;
  return std::min(static_cast<int>(std::bit_width(slices)), kMostSliceBits);
}

Result<std::vector<std::string>> DivideSection(const KeyedStateInfo& info, bool delta,
                                               std::string_view section, int bits, int more) {
  StateImage state;
  state.kind = info.kind;
  state.width = info.width;
  state.sub_keys = info.sub_keys;
  const size_t lists = !delta ? 1 : info.kind == StateKind::kFixed ? 2 : 3;
  std::vector<ByteWriter> parts(size_t{1} << more);
  ByteReader in(section);
  while (in.ok() && !in.at_end()) {
    auto name_space = in.Fixed<int64_t>();
    std::vector<Share> shares(parts.size());
    for (size_t list = 0; list < lists; ++list) {
      for (uint64_t left = in.Count(); left > 0 && in.ok(); --left) {
        std::string_view from = in.rest();
        std::string_view key = TakeItem(state, lists - 1 - list, &in);
        auto low = static_cast<uint32_t>(HashKey(key));
        Share& share = shares[static_cast<uint32_t>(low << bits) >> (32 - more)];
        ++share.counts[list];
        share.items[list].Raw(from.substr(0, from.size() - in.rest().size()));
      }
    }
    for (size_t i = 0; i < parts.size(); ++i) {
      if (!shares[i].any()) continue;
      parts[i].Fixed(name_space);
      for (size_t list = 0; list < lists; ++list) {
        parts[i].Varint(shares[i].counts[list]);
        parts[i].Raw(shares[i].items[list].bytes());
      }
    }
  }
  if (!in.ok()) return Status::Corruption("keyed state is cut short");
  std::vector<std::string> divided;
  for (ByteWriter& part : parts) divided.push_back(part.Take());
  return divided;
}

SliceReader::SliceReader(std::shared_ptr<KeyedSource> source, size_t state, int slice_bits)
    : source_(std::move(source)),
      state_(state),
      slice_bits_(slice_bits),
      more_bits_(slice_bits - source_->states()[state].slice_bits) {}

Result<std::string> SliceReader::Read(int group, uint32_t slice) {
  if (more_bits_ == 0) return source_->Slice(state_, group, slice);
  uint32_t coarse = slice >> more_bits_;
  if (group != group_ || coarse != coarse_ || parts_.empty()) {
    parts_.clear();
    ASSIGN_OR_RETURN(std::string section, source_->Slice(state_, group, coarse));
    ASSIGN_OR_RETURN(parts_, DivideSection(source_->states()[state_], source_->delta(), section,
                                           slice_bits_ - more_bits_, more_bits_));
    group_ = group;
    coarse_ = coarse;
  }
  // Mostly each is read once.
  std::string part = parts_[slice - (coarse << more_bits_)];
  return part;
}

}  // namespace penstock
