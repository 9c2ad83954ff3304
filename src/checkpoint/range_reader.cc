// Reading at an offset. Step 11 of a record's way.
#include "checkpoint/range_reader.h"

namespace penstock {

Status RangeReader::Open() {
  // A manifest that lies about sizes must not make us allocate.
  ASSIGN_OR_RETURN(FileInfo info, files_->Stat(path_));
  if (offset_ > info.size || size_ > info.size - offset_) return CutShort();
  ASSIGN_OR_RETURN(file_, files_->OpenForRead(path_));
  at_ = offset_;
  return file_->Seek(offset_);
}

Result<std::string> RangeReader::Read(uint64_t offset, uint64_t size) {
  if (!file_) RETURN_IF_ERROR(Open());
  if (offset > size_ || size > size_ - offset) return CutShort();
  if (at_ != offset_ + offset) RETURN_IF_ERROR(file_->Seek(offset_ + offset));
  std::string bytes(size, '\0');
  for (size_t read = 0; read < bytes.size();) {
    ASSIGN_OR_RETURN(size_t count, file_->Read(bytes.data() + read, bytes.size() - read));
    if (count == 0) return CutShort();
    read += count;
  }
  at_ = offset_ + offset + size;
  return bytes;
}

}  // namespace penstock
