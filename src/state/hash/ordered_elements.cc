// Searching and changing packed leaves.
#include "state/hash/ordered_elements.h"

#include <algorithm>
#include <cstddef>

#include "base/check.h"

namespace penstock {

void OrderedElements::clear() { *this = OrderedElements(); }

size_t OrderedElements::LeafOf(uint64_t head, std::string_view element) const {
  size_t low = 0, high = leaves_.size();  // the last leaf that does not start behind the element
  while (high - low > 1) {
    size_t middle = (low + high) / 2;
    const Leaf& leaf = leaves_[middle];
    bool behind = leaf.head != head ? leaf.head > head : ElementOf(leaf, leaf.entries[0]) > element;
    (behind ? high : low) = middle;
  }
  return low;
}

size_t OrderedElements::EntryNotBefore(const Leaf& leaf, uint64_t head, std::string_view element) {
  size_t low = 0, count = leaf.entries.size();
  while (count > 0) {
    size_t half = count / 2;
    if (Before(leaf, leaf.entries[low + half], head, element)) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low;
}

OrderedElements::Position OrderedElements::LowerBound(std::string_view element) const {
  if (leaves_.empty()) return {};
  uint64_t head = HeadOf(element);
  size_t leaf = LeafOf(head, element);
  size_t entry = EntryNotBefore(leaves_[leaf], head, element);
  if (entry == leaves_[leaf].entries.size()) return {leaf + 1, 0};
  return {leaf, entry};
}

OrderedElements::Position OrderedElements::Find(std::string_view element) {
  if (has_found_ && ElementAt(found_) == element) return found_;
  found_ = LowerBound(element);
  has_found_ = found_.leaf < leaves_.size() && ElementAt(found_) == element;
  return has_found_ ? found_ : Position{leaves_.size(), 0};
}

void OrderedElements::Append(Leaf* leaf, Entry* entry, std::string_view element, std::string_view value) {
  CHECK(leaf->bytes.size() + element.size() + value.size() < size_t{1} << 32);
  entry->offset = static_cast<uint32_t>(leaf->bytes.size());
  entry->element_size = static_cast<uint32_t>(element.size());
  entry->value_size = static_cast<uint32_t>(value.size());
  leaf->live += entry->element_size + entry->value_size;
  leaf->bytes.append(element).append(value);
}

void OrderedElements::Compact(Leaf* leaf) {
  if (leaf->bytes.size() < 256 || leaf->live * 2 > leaf->bytes.size()) return;
  std::string bytes;
  bytes.reserve(leaf->live);
  for (Entry& entry : leaf->entries) {
    size_t offset = bytes.size();
    bytes.append(leaf->bytes, entry.offset, entry.element_size + size_t{entry.value_size});
    entry.offset = static_cast<uint32_t>(offset);
  }
  leaf->bytes = std::move(bytes);
}

void OrderedElements::Replace(Leaf* leaf, Entry* entry, std::string_view element, std::string_view value) {
  if (entry->value_size == value.size()) {
    if (!value.empty())
      std::memcpy(leaf->bytes.data() + entry->offset + entry->element_size, value.data(), value.size());
    return;
  }
  leaf->live -= entry->element_size + entry->value_size;
  Append(leaf, entry, element, value);
  Compact(leaf);
}

void OrderedElements::Put(std::string_view element, std::string_view value, int64_t time, uint32_t epoch) {
  Position at = Find(element);
  stored_ = false;
  if (at.leaf == leaves_.size()) {
    uint64_t head = HeadOf(element);
    if (leaves_.empty()) leaves_.emplace_back();
    at.leaf = LeafOf(head, element);
    if (leaves_[at.leaf].entries.size() == kLeafEntries) {
      SplitLeaf(at.leaf);
      at.leaf = LeafOf(head, element);
    }
    Leaf& leaf = leaves_[at.leaf];
    at.entry = EntryNotBefore(leaf, head, element);
    leaf.entries.insert(leaf.entries.begin() + static_cast<std::ptrdiff_t>(at.entry),
                        Entry{head, 0, 0, 0, 0, 0});
    Append(&leaf, &leaf.entries[at.entry], element, value);
    leaf.head = leaf.entries[0].head;
    ++count_;
    live_ += element.size() + value.size();
    has_found_ = false;
  } else {
    live_ += value.size() - leaves_[at.leaf].entries[at.entry].value_size;
    Replace(&leaves_[at.leaf], &leaves_[at.leaf].entries[at.entry], element, value);
  }
  leaves_[at.leaf].entries[at.entry].time = time;
  leaves_[at.leaf].entries[at.entry].epoch = epoch;
  leaves_[at.leaf].epoch = std::max(leaves_[at.leaf].epoch, epoch);
}

bool OrderedElements::Erase(std::string_view element) {
  Position at = Find(element);
  if (at.leaf == leaves_.size()) return false;
  has_found_ = stored_ = false;
  Leaf& leaf = leaves_[at.leaf];
  live_ -= leaf.entries[at.entry].element_size + leaf.entries[at.entry].value_size;
  leaf.live -= leaf.entries[at.entry].element_size + leaf.entries[at.entry].value_size;
  leaf.entries.erase(leaf.entries.begin() + static_cast<std::ptrdiff_t>(at.entry));
  --count_;
  if (leaf.entries.empty()) {
    leaves_.erase(leaves_.begin() + static_cast<std::ptrdiff_t>(at.leaf));
    return true;
  }
  leaf.head = leaf.entries[0].head;
  Compact(&leaf);
  return true;
}

// Two pieces, each with its own bytes; the last leaf keeps nearly all, as elements often come in order.
void OrderedElements::SplitLeaf(size_t at) {
  Leaf upper;
  Leaf& lower = leaves_[at];
  size_t kept = at + 1 == leaves_.size() ? kLeafEntries - kLeafEntries / 8 : kLeafEntries / 2;
  for (size_t i = kept; i < lower.entries.size(); ++i) {
    Entry entry = lower.entries[i];
    std::string_view bytes = lower.bytes;
    std::string_view element = bytes.substr(entry.offset, entry.element_size);
    std::string_view value = bytes.substr(entry.offset + entry.element_size, entry.value_size);
    lower.live -= entry.element_size + entry.value_size;
    Append(&upper, &entry, element, value);
    upper.entries.push_back(entry);
  }
  lower.entries.resize(kept);
  upper.head = upper.entries[0].head;
  upper.epoch = lower.epoch;
  Compact(&lower);
  leaves_.insert(leaves_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(upper));
}

}  // namespace penstock
