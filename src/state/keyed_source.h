// KeyedSource: keyed state, a base or a delta, that is read one slice (a part of a key group of a state) at a
// time: how state moves that may be larger than memory. Writing checkpoints, putting chains together and
// restoring go through it. Format of the sections and of the whole: docs/formats/keyed_state.md. Used by one
// thread at a time, not always the one that made it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "state/keyed_format.h"
#include "state/key_group.h"

namespace penstock {

struct KeyedStateInfo {
  StateKind kind = StateKind::kFixed;
  std::string name;
  uint64_t width = 0;            // of kFixed
  bool sub_keys = false;         // of kFixed
  std::vector<int64_t> dropped;  // namespaces, of a delta
  std::vector<int> groups;       // that have a section, ascending
  int slice_bits = 0;            // each section is in 2^slice_bits slices (pieces/slices.h); 0 of timers
  uint64_t bytes = 0;            // of all sections, about
};

class KeyedSource {
 public:
  virtual ~KeyedSource() = default;
  // A slice of the section of states()[state]; empty where it has none of that group. Mostly read in their
  // order.
  virtual Result<std::string> Slice(size_t state, int group, uint32_t slice) = 0;
  // All slices one after the other.
  Result<std::string> Section(size_t state, int group);

  bool delta() const { return delta_; }
  uint64_t max_parallelism() const { return max_parallelism_; }
  const std::vector<KeyedStateInfo>& states() const { return states_; }
  uint64_t bytes() const;  // about
  // Whether there is a section of a key group inside, and one outside of the range.
  void Locate(const KeyGroupRange& range, bool* inside, bool* outside) const;

 protected:
  bool delta_ = false;
  uint64_t max_parallelism_ = 0;
  std::vector<KeyedStateInfo> states_;
};

// Bytes as a source. kCorruption where they are no base or delta of version 2 and later, nor pieces of them.
// A view does not own them.
Result<std::shared_ptr<KeyedSource>> MakeKeyedSource(std::string bytes);
Result<std::shared_ptr<KeyedSource>> MakeKeyedView(std::string_view bytes);

// One state as a source; `part` is what follows its name, width and sub-keys in a base or a delta.
Result<std::shared_ptr<KeyedSource>> MakeStateSource(bool delta, KeyedStateInfo info, std::string part);

// Writes a source as bytes, section by section, through append(piece).
using AppendBytes = std::function<Status(std::string_view piece)>;
Status WriteKeyed(KeyedSource& source, const AppendBytes& append);
Result<std::string> KeyedBytes(KeyedSource& source);

// The head of keyed state, and of a state in it, up to what a delta dropped.
void WriteKeyedHead(bool delta, uint64_t max_parallelism, size_t states, ByteWriter& out);
void WriteStateName(const KeyedStateInfo& state, ByteWriter& out);

}  // namespace penstock
