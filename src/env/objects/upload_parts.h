// UploadParts: bytes on their way into an object, sent in parts as they fill up. The writer of object files
// and the part files of the filesystem sink are made of it; each says itself when the object becomes visible.
// Used by one thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/objects/object_store.h"

namespace penstock {

class UploadParts {
 public:
  static constexpr size_t kPartBytes = size_t{8} << 20;
  static_assert(kPartBytes >= MultipartUploads::kPartBytesMin);

  // Without an id the upload begins with its first part. `hint`: what helps where the object is too large.
  UploadParts(ObjectStore* store, UploadInfo upload, std::string hint = "")
      : store_(store), upload_(std::move(upload)), hint_(std::move(hint)) {}

  Status Append(std::string_view bytes);
  // Sends what has not left yet as a part, be it nothing.
  Status Send();

  const UploadInfo& upload() const { return upload_; }
  const std::vector<UploadedPart>& parts() const { return parts_; }
  // What has not left yet: less than a part.
  const std::string& rest() const { return rest_; }

 private:
  ObjectStore* store_;
  UploadInfo upload_;
  std::string hint_;
  std::vector<UploadedPart> parts_;
  std::string rest_;
};

}  // namespace penstock
