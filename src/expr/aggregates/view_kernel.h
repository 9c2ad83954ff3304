// ViewKernel: the base of aggregates that keep what is not of fixed width in views. A kernel says what one
// row does to its group and how the group's result is written; the loops over rows are here. Counts of values
// are kept in views as 8 bytes. A kernel whose groups can be put together out of parts overrides has_partials
// and says how an entry of a view is merged.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "expr/aggregate.h"

namespace penstock {

class ViewKernel : public AggregateKernel {
 public:
  // `inline_bytes` of plain state, zeroed at first; `views` ordered maps.
  explicit ViewKernel(size_t inline_bytes = 0, int views = 1)
      : inline_bytes_((inline_bytes + 7) / 8 * 8), view_count_(views) {}

  // Applies a row whose sign is not 0.
  virtual Status Apply(const AggregateInput& in, int64_t row, uint8_t* state) = 0;
  // Appends the result of a group.
  virtual Status Write(const uint8_t* state, std::string_view group, ColumnBuilder* out) const = 0;

  size_t width() const override { return inline_bytes_; }
  void Init(uint8_t* state) const override { std::fill_n(state, inline_bytes_, uint8_t{0}); }
  Status Update(const AggregateInput& in, std::span<uint8_t* const> states) override {
    return Run(in, states, nullptr);
  }
  Status UpdateAndEmit(const AggregateInput& in, std::span<uint8_t* const> states,
                       ColumnBuilder* out) override {
    return Run(in, states, out);
  }
  Status Emit(std::span<const uint8_t* const> states, std::span<const std::string_view> groups,
              ColumnBuilder* out) const override {
    for (size_t i = 0; i < states.size(); ++i) RETURN_IF_ERROR(Write(states[i], groups[i], out));
    return Status::Ok();
  }
  int view_count() const override { return view_count_; }
  void SetViews(std::vector<AggregateView*> views) override { views_ = std::move(views); }

  // A part is the inline state and every entry of every view, for kernels that can merge those.
  void WritePartial(const uint8_t* state, std::string_view group, std::string* out) const override {
    ByteWriter bytes;
    bytes.Raw({reinterpret_cast<const char*>(state), inline_bytes_});
    for (size_t v = 0; v < views_.size(); ++v) {
      views_[v]->ForEach(group, [&](std::string_view element, std::string_view value) {
        bytes.Varint(v);
        bytes.String(element);
        bytes.String(value);
        return true;
      });
    }
    out->append(bytes.bytes());
  }
  Status MergePartial(uint8_t* state, std::string_view group, std::string_view part) override {
    if (part.size() < inline_bytes_) return Status::Corruption("a part of an aggregate is cut short");
    std::vector<uint64_t> aligned(inline_bytes_ / 8);
    std::copy_n(part.data(), inline_bytes_, reinterpret_cast<char*>(aligned.data()));
    MergeInline(state, reinterpret_cast<const uint8_t*>(aligned.data()));
    ByteReader in(part.substr(inline_bytes_));
    while (!in.at_end()) {
      uint64_t v = in.Varint();
      std::string_view element = in.String(), value = in.String();
      if (!in.ok() || v >= views_.size()) return Status::Corruption("a part of an aggregate is damaged");
      RETURN_IF_ERROR(MergeEntry(v, {state, group, element}, value));
    }
    return MergedPart(state, group);
  }

 protected:
  AggregateView* view(size_t i) const { return views_[i]; }

  // Where an entry of a part goes.
  struct EntryPlace {
    uint8_t* state;
    std::string_view group, element;
  };
  // Merging parts, called only where has_partials(): the inline state first, then each entry, then once.
  virtual void MergeInline(uint8_t* into, const uint8_t* from) {
    if (mergeable()) Merge(into, from);
  }
  virtual Status MergeEntry(size_t, const EntryPlace&, std::string_view) {
    return Status::Internal("this aggregate has no parts");
  }
  virtual Status MergedPart(uint8_t*, std::string_view) { return Status::Ok(); }

 private:
  Status Run(const AggregateInput& in, std::span<uint8_t* const> states, ColumnBuilder* out) {
    for (int64_t row = 0; row < in.rows; ++row) {
      auto i = static_cast<size_t>(row);
      if (in.signs[i] != 0) RETURN_IF_ERROR(Apply(in, row, states[i]));
      if (out != nullptr) RETURN_IF_ERROR(Write(states[i], in.groups[i], out));
    }
    return Status::Ok();
  }
  size_t inline_bytes_;
  int view_count_;
  std::vector<AggregateView*> views_;
};

inline int64_t CountOf(std::string_view bytes) {
  int64_t count = 0;
  std::memcpy(&count, bytes.data(), sizeof(count));
  return count;
}

// Adds to the count kept under an element, drops the entry at zero, and returns the new count.
inline int64_t AddToCount(AggregateView* view, std::string_view group, std::string_view element,
                          int64_t delta) {
  std::optional<std::string_view> stored = view->Get(group, element);
  int64_t count = (stored ? CountOf(*stored) : 0) + delta;
  if (count == 0) {
    view->Erase(group, element);
  } else {
    view->Put(group, element, {reinterpret_cast<const char*>(&count), sizeof(count)});
  }
  return count;
}

}  // namespace penstock
