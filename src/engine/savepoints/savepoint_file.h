// The savepoint of one job as a file, version 1: magic, version, the parts of all subtasks, a checksum at the
// end. Format: docs/formats/savepoint.md. Read, not written any more: see checkpoint/savepoint_folder.h.
#pragma once

#include <string>
#include <vector>

#include "env/files/file_store.h"
#include "stream/snapshot.h"

namespace penstock {

// Fails with kCorruption where anything does not match, kNotFound where there is no file.
Result<std::vector<SubtaskSnapshot>> ReadSavepointFile(FileStore& files, const std::string& path);

}  // namespace penstock
