// A savepoint as a folder: everything that one checkpoint of a job consists of, in files of its own, so that
// nothing in it refers to the folder of checkpoints it came from. Whole or not there: the manifest gets its
// name last, when all else is durable, and replaces an earlier one. Format: docs/formats/savepoint.md.
//
// Used on one thread, also beside a job that runs: a checkpoint that is copied must not be removed meanwhile
// (CheckpointPins).
#pragma once

#include <string>
#include <vector>

#include "checkpoint/checkpoint_store.h"

namespace penstock {

// Copies checkpoint `epoch` of a job into `to`, byte for byte, checking each against its checksum; `to` is
// made, with its parents. `nonce` makes names unlike those of other writers.
Status CopyToSavepoint(const CheckpointStore& from, uint64_t epoch, FileSystem* files, const std::string& to,
                       uint64_t nonce);

// The same of snapshots that were never in a checkpoint; `manifest` says of which job.
Status WriteSavepoint(FileSystem* files, const std::vector<SubtaskSnapshot>& parts, Manifest manifest,
                      const std::string& to, uint64_t nonce);

bool IsSavepointFolder(FileStore* files, const std::string& path);
Result<Manifest> ReadSavepointManifest(FileSystem* files, const std::string& path);
// Checks every byte. What sinks had prepared is left out: it was committed before the savepoint was made.
Result<std::vector<SubtaskSnapshot>> ReadSavepointParts(FileSystem* files, const std::string& path,
                                                        const Manifest& manifest);

}  // namespace penstock
