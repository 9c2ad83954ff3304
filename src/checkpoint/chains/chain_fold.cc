// Chains to bases. Beside step 11 of a record's way.
#include "checkpoint/chains/chain_fold.h"

#include <algorithm>
#include <utility>

#include "data/key_codec.h"
#include "env/failpoint.h"

namespace penstock {

namespace {

Failpoint written("fold.written", "a new base of a chain is written, not synced");
Failpoint durable("fold.durable", "a new base of a chain is durable, no manifest refers to it");
Failpoint given_up("fold.given-up", "a fold has failed or was cancelled, what it has begun is there");

SeededBug delta_lost("bug:store.delta-lost", "a new base lacks the newest delta");
SeededBug no_fsync("bug:fold.no-fsync", "new bases of chains are not synced");

// What a disk is made to take at a time: so the syncs of checkpoints do not wait for gigabytes of a fold, nor
// who cancels it.
constexpr uint64_t kSyncBytes = uint64_t{32} << 20;
// Larger bases get files of their own: those that share one stay until all of them were folded again.
constexpr size_t kSharedBaseBytes = size_t{64} << 10;

uint64_t BytesOf(const FoldedChain& chain) {
  uint64_t bytes = 0;
  for (const FileRange& link : chain.links) bytes += link.size;
  return bytes;
}

Status FoldCancelled() { return Status(StatusCode::kCancelled, "the fold of a chain was cancelled"); }

}  // namespace

// A file with a new base, or several.
class ChainFold::BaseFile {
 public:
  BaseFile(const ChainFiles& files, std::string name) : files_(files), name_(std::move(name)) {}
  ~BaseFile() {
    if (closed_) return;
    file_.reset();
    (void)files_.files().Remove(files_.PathOf(name_));  // else the next run does it
  }

  Status Open() {
    ASSIGN_OR_RETURN(file_, files_.files().OpenForWrite(files_.PathOf(name_)));
    return Status::Ok();
  }
  Status Append(std::string_view bytes) {
    hash_.Add(bytes);
    size_ += bytes.size();
    unsynced_ += bytes.size();
    RETURN_IF_ERROR(file_->Append(bytes));
    if (unsynced_ < kSyncBytes) return Status::Ok();
    unsynced_ = 0;
    return file_->Sync();
  }
  // A chain as a source, through Step.
  void Write(std::shared_ptr<KeyedSource> source) {
    pieces_ = std::make_unique<PiecesWriter>(std::move(source),
                                             [this](std::string_view piece) { return Append(piece); });
  }
  Result<bool> Step() { return pieces_->Step(); }
  Status Finish() {
    RETURN_IF_ERROR(written.Hit());
    if (!no_fsync.On()) RETURN_IF_ERROR(file_->Sync());
    RETURN_IF_ERROR(file_->Close());
    closed_ = true;
    return durable.Hit();
  }
  FileRange range() const { return {name_, 0, size_, hash_.value()}; }

 private:
  const ChainFiles& files_;
  const std::string name_;
  std::unique_ptr<WritableFile> file_;
  std::unique_ptr<PiecesWriter> pieces_;
  ByteHash hash_;
  uint64_t size_ = 0, unsynced_ = 0;
  bool closed_ = false;
};

ChainFold::ChainFold(ChainFiles files, std::string name, std::string ending, std::vector<FoldedChain> chains)
    : files_(std::move(files)),
      name_(std::move(name)),
      ending_(std::move(ending)),
      chains_(std::move(chains)) {
  std::stable_sort(chains_.begin(), chains_.end(),
                   [](const FoldedChain& a, const FoldedChain& b) { return BytesOf(a) < BytesOf(b); });
  for (size_t i = 0; i <= chains_.size(); ++i) file_names_.insert(Name(i));
  for (const FoldedChain& chain : chains_) {
    for (const FileRange& link : chain.links) file_names_.insert(link.file);
  }
}

ChainFold::~ChainFold() = default;

bool ChainFold::Step() {
  if (std::exchange(stepping_, true)) return true;
  bool more = false;
  if (!ended()) {
    bool cancelled = false;
    {
      std::lock_guard lock(mutex_);
      cancelled = cancelled_;
    }
    Result<bool> stepped = cancelled ? Result<bool>(FoldCancelled()) : StepOnce();
    more = stepped && *stepped;
    if (!more) End(stepped.status());
  }
  stepping_ = false;
  return more;
}

void ChainFold::End(Status outcome) {
  if (!outcome.ok()) (void)given_up.Hit();
  large_.reset();
  small_.clear();
  std::lock_guard lock(mutex_);
  ended_ = true;
  outcome_ = std::move(outcome);
  changed_.notify_all();
}

// The small ones first, all into one file.
Result<bool> ChainFold::StepOnce() {
  if (large_) {
    ASSIGN_OR_RETURN(bool more, large_->Step());
    if (more) return true;
    RETURN_IF_ERROR(large_->Finish());
    chains_[next_].base = large_->range();
    large_.reset();
    Publish(std::move(chains_[next_++]));
    return next_ < chains_.size();
  }
  bool is_small = next_ < chains_.size() && !files_.IsLarge(chains_[next_].links);
  if (!is_small && !small_.empty()) RETURN_IF_ERROR(FinishSmall());
  if (next_ == chains_.size()) return false;
  RETURN_IF_ERROR(Begin(&chains_[next_]));
  return true;
}

Status ChainFold::Begin(FoldedChain* chain) {
  std::vector<FileRange> links = chain->links;
  if (delta_lost.On()) links.pop_back();
  ASSIGN_OR_RETURN(ChainFiles::Source merged, files_.OpenChain(links));
  if (!files_.IsLarge(chain->links)) return AddSmall(chain, *merged);
  // Named behind the one that the small ones share.
  large_ = std::make_unique<BaseFile>(files_, Name(next_ + 1));
  large_->Write(std::move(merged));
  return large_->Open();
}

Status ChainFold::AddSmall(FoldedChain* chain, KeyedSource& merged) {
  ASSIGN_OR_RETURN(std::string bytes, KeyedBytes(merged));
  ++next_;
  if (bytes.size() >= kSharedBaseBytes) {
    BaseFile file(files_, Name(next_));
    RETURN_IF_ERROR(file.Open());
    RETURN_IF_ERROR(file.Append(bytes));
    RETURN_IF_ERROR(file.Finish());
    chain->base = file.range();
    Publish(std::move(*chain));
    return Status::Ok();
  }
  chain->base = {Name(0), shared_.size(), bytes.size(), HashKey(bytes)};
  shared_ += bytes;
  small_.push_back(std::move(*chain));
  return Status::Ok();
}

Status ChainFold::FinishSmall() {
  BaseFile file(files_, Name(0));
  RETURN_IF_ERROR(file.Open());
  RETURN_IF_ERROR(file.Append(shared_));
  RETURN_IF_ERROR(file.Finish());
  shared_.clear();
  for (FoldedChain& chain : std::exchange(small_, {})) Publish(std::move(chain));
  return Status::Ok();
}

void ChainFold::Publish(FoldedChain chain) {
  std::lock_guard lock(mutex_);
  done_.push_back(std::move(chain));
}

void ChainFold::Cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
}

void ChainFold::AwaitEnd() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ended_; });
}

bool ChainFold::ended() const {
  std::lock_guard lock(mutex_);
  return ended_;
}

Status ChainFold::outcome() const {
  std::lock_guard lock(mutex_);
  return outcome_;
}

std::vector<FoldedChain> ChainFold::TakeDone() {
  std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

}  // namespace penstock
