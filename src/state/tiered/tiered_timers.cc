// Timers between memory and the store. Their keys there: the time, so that they are in its order, and the
// key.
#include "state/tiered/tiered_timers.h"

#include "state/tiered/cold_key.h"

namespace penstock {

namespace {

constexpr size_t kRead = 1024;  // at a time
constexpr size_t kLeast = 16;   // that stay

std::string ColdBytes(const HashTimerQueue::Timer& timer) {
  std::string bytes;
  AppendBigEndian(static_cast<uint64_t>(timer.first) ^ uint64_t{1} << 63, &bytes);
  return bytes.append(timer.second);
}

HashTimerQueue::Timer TimerOf(std::string_view bytes) {
  uint64_t time = 0;
  for (size_t i = 0; i < sizeof(time); ++i) time = time << 8 | static_cast<uint8_t>(bytes[i]);
  return {static_cast<int64_t>(time ^ uint64_t{1} << 63), std::string(bytes.substr(sizeof(time)))};
}

uint64_t ColdHash(std::string_view bytes) {
  return SubKeyHash(HashKey(bytes.substr(sizeof(int64_t))), HashKey(bytes));
}

}  // namespace

bool TieredTimerQueue::IsSetLate(const Timer& timer) {
  std::string bytes = ColdBytes(timer);
  StateKey key{bytes, ColdHash(bytes)};
  if (!cold_.MayHold(0, key.hash)) return false;
  Result<bool> holds = cold_.Holds(0, key);
  Note(holds.status());
  return holds && *holds;
}

void TieredTimerQueue::Register(int64_t time, StateKey key) {
  if (!last_) return hot_.Register(time, key);
  Timer timer{time, std::string(key.bytes)};
  if (!IsLate(timer)) return hot_.Register(time, key);
  if (IsSetLate(timer)) return;
  std::string bytes = ColdBytes(timer);
  cold_.Put(0, {bytes, ColdHash(bytes)}, 0, {}, true);
  hot_.Touch(time, key.bytes);
}

void TieredTimerQueue::Erase(int64_t time, StateKey key) {
  Timer timer{time, std::string(key.bytes)};
  if (!IsLate(timer)) {
    hot_.Erase(time, key);
    return Refill();
  }
  if (!IsSetLate(timer)) return;
  std::string bytes = ColdBytes(timer);
  StateKey cold_key{bytes, ColdHash(bytes)};
  Note(cold_.Take(0, {&cold_key, 1}, [](StateKey, uint32_t, std::string_view) {}));
  cold_.Forget(0, cold_key);
  hot_.Touch(time, key.bytes);
}

bool TieredTimerQueue::Pop(int64_t up_to, int64_t* time, std::string* key) {
  bool popped = hot_.Pop(up_to, time, key);
  Refill();
  return popped;
}

void TieredTimerQueue::Refill() {
  if (!last_ || hot_.size() > 0) return;
  Note(cold_.TakeFirst(
      0, kRead, [](std::string_view bytes, std::string_view) { return ColdHash(bytes); },
      [this](StateKey key, uint32_t, std::string_view) {
        last_ = TimerOf(key.bytes);
        hot_.Load(*last_);
      }));
  if (!cold_.any()) last_.reset();
}

Result<size_t> TieredTimerQueue::Evict(size_t bytes) {
  size_t before = MemoryBytes(), freed = 0;
  while (hot_.size() > kLeast && freed < bytes) {
    Timer timer = hot_.Unload();
    std::string cold_bytes = ColdBytes(timer);
    cold_.Put(0, {cold_bytes, ColdHash(cold_bytes)}, 0, {}, true);
    freed = before - std::min(before, hot_.MemoryBytes());
    last_ = hot_.Last();
  }
  RETURN_IF_ERROR(cold_.Commit());
  return freed;
}

bool TieredTimerQueue::WriteDelta(uint32_t from, SectionWriter& out) {
  auto is_set = [this](const Timer& timer) { return IsLate(timer) ? IsSetLate(timer) : hot_.Holds(timer); };
  return hot_.WriteDelta(from, is_set, out);
}

// A delta has all of its timers from the log.
std::shared_ptr<KeyedSections> TieredTimerQueue::Elsewhere(const uint32_t* from) {
  if (from != nullptr || !cold_.any()) return nullptr;
  Note(cold_.Commit());
  return cold_.Sections(nullptr, -1, [](std::string_view key, std::string_view, ByteWriter& out) {
    Timer timer = TimerOf(key);
    out.Fixed(timer.first);
    out.String(timer.second);
    return true;
  });
}

}  // namespace penstock
