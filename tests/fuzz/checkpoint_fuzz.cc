// Fuzz target: the readers of checkpoints: manifests, the rest of a subtask, and chains of keyed state. The
// manifest is read as it is and with its checksum put right; of a chain each link is read with its mark put
// right, so that what lies behind it is reached.
#include "base/bytes.h"
#include "checkpoint/manifest.h"
#include "data/key_codec.h"
#include "env/clock.h"
#include "state/keyed_merge.h"
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ReadManifest(bytes);
  static_cast<void>(ReadSnapshot(bytes));
  ReadChain(bytes);
  return 0;
}
