// Walking directories and matching patterns.
#include "connectors/filesystem/file_listing.h"

#include <fnmatch.h>

#include <algorithm>

#include "base/strings.h"
#include "env/objects/object_store.h"

namespace penstock {

Result<FileInfo> StatFileOrFolder(FileStore& files, const std::string& path) {
  Result<FileInfo> info = files.Stat(path);
  if (info || info.error().code() != StatusCode::kNotFound || !IsObjectPath(path)) return info;
  ASSIGN_OR_RETURN(std::vector<FileInfo> entries, files.List(path));
  if (entries.empty()) return info;
  return FileInfo{path, 0, 0, true};
}

namespace {

bool IsPattern(const std::string& text) { return text.find_first_of("*?[") != std::string::npos; }

bool IsHidden(const std::string& name) { return name.starts_with('.') || name.starts_with('_'); }

Status AddBelow(FileStore& files, const std::string& directory, std::vector<FileInfo>* found) {
  ASSIGN_OR_RETURN(std::vector<FileInfo> entries, files.List(directory));
  for (FileInfo& entry : entries) {
    if (IsHidden(FileName(entry.path))) continue;
    if (entry.directory) {
      RETURN_IF_ERROR(AddBelow(files, entry.path, found));
    } else {
      found->push_back(std::move(entry));
    }
  }
  return Status::Ok();
}

// Matches the parts of a pattern from `at` on below `base`.
Status AddMatches(FileStore& files, const std::string& base, const std::vector<std::string>& parts, size_t at,
                  std::vector<FileInfo>* found) {
  if (at == parts.size()) {
    Result<FileInfo> info = StatFileOrFolder(files, base);
    if (!info) return info.error().code() == StatusCode::kNotFound ? Status::Ok() : info.error();
    if (info->directory) return AddBelow(files, base, found);
    found->push_back(std::move(*info));
    return Status::Ok();
  }
  if (!IsPattern(parts[at])) {
    std::string next = base == "."           ? parts[at]
                       : base.ends_with('/') ? base + parts[at]
                                             : base + "/" + parts[at];
    return AddMatches(files, next, parts, at + 1, found);
  }
  Result<std::vector<FileInfo>> entries = files.List(base);
  if (!entries) return entries.error().code() == StatusCode::kNotFound ? Status::Ok() : entries.error();
  for (const FileInfo& entry : *entries) {
    std::string name = FileName(entry.path);
    if (fnmatch(parts[at].c_str(), name.c_str(), FNM_PERIOD) != 0) continue;
    if (at + 1 < parts.size() && !entry.directory) continue;
    std::string path = base == "." ? name : base.ends_with('/') ? base + name : entry.path;
    RETURN_IF_ERROR(AddMatches(files, path, parts, at + 1, found));
  }
  return Status::Ok();
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Unescape(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace

std::string FileName(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string DirectoryOf(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

Result<std::string> LocalPath(const std::string& path) {
  std::string local = path;
  if (local.starts_with("file://"))
    local = local.substr(7);
  else if (local.starts_with("file:"))
    local = local.substr(5);
  size_t scheme = local.find("://");
  if (scheme != std::string::npos && local.find('/') > scheme) {
    return SqlError(ErrorNumber::kUnsupported, {},
                    "paths of the scheme '" + local.substr(0, scheme) + "' are not supported",
                    "use a local path");
  }
  while (local.size() > 1 && local.ends_with('/')) local.pop_back();
  if (local.empty()) return SqlError(ErrorNumber::kBadOption, {}, "option 'path' is empty");
  return local;
}

Result<std::vector<FileInfo>> ListFiles(FileStore& files, const std::string& path) {
  std::vector<FileInfo> found;
  if (IsPattern(path)) {
    std::string base = path.starts_with('/') ? "/" : ".", rest = path;
    if (IsObjectPath(path)) {
      ASSIGN_OR_RETURN(ObjectAddress address, ParseObjectAddress(path));
      base = "s3://" + address.bucket;
      rest = address.key;
    }
    std::vector<std::string> parts;
    for (std::string& part : Split(rest, '/')) {
      if (!part.empty() && part != ".") parts.push_back(std::move(part));
    }
    RETURN_IF_ERROR(AddMatches(files, base, parts, 0, &found));
  } else {
    ASSIGN_OR_RETURN(FileInfo info, StatFileOrFolder(files, path));
    if (info.directory) {
      RETURN_IF_ERROR(AddBelow(files, path, &found));
    } else {
      found.push_back(std::move(info));
    }
  }
  std::sort(found.begin(), found.end(), [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return found;
}

std::map<std::string, std::string> PartitionsOfPath(const std::string& path) {
  std::map<std::string, std::string> values;
  std::vector<std::string> parts = Split(path, '/');
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    size_t equals = parts[i].find('=');
    if (equals == std::string::npos || equals == 0) continue;
    values[Unescape(parts[i].substr(0, equals))] = Unescape(parts[i].substr(equals + 1));
  }
  return values;
}

std::string EscapePartitionValue(const std::string& value) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : value) {
    auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7f ||
        std::string_view("\"#%'*/:=?\\{[]^").find(c) != std::string_view::npos) {
      out += {'%', kHex[code >> 4], kHex[code & 15]};
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace penstock
