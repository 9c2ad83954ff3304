// Keyed state as pieces: a stream that is written and read with little memory. Each slice of a section is a
// piece with a checksum of its own, found by an index at the end. Version 4 of docs/formats/keyed_state.md:
// what checkpoints hold of state that is large. Reading checks all that it reads.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "state/keyed_source.h"

namespace penstock {

inline constexpr uint8_t kKeyedPieces = 4;  // in the place of kKeyedBase and kKeyedDelta

// Bytes that begin so are pieces. REQUIRES: at least kPiecesHead of them, or all there are.
inline constexpr size_t kPiecesHead = 3;
bool IsPieces(std::string_view bytes);

// Writes a base or a delta, piece by piece. Memory: one piece, and 32 bytes of each.
Status WritePieces(KeyedSource& source, const AppendBytes& append);

// The same, a slice a call, for who does other things in between.
class PiecesWriter {
 public:
  PiecesWriter(std::shared_ptr<KeyedSource> source, AppendBytes append);
  ~PiecesWriter();
  // False: everything is written. After that, or an error, not called again.
  Result<bool> Step();

 private:
  class Progress;
  std::shared_ptr<KeyedSource> source_;
  std::unique_ptr<Progress> progress_;
};

// Part of what was written; exactly `size` bytes.
using ReadBytes = std::function<Result<std::string>(uint64_t offset, uint64_t size)>;
// `size` bytes as a source; `name` is for messages. kCorruption where they are none, or, later, where a piece
// does not match its checksum.
Result<std::shared_ptr<KeyedSource>> OpenPieces(std::string name, uint64_t size, ReadBytes read);

}  // namespace penstock
