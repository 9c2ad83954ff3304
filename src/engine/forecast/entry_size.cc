// A small state like the large one.
#include "engine/forecast/entry_size.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "data/key_codec.h"
#include "state/state_backend.h"

namespace penstock {

namespace {

constexpr double kMostEntries = 16384;

// Bytes that begin with the number, as long as asked for.
std::string Named(uint64_t number, size_t size) {
  std::string name(std::max<size_t>(size, 1), '\1');
  for (size_t i = 0; i < name.size() && i < 8; ++i)
    name[name.size() - 1 - i] = static_cast<char>(number >> 8 * i);
  return name;
}

Status FillFixed(const EntryShape& shape, int64_t keys, StateBackend* backend) {
  ASSIGN_OR_RETURN(FixedState * state, backend->OpenFixed({"forecast", shape.value_bytes, 0}));
  for (int64_t k = 0; k < keys; ++k) {
    std::string name = Named(static_cast<uint64_t>(k), std::max<size_t>(shape.key_bytes, 4));
    StateKey key{name, HashKey(name)};
    uint8_t* value = nullptr;
    uint8_t created = 0;
    RETURN_IF_ERROR(state->Access(0, std::span(&key, 1), std::span(&value, 1), std::span(&created, 1)));
    std::fill_n(value, shape.value_bytes, uint8_t{0});
  }
  return Status::Ok();
}

Status FillOrdered(const EntryShape& shape, int64_t keys, StateBackend* backend) {
  ASSIGN_OR_RETURN(MapState * state, backend->OpenMap({"forecast", 0, 0}));
  std::string value(shape.value_bytes, 'x');
  double owed = 0;  // elements: some keys have one more than others
  for (int64_t k = 0; k < keys; ++k) {
    std::string name = Named(static_cast<uint64_t>(k), std::max<size_t>(shape.key_bytes, 4));
    owed += shape.elements;
    for (uint64_t e = 0; owed >= 1 || e == 0; ++e, owed -= 1) {
      std::string element =
          shape.element_bytes == 0 ? "" : Named(e * 0x9e3779b97f4a7c15ULL, shape.element_bytes);
      state->Put(0, {name, HashKey(name)}, element, value);
    }
  }
  return Status::Ok();
}

Status FillTimers(const EntryShape& shape, int64_t keys, StateBackend* backend) {
  ASSIGN_OR_RETURN(TimerQueue * timers, backend->OpenTimers("forecast-timers"));
  for (int64_t k = 0; k < keys; ++k) {
    std::string name = Named(static_cast<uint64_t>(k), std::max<size_t>(shape.key_bytes, 4));
    timers->Register(k, {name, HashKey(name)});
  }
  return Status::Ok();
}

}  // namespace

Result<double> MeasureState(const EntryShape& shape, double keys, const Clock* clock) {
  if (keys < 1) return 0.0;
  double scale = 1;
  while (keys / scale > 64 && keys / scale * std::max(1.0, shape.elements) > kMostEntries) scale *= 2;
  auto count = static_cast<int64_t>(std::llround(keys / scale));
  std::unique_ptr<StateBackend> backend = MakeHashBackend(KeyGroupRange{}, clock);
  RETURN_IF_ERROR(shape.ordered ? FillOrdered(shape, count, backend.get())
                                : FillFixed(shape, count, backend.get()));
  if (shape.timers) RETURN_IF_ERROR(FillTimers(shape, count, backend.get()));
  return static_cast<double>(backend->MemoryBytes()) * scale;
}

}  // namespace penstock
