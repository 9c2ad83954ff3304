// Which files a path stands for, and what directory names tell about them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/files/file_store.h"

namespace penstock {

// The path without "file://"; an error for other schemes.
Result<std::string> LocalPath(const std::string& path);

// A file, or a folder. In a bucket a folder is there when something is in it. kNotFound where nothing is.
Result<FileInfo> StatFileOrFolder(FileStore& files, const std::string& path);

// The files of a path: itself, everything below a directory, or what a pattern with * ? [ ] matches
// (directories again with everything below them). Hidden names (. or _ at the start) are left out below
// directories. Sorted.
Result<std::vector<FileInfo>> ListFiles(FileStore& files, const std::string& path);

// "dt=2020-01-01" directories of a file's path, unescaped.
std::map<std::string, std::string> PartitionsOfPath(const std::string& path);
// A partition value as part of a directory name, with Hive's escapes.
std::string EscapePartitionValue(const std::string& value);

std::string FileName(const std::string& path);
std::string DirectoryOf(const std::string& path);

}  // namespace penstock
