// XXH3 of a stream.
#include "data/byte_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace penstock {

struct ByteHash::State {
  XXH3_state_t xxh3;
};

ByteHash::ByteHash() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->xxh3); }
ByteHash::~ByteHash() = default;

void ByteHash::Add(std::string_view bytes) { XXH3_64bits_update(&state_->xxh3, bytes.data(), bytes.size()); }

uint64_t ByteHash::value() const { return XXH3_64bits_digest(&state_->xxh3); }

}  // namespace penstock
