// Writes savepoints of version 1 (docs/formats/savepoint.md), which are only read today. Of tests.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "data/key_codec.h"
#include "stream/snapshot.h"

namespace penstock {

inline std::string SavepointFileOfVersion1(const std::vector<SubtaskSnapshot>& parts) {
  ByteWriter out;
  out.Raw("PENSTOCK-SAVEPOINT");
  out.Fixed(uint32_t{1});
  out.Varint(parts.size());
  for (const SubtaskSnapshot& part : parts) {
    out.String(part.uid);
    out.Varint(static_cast<uint64_t>(part.subtask));
    out.String(part.keyed);
    out.Varint(part.lists.size());
    for (const std::string& list : part.lists) out.String(list);
    out.Varint(part.splits.size());
    for (const SourceSplit& split : part.splits) {
      out.String(split.id);
      out.String(split.position);
    }
  }
  out.Fixed(HashKey(out.bytes()));
  return out.Take();
}

}  // namespace penstock
