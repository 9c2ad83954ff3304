// The savepoint of one job as a file: magic, version, the parts of all subtasks, a checksum at the end.
// Format: docs/formats/savepoint.md. Written whole or not at all.
#pragma once

#include <string>
#include <vector>

#include "env/file_system.h"
#include "stream/snapshot.h"

namespace penstock {

Status WriteSavepoint(FileSystem& files, const std::string& path, const std::vector<SubtaskSnapshot>& parts);
// Fails with kCorruption where anything does not match, kNotFound where there is no file.
Result<std::vector<SubtaskSnapshot>> ReadSavepoint(FileSystem& files, const std::string& path);

}  // namespace penstock
