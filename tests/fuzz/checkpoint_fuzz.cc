// Fuzz target: the readers of checkpoints: manifests, the rest of a subtask, and chains of keyed state. The
// manifest is read as it is and with its checksum put right; of a chain each link is read with its mark put
// right, so that what lies behind it is reached; of pieces the index is, and a link that can be read is
// written as pieces and read again.
#include <algorithm>

#include "base/bytes.h"
#include "checkpoint/manifest.h"
#include "data/key_codec.h"
#include "env/clock.h"
#include "state/bounded_backend.h"
#include "state/keyed_format.h"
#include "state/keyed_merge.h"
#include "state/pieces/keyed_pieces.h"
#include "state/state_backend.h"

namespace {

using namespace penstock;

void ReadManifest(std::string_view bytes) {
  ByteWriter sealed;
  sealed.Raw("PENSTOCK-MANIFEST");
  sealed.Fixed(uint32_t{2});
  sealed.Raw(bytes);
  sealed.Fixed(HashKey(sealed.bytes()));
  for (std::string_view one : {bytes, std::string_view(sealed.bytes())}) {
    Result<Manifest> manifest = Manifest::Read(one, "manifest");
    if (manifest) CHECK(Manifest::Read(manifest->Write(), "again"));
  }
}

std::string Link(std::string_view bytes, uint8_t version) {
  std::string link("\x80\x00", 2);
  link += static_cast<char>(version);
  return link.append(bytes);
}

void ReadChain(std::string_view bytes) {
  ByteReader in(bytes);
  std::vector<std::string> links;
  for (uint8_t version = 2; in.ok() && !in.at_end() && links.size() < 4; version = 3)
    links.push_back(Link(in.String(), version));
  std::vector<std::string_view> chain(links.begin(), links.end());
  Result<std::string> merged = MergeKeyed(chain);
  if (!merged || merged->empty()) return;
  // A base comes out of it, and nothing changes it any more.
  std::string_view alone[] = {*merged};
  Result<std::string> again = MergeKeyed(alone);
  CHECK(again);
  ManualClock clock(0);
  static_cast<void>(MakeHashBackend({}, &clock)->Restore(*merged));
}

void ReadSource(KeyedSource& source) {
  constexpr uint32_t kSlices = 16;  // an index may say that there are billions
  for (size_t state = 0; state < source.states().size(); ++state) {
    const KeyedStateInfo& info = source.states()[state];
    for (int group : info.groups) {
      for (uint32_t slice = 0; slice < std::min(kSlices, uint32_t{1} << info.slice_bits); ++slice)
        static_cast<void>(source.Slice(state, group, slice));
    }
    if (info.slice_bits > 4) return;
  }
  ManualClock clock(0);
  if (!source.delta()) static_cast<void>(MakeHashBackend({}, &clock, nullptr)->Restore(source));
}

// An index and the pieces it names, with the checksum of the index put right.
void ReadPieces(std::string_view bytes) {
  ByteReader in(bytes);
  std::string_view index = in.String();
  if (!in.ok()) return;
  ByteWriter tail;
  tail.Fixed(static_cast<uint64_t>(index.size()));
  tail.Fixed(HashKey(index));
  std::string pieces = Link(in.rest(), kKeyedPieces).append(index).append(tail.bytes());
  Result<std::shared_ptr<KeyedSource>> source = MakeKeyedSource(std::move(pieces));
  if (source) ReadSource(**source);
}

void WriteAsPieces(std::string_view bytes, uint8_t version) {
  Result<std::shared_ptr<KeyedSource>> source = MakeKeyedSource(Link(bytes, version));
  if (!source) return;
  std::string pieces;
  Status written = WritePieces(**source, [&](std::string_view piece) {
    pieces.append(piece);
    return Status::Ok();
  });
  if (!written.ok()) return;
  Result<std::shared_ptr<KeyedSource>> again = MakeKeyedSource(pieces);
  CHECK(again);
  CHECK((*again)->delta() == (*source)->delta() && (*again)->states().size() == (*source)->states().size());
  ReadSource(**again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ReadManifest(bytes);
  static_cast<void>(ReadSnapshot(bytes));
  ReadChain(bytes);
  ReadPieces(bytes);
  WriteAsPieces(bytes, kKeyedBase);
  WriteAsPieces(bytes, kKeyedDelta);
  return 0;
}
