// Files and registries of formats.
#include "connectors/registry/format_resources.h"

#include "connectors/filesystem/file_listing.h"
#include "connectors/registry/confluent_registry.h"
#include "env/files/file_system.h"
#include "env/thread.h"

namespace penstock {

namespace {

constexpr size_t kFileMax = 64 << 20;

Result<std::string> ReadWhole(const std::string& path) {
  ASSIGN_OR_RETURN(std::string local, LocalPath(path));
  ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, LocalFileSystem().OpenForRead(local));
  std::string content;
  std::string buffer(64 << 10, '\0');
  while (content.size() <= kFileMax) {
    ASSIGN_OR_RETURN(size_t count, file->Read(buffer.data(), buffer.size()));
    if (count == 0) return content;
    content.append(buffer, 0, count);
  }
  return Status::InvalidData("'" + path + "' is longer than 64 MiB");
}

}  // namespace

Status AttachResources(const Format& format, FormatRequest* request) {
  if (std::string key = format.file_option(); !key.empty() && !request->option(key).empty()) {
    Result<std::string> content = ReadWhole(request->option(key));
    if (!content) {
      return SqlError(ErrorNumber::kBadOption, {},
                      "option '" + request->prefix + key + "': " + content.error().message());
    }
    request->file = std::move(*content);
  }
  if (!format.needs_registry()) return Status::Ok();
  ASSIGN_OR_RETURN(ConfluentRegistryOptions options, ConfluentRegistryOptions::Parse(*request));
  request->registry = std::make_shared<ConfluentRegistry>(std::move(options), MakeHttpClient(), PauseMillis);
  return Status::Ok();
}

}  // namespace penstock
