// NexmarkBatchStore: batches that were made beforehand, for tables with 'preload' = 'true'. One for the
// process, so that a restart of the reader, or the same query run again, finds them made. It keeps what the
// last request for a table needed and drops what an earlier, different one did. May be used from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connectors/nexmark/batch_maker.h"

namespace penstock {

class NexmarkBatchStore {
 public:
  static constexpr int64_t kBatchRows = 1024;  // of all but the last of a split
  using Batches = std::vector<Batch>;

  static NexmarkBatchStore& Get();

  // The batches of one split; makes them where they are missing. `spec`: everything that decides their
  // content but the split, as text. REQUIRES: the split has an end.
  std::shared_ptr<const Batches> Load(const std::string& table, const std::string& spec,
                                      const NexmarkBatchMaker& maker, const NexmarkSplit& split,
                                      const std::string& split_id);

 private:
  struct Kept {
    std::string spec;
    std::map<std::string, std::shared_ptr<const Batches>> splits;
  };
  std::mutex mutex_;
  std::map<std::string, Kept> tables_;
};

}  // namespace penstock
