// OrderedElements: the elements of one key of a MapState in the order of their bytes, in leaves of a few
// dozen entries: a search touches the leaves' first elements and then one leaf, a scan runs through memory.
// An entry keeps the first bytes of its element as a number, so that most comparisons are one instruction.
// Most keys have one leaf: it is held directly.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "state/hash/element_leaf.h"

namespace penstock {

class OrderedElements {
 public:
  struct Position {
    size_t leaf = 0;
    size_t entry = 0;
  };

  bool empty() const { return size() == 0; }
  size_t size() const { return many_ ? many_->count : only_.size(); }
  void Prefetch() const { many_ ? __builtin_prefetch(many_.get()) : only_.Prefetch(); }
  // What it takes in memory, about; costs nothing.
  size_t Footprint() const {
    if (!many_) return only_.Footprint();
    size_t used = many_->count * sizeof(ElementLeaf::Entry) + many_->live;
    return sizeof(Leaves) + many_->leaves.capacity() * sizeof(ElementLeaf) + many_->leaves.size() * 48 +
           used * 5 / 4;  // leaves have spare room
  }
  // Whether another place has these elements as they are: nothing was put or erased since it was told so.
  bool stored() const { return stored_; }
  void set_stored() { stored_ = true; }
  void clear();

  // The first element not before the given one; at the end: leaf == leaves().
  Position LowerBound(std::string_view element) const;
  // The element's position, or leaves() when it is not there. It is remembered: what is read is often written
  // next.
  Position Find(std::string_view element);
  size_t leaves() const { return many_ ? many_->leaves.size() : only_.size() > 0 ? 1 : 0; }
  size_t entries(size_t leaf) const { return LeafAt(leaf).size(); }

  // Views are valid until the next change.
  std::string_view ElementAt(Position at) const { return LeafAt(at.leaf).element(at.entry); }
  std::string_view ValueAt(Position at) const { return LeafAt(at.leaf).value(at.entry); }
  int64_t TimeAt(Position at) const { return LeafAt(at.leaf).entry(at.entry).time; }
  uint32_t EpochAt(Position at) const { return LeafAt(at.leaf).entry(at.entry).epoch; }

  // Elements put in epoch `from` or later, in order; visit(element, time, value).
  template <typename Visit>
  void ForEachChanged(uint32_t from, const Visit& visit) const {
    for (Position at; at.leaf < leaves(); ++at.leaf) {
      if (LeafAt(at.leaf).epoch() < from) continue;
      for (at.entry = 0; at.entry < entries(at.leaf); ++at.entry)
        if (EpochAt(at) >= from) visit(ElementAt(at), TimeAt(at), ValueAt(at));
    }
  }

  void Put(std::string_view element, std::string_view value, int64_t time, uint32_t epoch);
  bool Erase(std::string_view element);

 private:
  // Of a key with more elements than a leaf takes.
  struct Leaves {
    std::vector<ElementLeaf> leaves;
    size_t count = 0;
    uint64_t live = 0;  // bytes of elements and values
  };
  static constexpr uint16_t kNotFound = 0xffff;

  const ElementLeaf& LeafAt(size_t leaf) const { return many_ ? many_->leaves[leaf] : only_; }
  ElementLeaf& LeafAt(size_t leaf) { return many_ ? many_->leaves[leaf] : only_; }
  // The leaf the element belongs to.
  size_t LeafOf(uint64_t head, std::string_view element) const;
  void Insert(std::string_view element, std::string_view value, Position* at);
  void SplitLeaf(size_t leaf);

  ElementLeaf only_;  // while there is no more than one
  std::unique_ptr<Leaves> many_;
  uint32_t found_leaf_ = 0;  // by the last Find; forgotten when entries move
  uint16_t found_entry_ = kNotFound;
  bool stored_ = false;
};
static_assert(sizeof(OrderedElements) == 24, "there is one for each key");

}  // namespace penstock
