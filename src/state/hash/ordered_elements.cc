// Searching leaves, and changing them.
#include "state/hash/ordered_elements.h"

#include <cstddef>

namespace penstock {

void OrderedElements::clear() { *this = OrderedElements(); }

size_t OrderedElements::LeafOf(uint64_t head, std::string_view element) const {
  size_t low = 0, high = leaves();  // the last leaf that does not start behind the element
  while (high - low > 1) {
    size_t middle = (low + high) / 2;
    (LeafAt(middle).Behind(0, head, element) ? high : low) = middle;
  }
  return low;
}

OrderedElements::Position OrderedElements::LowerBound(std::string_view element) const {
  if (empty()) return {};
  uint64_t head = HeadOf(element);
  size_t leaf = LeafOf(head, element);
  size_t entry = LeafAt(leaf).NotBefore(head, element);
  if (entry == entries(leaf)) return {leaf + 1, 0};
  return {leaf, entry};
}

OrderedElements::Position OrderedElements::Find(std::string_view element) {
  Position last{found_leaf_, found_entry_};
  if (found_entry_ != kNotFound && ElementAt(last) == element) return last;
  Position at = LowerBound(element);
  bool found = at.leaf < leaves() && ElementAt(at) == element;
  found_leaf_ = static_cast<uint32_t>(at.leaf);
  found_entry_ = found ? static_cast<uint16_t>(at.entry) : kNotFound;
  return found ? at : Position{leaves(), 0};
}

void OrderedElements::Insert(std::string_view element, std::string_view value, Position* at) {
  uint64_t head = HeadOf(element);
  at->leaf = LeafOf(head, element);
  if (LeafAt(at->leaf).size() == ElementLeaf::kEntries) {
    SplitLeaf(at->leaf);
    at->leaf = LeafOf(head, element);
  }
  ElementLeaf& leaf = LeafAt(at->leaf);
  at->entry = leaf.NotBefore(head, element);
  leaf.Insert(at->entry, head, element, value);
  if (many_) {
    ++many_->count;
    many_->live += element.size() + value.size();
  }
  found_entry_ = kNotFound;
}

void OrderedElements::Put(std::string_view element, std::string_view value, int64_t time, uint32_t epoch) {
  Position at = Find(element);
  stored_ = false;
  if (at.leaf == leaves()) {
    Insert(element, value, &at);
  } else {
    if (many_) many_->live += value.size() - ValueAt(at).size();
    LeafAt(at.leaf).Replace(at.entry, value);
  }
  LeafAt(at.leaf).Stamp(at.entry, time, epoch);
}

bool OrderedElements::Erase(std::string_view element) {
  Position at = Find(element);
  if (at.leaf == leaves()) return false;
  found_entry_ = kNotFound;
  stored_ = false;
  ElementLeaf& leaf = LeafAt(at.leaf);
  if (many_) {
    --many_->count;
    many_->live -= leaf.entry(at.entry).size();
  }
  leaf.Erase(at.entry);
  if (leaf.size() > 0) return true;
  if (!many_) {
    only_ = ElementLeaf();
    return true;
  }
  many_->leaves.erase(many_->leaves.begin() + static_cast<std::ptrdiff_t>(at.leaf));
  if (many_->leaves.size() > 1) return true;
  only_ = std::move(many_->leaves[0]);
  many_.reset();
  return true;
}

// Two pieces, each with its own bytes; the last leaf keeps nearly all, as elements often come in order.
void OrderedElements::SplitLeaf(size_t at) {
  constexpr size_t kAll = ElementLeaf::kEntries;
  if (!many_) {
    many_ = std::make_unique<Leaves>();
    many_->count = only_.size();
    many_->live = only_.live();
    many_->leaves.push_back(std::move(only_));
    only_ = ElementLeaf();
  }
  size_t kept = at + 1 == leaves() ? kAll - kAll / 8 : kAll / 2;
  ElementLeaf upper = LeafAt(at).SplitAt(kept);
  many_->leaves.insert(many_->leaves.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(upper));
}

}  // namespace penstock
