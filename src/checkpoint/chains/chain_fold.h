// ChainFold: makes new bases of chains of keyed state, beside the checkpoints of a job: reads links that a
// decided checkpoint refers to, writes files of its own that no manifest refers to yet. In bits, so that a
// simulation can do other things in between and a real run can give it up at any time. What it has written
// counts for nothing until CheckpointStore is told (Adopt).
//
// One thread steps; all other methods are for any thread.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/chains/chain_files.h"
#include "data/byte_hash.h"
#include "state/pieces/keyed_pieces.h"

namespace penstock {

struct FoldedChain {
  std::string uid;  // of the vertex
  int subtask = 0;
  std::vector<FileRange> links;  // what is folded: a chain, or the part of one that it begins with
  FileRange base;                // the same, once it is written
};

class ChainFold {
 public:
  // Its files are `name`, a number, and `ending`. The smaller chains come first.
  ChainFold(ChainFiles files, std::string name, std::string ending, std::vector<FoldedChain> chains);
  ~ChainFold();

  // Does a bit; false: it has ended. REQUIRES: one thread; a call from inside of a call does nothing.
  bool Step();
  // It ends with the bit that is under way; what it had not finished is removed.
  void Cancel();
  // Returns when it has ended.
  void AwaitEnd() const;
  bool ended() const;
  // Of one that has ended: why it was not finished; kCancelled after Cancel.
  Status outcome() const;
  // The chains whose base is durable, each once, also before the end.
  std::vector<FoldedChain> TakeDone();
  // Names of all that it reads and may write: must stay.
  const std::set<std::string>& file_names() const { return file_names_; }

 private:
  class BaseFile;
  Result<bool> StepOnce();
  Status Begin(FoldedChain* chain);
  Status AddSmall(FoldedChain* chain, KeyedSource& merged);
  Status FinishSmall();
  std::string Name(size_t number) const { return name_ + std::to_string(number) + ending_; }
  void End(Status outcome);
  void Publish(FoldedChain chain);

  const ChainFiles files_;
  const std::string name_, ending_;
  std::vector<FoldedChain> chains_;
  std::set<std::string> file_names_;

  // Of the thread that steps.
  bool stepping_ = false;
  size_t next_ = 0;                  // of chains_
  std::unique_ptr<BaseFile> large_;  // under way, of chains_[next_]
  std::vector<FoldedChain> small_;   // waiting for the file that they share
  std::string shared_;               // what that will hold

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool cancelled_ = false;
  bool ended_ = false;
  Status outcome_;
  std::vector<FoldedChain> done_;
};

}  // namespace penstock
