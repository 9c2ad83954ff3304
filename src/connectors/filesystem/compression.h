// Compressed files: gzip and zstd, told by the ending of the name, behind the plain file interfaces.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "env/files/file_system.h"

namespace penstock {

enum class Compression : uint8_t { kNone, kGzip, kZstd };

Compression CompressionOf(const std::string& path);
// ".gz", ".zst" or "".
std::string ExtensionOf(Compression compression);

// Decompresses while reading; several compressed streams one after the other are one file. Cannot seek.
std::unique_ptr<ReadableFile> MakeDecompressor(Compression compression, std::unique_ptr<ReadableFile> file,
                                               const std::string& path);
// Compresses while writing; Close ends the stream. Sync writes what is complete.
std::unique_ptr<WritableFile> MakeCompressor(Compression compression, std::unique_ptr<WritableFile> file);

}  // namespace penstock
