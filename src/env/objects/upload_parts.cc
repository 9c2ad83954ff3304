// Filling and sending parts.
#include "env/objects/upload_parts.h"

namespace penstock {

Status UploadParts::Append(std::string_view bytes) {
  while (rest_.size() + bytes.size() >= kPartBytes) {
    size_t room = kPartBytes - rest_.size();
    rest_.append(bytes.substr(0, room));
    bytes.remove_prefix(room);
    RETURN_IF_ERROR(Send());
  }
  rest_.append(bytes);
  return Status::Ok();
}

Status UploadParts::Send() {
  if (upload_.id.empty()) {
    ASSIGN_OR_RETURN(upload_.id, store_->uploads().Begin(upload_.key));
  }
  int number = static_cast<int>(parts_.size()) + 1;
  if (number > MultipartUploads::kPartsMax) {
    return Status(StatusCode::kResourceExhausted, store_->NameOf(upload_.key) + " is too large an object")
        .WithHint(hint_);
  }
  ASSIGN_OR_RETURN(UploadedPart part, store_->uploads().AddPart(upload_, number, rest_));
  parts_.push_back(std::move(part));
  rest_.clear();
  return Status::Ok();
}

}  // namespace penstock
