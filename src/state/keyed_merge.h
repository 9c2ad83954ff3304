// MergeSources: a base of keyed state and the deltas after it as one base: what restores, savepoints,
// inspection and the shortening of chains begin with. The one place that says what a delta means: the
// namespaces that it drops go first, then the keys it clears, then what it erases, and then what it holds is
// put.
//
// The links are merged slice by slice, in the order of key groups and hashes, so that memory is that of one
// slice of each link, whatever the state has.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "state/keyed_source.h"

namespace penstock {

// `chain`: the base, then deltas of one subtask in their order; not empty. kCorruption where they do not fit
// together, and, as it is read, where they are damaged.
Result<std::shared_ptr<KeyedSource>> MergeSources(std::vector<std::shared_ptr<KeyedSource>> chain);

// The same of bytes. `chain`: the base (StateBackend::Snapshot), then deltas (Checkpoint) of one subtask in
// their order. A base is taken in any order of its entries and of any number of key groups; entries that no
// delta touched keep their order. Memory: the chain's bytes once more, and the changes of one slice at a
// time. kCorruption where the bytes are none of that.
Result<std::string> MergeKeyed(std::span<const std::string_view> chain);

}  // namespace penstock
