// ScratchFile: bytes that are put aside on disk for a while: first appended, then read, each by one thread.
// It is gone with this object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "env/files/file_system.h"

namespace penstock {

class ScratchFile {
 public:
  virtual ~ScratchFile() = default;
  virtual Status Append(std::string_view bytes) = 0;
  // Exactly `size` bytes. REQUIRES: they were appended, and nothing is appended any more.
  virtual Result<std::string> Read(uint64_t offset, uint64_t size) = 0;
};

// A file `path`, in a directory that is made where it is missing.
std::unique_ptr<ScratchFile> MakeScratchFile(FileSystem* files, std::string directory, std::string name);
std::unique_ptr<ScratchFile> MakeMemoryScratch();

}  // namespace penstock
