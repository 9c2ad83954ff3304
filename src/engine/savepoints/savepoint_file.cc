// Reading of savepoint files of version 1.
// Step 11 of a record's way (docs/ARCHITECTURE.md).
#include "engine/savepoints/savepoint_file.h"

#include "base/bytes.h"
#include "data/key_codec.h"

namespace penstock {

namespace {
constexpr std::string_view kMagic = "PENSTOCK-SAVEPOINT";
constexpr uint32_t kVersion = 1;
}  // namespace

Result<std::vector<SubtaskSnapshot>> ReadSavepointFile(FileStore& files, const std::string& path) {
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(files, path));
  auto damaged = [&](const char* what) { return Status::Corruption("savepoint '" + path + "' " + what); };
  if (bytes.size() < kMagic.size() + sizeof(uint32_t) + sizeof(uint64_t) || !bytes.starts_with(kMagic)) {
    return damaged("is no savepoint");
  }
  std::string_view body(bytes.data(), bytes.size() - sizeof(uint64_t));
  ByteReader head(std::string_view(bytes).substr(kMagic.size()));
  if (auto version = head.Fixed<uint32_t>(); version != kVersion) {
    std::string text =
        "has version " + std::to_string(version) + "; this build reads version " + std::to_string(kVersion);
    return damaged(text.c_str());
  }
  ByteReader tail(std::string_view(bytes).substr(body.size()));
  if (tail.Fixed<uint64_t>() != HashKey(body)) return damaged("does not match its checksum");
  ByteReader in(body.substr(kMagic.size() + sizeof(uint32_t)));
  std::vector<SubtaskSnapshot> parts;
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    SubtaskSnapshot part;
    part.uid = std::string(in.String());
    part.subtask = static_cast<int>(in.Varint());
    part.keyed = std::string(in.String());
    for (uint64_t l = 0, lists = in.Count(); l < lists; ++l) part.lists.emplace_back(in.String());
    for (uint64_t s = 0, splits = in.Count(); s < splits; ++s) {
      std::string id(in.String());
      part.splits.push_back({std::move(id), std::string(in.String())});
    }
    parts.push_back(std::move(part));
  }
  if (!in.ok() || !in.at_end()) return damaged("is cut short");
  return parts;
}

}  // namespace penstock
