// Paths and lists of objects.
#include "env/objects/object_store.h"

#include <iterator>

namespace penstock {

namespace {

size_t SchemeLength(std::string_view path) {
  for (std::string_view scheme : {"s3://", "s3a://", "s3n://"}) {
    if (path.starts_with(scheme)) return scheme.size();
  }
  return 0;
}

}  // namespace

bool IsObjectPath(std::string_view path) { return SchemeLength(path) > 0; }

Result<ObjectAddress> ParseObjectAddress(std::string_view path) {
  std::string_view rest = path.substr(SchemeLength(path));
  size_t slash = rest.find('/');
  ObjectAddress parsed{std::string(rest.substr(0, slash)),
                       slash == std::string_view::npos ? "" : std::string(rest.substr(slash + 1))};
  if (SchemeLength(path) == 0 || parsed.bucket.empty()) {
    return Status::InvalidArgument("'" + std::string(path) + "' names no bucket")
        .WithHint("write s3://bucket/path");
  }
  return parsed;
}

Result<ListPage> ListAll(ObjectStore& store, const std::string& prefix, bool folders) {
  ListPage all;
  ListRequest request{prefix, folders, ""};
  do {
    ASSIGN_OR_RETURN(ListPage page, store.List(request));
    std::move(page.objects.begin(), page.objects.end(), std::back_inserter(all.objects));
    std::move(page.folders.begin(), page.folders.end(), std::back_inserter(all.folders));
    request.from = page.next;
  } while (!request.from.empty());
  return all;
}

}  // namespace penstock
