// Shares of the budget, and names of files.
#include "operators/batch/spill/spill_space.h"

#include <algorithm>

namespace penstock {

namespace {
constexpr size_t kSmallestBlock = 4 << 10;
constexpr size_t kLargestBlock = 128 << 10;
constexpr size_t kMostReaders = 64;

std::atomic<int64_t> open_spaces{0};
std::atomic<int64_t> spaces_made{0};
}  // namespace

SpillSpace::SpillSpace(OperatorContext* context) : context_(context), number_(spaces_made++) {
  ++open_spaces;
}

SpillSpace::~SpillSpace() { --open_spaces; }

int64_t SpillSpace::share() const {
  if (!context_->memory->limited()) return MemoryBudget::kUnlimited;
  return std::max(kLeastBytes, context_->memory->limit() / std::max<int64_t>(open_spaces.load(), 1));
}

size_t SpillSpace::block_bytes() const {
  return std::clamp(static_cast<size_t>(share() / 64), kSmallestBlock, kLargestBlock);
}

size_t SpillSpace::most_readers(int cursors) const {
  size_t blocks = static_cast<size_t>(share()) / block_bytes() / static_cast<size_t>(cursors);
  return std::clamp<size_t>(blocks / 2, 4, kMostReaders);
}

Result<std::unique_ptr<SpillWriter>> SpillSpace::NewFile() {
  if (context_->work_directory.empty()) return Status::Internal("there is no work directory to spill to");
  if (files_ == 0) RETURN_IF_ERROR(context_->files->CreateDirectories(context_->work_directory));
  std::string path =
      context_->work_directory + "/spill-" + std::to_string(number_) + "-" + std::to_string(files_++);
  return SpillWriter::Create(context_->files, std::move(path), block_bytes());
}

Result<SpillFilePtr> SpillSpace::Finish(std::unique_ptr<SpillWriter> writer) {
  ASSIGN_OR_RETURN(SpillFilePtr file, writer->Finish());
  if (context_->metrics != nullptr) context_->metrics->spilled_bytes += static_cast<int64_t>(writer->bytes());
  return file;
}

bool HeldMemory::TryHold(size_t bytes) {
  auto wanted = static_cast<int64_t>(bytes);
  if (wanted <= bytes_) return true;
  MemoryBudget& budget = *space_->context_->memory;
  if (wanted <= SpillSpace::kLeastBytes) {
    budget.Take(wanted - bytes_);
  } else if (wanted > space_->share() || !budget.TryTake(wanted - bytes_)) {
    return false;
  }
  bytes_ = wanted;
  return true;
}

void HeldMemory::Shrink(size_t bytes) {
  auto kept = static_cast<int64_t>(bytes);
  if (kept >= bytes_) return;
  space_->context_->memory->Give(bytes_ - kept);
  bytes_ = kept;
}

}  // namespace penstock
