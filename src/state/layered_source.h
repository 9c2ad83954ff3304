// Layers: a snapshot of keyed state put together out of what is in memory, as bytes, and what is elsewhere,
// as sections to be read when they are written. Made by a backend on its thread; what comes out may be read
// on another.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "state/bounded_backend.h"

namespace penstock {

// What a state has elsewhere, of the moment it was asked.
class KeyedSections {
 public:
  virtual ~KeyedSections() = default;
  virtual const std::vector<int>& groups() const = 0;  // ascending
  // Namespaces, where it is a delta that knows of them.
  virtual std::vector<int64_t> dropped() const { return {}; }
  virtual int slice_bits() const { return 0; }
  virtual uint64_t bytes() const { return 0; }  // about
  // Runs of a section, a slice of it; in one of a delta, nothing is erased by them.
  virtual Result<std::string> Slice(int group, uint32_t slice) = 0;
};

class Layers {
 public:
  Layers(bool delta, uint64_t max_parallelism) : delta_(delta), max_parallelism_(max_parallelism) {}

  // A state: `part` is what follows its name, width and sub-keys; empty where a delta has nothing of it. What
  // is `elsewhere` is disjoint, each may be null.
  using Elsewhere = std::vector<std::shared_ptr<KeyedSections>>;
  void Add(const KeyedStateInfo& info, std::string part, const Elsewhere& elsewhere);
  // As bytes where all of it is in memory and it is small: what is large is not copied together.
  Result<KeyedPart> Take(uint64_t since) &&;

 private:
  struct State {
    KeyedStateInfo info;
    std::string part;
    Elsewhere elsewhere;
  };
  bool delta_;
  uint64_t max_parallelism_;
  std::vector<State> states_;
};

}  // namespace penstock
