// SpillPartitions: records divided by the hash of their key into files, one level of a division that goes on
// with other bits of the hash where a part is still too large. Used by the operator's thread.
#pragma once

#include <memory>
#include <vector>

#include "operators/batch/spill/spill_space.h"

namespace penstock {

// A part that waits; null where it got no record.
struct SpilledPart {
  SpillFilePtr file;
  int level = 0;  // how often it was divided
};

class SpillPartitions {
 public:
  static constexpr int kBits = 4;
  static constexpr size_t kParts = size_t{1} << kBits;
  // Beyond it the bits of a hash are used up.
  static constexpr int kMostLevels = 8;

  SpillPartitions(SpillSpace* space, int level) : space_(space), level_(level), writers_(kParts) {}

  // Mixed once more: tables choose by the lowest bits of a hash, exchanges by the upper half.
  static size_t PartOf(uint64_t hash, int level) {
    return hash * 0x9e3779b97f4a7c15ULL >> (64 - kBits * (level + 1)) & (kParts - 1);
  }

  Status Add(uint64_t hash, std::string_view key, std::string_view value) {
    std::unique_ptr<SpillWriter>& writer = writers_[PartOf(hash, level_)];
    if (!writer) {
      ASSIGN_OR_RETURN(writer, space_->NewFile());
    }
    return writer->Add(key, value);
  }
  // The files by part.
  Result<std::vector<SpilledPart>> Finish() {
    std::vector<SpilledPart> parts(kParts);
    for (size_t i = 0; i < kParts; ++i) {
      parts[i].level = level_ + 1;
      if (!writers_[i]) continue;
      ASSIGN_OR_RETURN(parts[i].file, space_->Finish(std::move(writers_[i])));
    }
    return parts;
  }

 private:
  SpillSpace* space_;
  int level_;
  std::vector<std::unique_ptr<SpillWriter>> writers_;
};

}  // namespace penstock
