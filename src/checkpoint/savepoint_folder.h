// A savepoint as a folder, or as objects below a prefix of a bucket: everything that one checkpoint of a job
// consists of, in files of its own, so that nothing in it refers to the place of the checkpoints it came
// from. Whole or not there: the manifest gets its name last, when all else is durable, so what a writer
// leaves that died is no savepoint. In a folder it takes the place of an earlier one; a bucket gives a name
// only once, and a second savepoint is refused (kAlreadyExists). Format: docs/formats/savepoint.md.
//
// Used on one thread, also beside a job that runs: a checkpoint that is copied must not be removed meanwhile
// (CheckpointPins). Memory: a block of what is read, a part of what is written. Errors name the place.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/checkpoint_store.h"

namespace penstock {

// Copies checkpoint `epoch` of a job into `to`, byte for byte, checking each against its checksum; `to` is
// made, with its parents. `nonce` makes names unlike those of other writers. `go_on` is asked before each
// block, as copying may take long: its error ends it, and nothing of it stays.
Status CopyToSavepoint(
    const CheckpointStore& from, uint64_t epoch, FileStore* files, const std::string& to, uint64_t nonce,
    const std::function<Status()>& go_on = [] { return Status(); });

// The same of snapshots that were never in a checkpoint; `manifest` says of which job.
Status WriteSavepoint(FileStore* files, const std::vector<SubtaskSnapshot>& parts, Manifest manifest,
                      const std::string& to, uint64_t nonce);

// Whether one could be written to `to` now: writes a little there and removes it. For those who are about to
// do what only a savepoint makes good.
Status CheckSavepointPlace(FileStore* files, const std::string& to, uint64_t nonce);

// Whether there is a manifest; an error where that cannot be known.
Result<bool> IsSavepointFolder(FileStore* files, const std::string& path);
Result<Manifest> ReadSavepointManifest(FileStore* files, const std::string& path);
// Checks every byte, of large keyed state as it is read (CheckpointStore::ReadParts). What sinks had prepared
// is left out: it was committed before the savepoint was made.
Result<std::vector<SubtaskSnapshot>> ReadSavepointParts(std::shared_ptr<FileStore> files,
                                                        const std::string& path, const Manifest& manifest);

}  // namespace penstock
