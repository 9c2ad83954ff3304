// Element: what travels through a channel: a batch, a barrier between epochs, or the end of an input. A
// closed variant: the runtime has one switch over it.
#pragma once

#include <cstdint>
#include <variant>

#include "data/batch.h"

namespace penstock {

// Divides the stream into epochs: what came before belongs to the snapshot `epoch`.
struct Barrier {
  uint64_t epoch = 0;
};

// Nothing follows on this input. `drained`: it ended because its source did, so a final watermark came
// before.
struct EndOfInput {
  bool drained = true;
};

using Element = std::variant<Batch, Barrier, EndOfInput>;

}  // namespace penstock
