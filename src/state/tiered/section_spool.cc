// To the file and back.
#include "state/tiered/section_spool.h"

#include "base/bytes.h"

namespace penstock {

Status SectionSpool::Add(std::string_view part) {
  ByteReader in(part);
  dropped_.clear();
  for (uint64_t left = in.Count(); left > 0; --left) dropped_.push_back(in.Fixed<int64_t>());
  for (uint64_t left = in.Count(); left > 0; --left) {
    auto group = static_cast<int>(in.Varint());
    std::string_view section = in.String();
    RETURN_IF_ERROR(file_->Append(section));
    places_[group] = {size_, section.size()};
    size_ += section.size();
  }
  groups_.clear();
  for (const auto& [group, place] : places_) groups_.push_back(group);
  return Status::Ok();
}

Result<std::string> SectionSpool::Slice(int group, uint32_t) {
  auto place = places_.find(group);
  if (place == places_.end()) return std::string();
  return file_->Read(place->second.offset, place->second.size);
}

}  // namespace penstock
