// CheckpointStore: which chains are folded, and what has become of those that were. Step 11 of a record's
// way.
#include <fmt/format.h>

#include <algorithm>

#include "checkpoint/checkpoint_store.h"
#include "env/failpoint.h"

namespace penstock {

namespace {

SeededBug links_early("bug:fold.links-early", "the links of a chain go as soon as they are folded");

bool BeginsWith(const std::vector<FileRange>& chain, const std::vector<FileRange>& links) {
  return chain.size() >= links.size() && std::equal(links.begin(), links.end(), chain.begin());
}

uint64_t DeltaBytes(const std::vector<FileRange>& chain) {
  uint64_t bytes = 0;
  for (size_t i = 1; i < chain.size(); ++i) bytes += chain[i].size;
  return bytes;
}

}  // namespace

Result<std::vector<FileRange>> CheckpointStore::ChainOf(uint64_t epoch, const SubtaskSnapshot& part) const {
  auto sealed = sealed_.find(epoch);
  if (sealed != sealed_.end()) {
    for (const ManifestPart& before : sealed->second) {
      if (before.uid != part.uid || before.subtask != part.subtask) continue;
      std::vector<FileRange> chain = before.keyed;
      for (const FoldedChain& folded : adopted_) {
        if (!BeginsWith(chain, folded.links)) continue;
        chain.erase(chain.begin() + 1, chain.begin() + std::ssize(folded.links));
        chain.front() = folded.base;
      }
      return chain;
    }
  }
  return Status::Internal(
      fmt::format("the state of '{}' changes checkpoint {}, which is not there", part.uid, epoch));
}

bool CheckpointStore::IsTooLong(const std::vector<FileRange>& chain) const {
  if (chain.size() < 2) return false;
  return chain.size() >= limits_.links ||
         DeltaBytes(chain) > std::max(limits_.delta_bytes, chain.front().size / 2);
}

// A base alone cannot be folded, whatever comes behind it.
bool CheckpointStore::MayGrow(const std::vector<FileRange>& chain, uint64_t more_bytes) const {
  if (chain.size() < 2) return true;
  uint64_t most = limits_.hard_bytes * std::max(limits_.delta_bytes, chain.front().size / 2);
  return chain.size() < limits_.hard_links && DeltaBytes(chain) + more_bytes <= most;
}

std::shared_ptr<ChainFold> CheckpointStore::NewFold(uint64_t decided) {
  auto sealed = sealed_.find(decided);
  if (sealed == sealed_.end()) return nullptr;
  std::vector<FoldedChain> chains;
  for (const ManifestPart& part : sealed->second) {
    // What the next checkpoint will not refer to any more was folded before.
    auto folded = [&](const FoldedChain& one) { return BeginsWith(part.keyed, one.links); };
    if (!IsTooLong(part.keyed) || std::any_of(adopted_.begin(), adopted_.end(), folded)) continue;
    chains.push_back({part.uid, part.subtask, part.keyed, {}});
  }
  return MakeFold(decided, std::move(chains));
}

std::shared_ptr<ChainFold> CheckpointStore::NewFoldBefore(const std::vector<const SubtaskSnapshot*>& parts) {
  std::vector<FoldedChain> chains;
  for (const SubtaskSnapshot* part : parts) {
    if (!part->has_keyed() || part->since == 0) continue;
    Result<std::vector<FileRange>> chain = ChainOf(part->since, *part);  // Seal says what is wrong
    uint64_t bytes = part->keyed_source ? part->keyed_source->bytes() : part->keyed.size();
    if (chain && !MayGrow(*chain, bytes)) chains.push_back({part->uid, part->subtask, *std::move(chain), {}});
  }
  return sealed_.empty() ? nullptr : MakeFold(sealed_.rbegin()->first, std::move(chains));
}

std::shared_ptr<ChainFold> CheckpointStore::MakeFold(uint64_t epoch, std::vector<FoldedChain> chains) {
  if (chains.empty()) return nullptr;
  auto fold =
      std::make_shared<ChainFold>(chains_, fmt::format("{}{:020}-f{}-", kBasePrefix, epoch, ++folds_made_),
                                  fmt::format("-c{}", claim_), std::move(chains));
  folds_.push_back(fold);
  return fold;
}

void CheckpointStore::Adopt(ChainFold* fold) {
  for (FoldedChain& folded : fold->TakeDone()) {
    for (const FileRange& link : folded.links) {
      if (links_early.On()) (void)files_->Remove(PathOf(link.file));
    }
    adopted_.push_back(std::move(folded));
  }
}

// No delta can build on a chain that is not there any more.
void CheckpointStore::ForgetOldFolds() {
  std::erase_if(adopted_, [this](const FoldedChain& folded) {
    return std::none_of(sealed_.begin(), sealed_.end(), [&](const auto& sealed) {
      return std::any_of(sealed.second.begin(), sealed.second.end(),
                         [&](const ManifestPart& part) { return BeginsWith(part.keyed, folded.links); });
    });
  });
}

size_t CheckpointStore::longest_chain() const {
  size_t longest = 0;
  if (sealed_.empty()) return longest;
  for (const ManifestPart& part : sealed_.rbegin()->second) longest = std::max(longest, part.keyed.size());
  return longest;
}

}  // namespace penstock
