// Channel: the bounded queue between two tasks, step 6 of a record's way. One producer, one consumer. Bounded
// by rows: Push always succeeds so that an operator call is never cut in half, full() tells the producer to
// stop. The callbacks wake the other side's task; they are called without the lock.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "stream/element.h"

namespace penstock {

class Channel {
 public:
  explicit Channel(int64_t capacity_rows) : capacity_(capacity_rows) {}

  void set_on_push(std::function<void()> wake) { on_push_ = std::move(wake); }
  void set_on_room(std::function<void()> wake) { on_room_ = std::move(wake); }

  void Push(Element element) {
    {
      std::lock_guard lock(mutex_);
      rows_ += Weight(element);
      elements_.push_back(std::move(element));
    }
    if (on_push_) on_push_();
  }

  std::optional<Element> Pop() {
    std::optional<Element> element;
    bool had_no_room = false;
    {
      std::lock_guard lock(mutex_);
      if (elements_.empty()) return std::nullopt;
      had_no_room = rows_ >= capacity_;
      element = std::move(elements_.front());
      elements_.pop_front();
      rows_ -= Weight(*element);
      had_no_room = had_no_room && rows_ < capacity_;
    }
    if (had_no_room && on_room_) on_room_();
    return element;
  }

  bool full() const { return rows_.load(std::memory_order_relaxed) >= capacity_; }
  bool empty() const {
    std::lock_guard lock(mutex_);
    return elements_.empty();
  }

 private:
  static int64_t Weight(const Element& element) {
    const Batch* batch = std::get_if<Batch>(&element);
    return batch != nullptr ? batch->rows + 1 : 1;
  }
  const int64_t capacity_;
  std::atomic<int64_t> rows_{0};
  mutable std::mutex mutex_;
  std::deque<Element> elements_;
  std::function<void()> on_push_, on_room_;
};

}  // namespace penstock
