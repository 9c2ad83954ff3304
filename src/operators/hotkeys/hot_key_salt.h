// HotKeySalt: stands in front of the exchange of a salted aggregation (docs/design/hot-keys.md), appends the
// column
// `$route` by which that exchange distributes, and hands rows on as they are. Rows of most keys are routed by
// their key; those of hot keys, which a sketch finds, by their key and a hash of their content without their
// kind, so that the rows of one key go to several subtasks, and a retraction to where its insertion went. The
// number of subtasks of a key only rises; it is kept in checkpoints. Runs in the task before the exchange.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "data/key_codec.h"
#include "operators/hotkeys/heavy_hitters.h"
#include "stream/operator.h"

namespace penstock {

struct HotKeySaltSpec {
  std::vector<int> groups;
  std::vector<DataType> group_types;
  std::vector<int> content;  // columns whose values spread the rows of a hot key; none: row by row
  std::vector<DataType> content_types;
  int max_parallelism = 128;
  std::string Serialize() const;
  static Result<HotKeySaltSpec> Parse(std::string_view bytes);
};

// The keys that are salted, for the summary of a run.
class HotKeyFindings : public OperatorFindings {
 public:
  struct HotKey {
    std::string text;
    double share = 0;  // of the rows of this subtask, lately
    int subtasks = 1;
  };
  void Set(std::vector<HotKey> keys) {
    std::lock_guard lock(mutex_);
    keys_ = std::move(keys);
  }
  std::vector<HotKey> keys() const {
    std::lock_guard lock(mutex_);
    return keys_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<HotKey> keys_;
};

class HotKeySalt : public Operator {
 public:
  explicit HotKeySalt(HotKeySaltSpec spec);
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;
  // Per hot key: its bytes and the number of subtasks it is spread over.
  Status SnapshotState(std::vector<std::string>* lists) override;
  Status RestoreState(const std::vector<std::string>& lists) override;

 private:
  struct Hot {
    std::string key;
    uint64_t subtasks = 1;
  };
  // Looks at some of the rows, and from time to time at what was found.
  void Watch(const KeyBlock& keys, const std::vector<uint64_t>& hashes);
  void Judge();
  void Heat(const std::string& key, uint64_t hash, uint64_t subtasks);
  std::string KeyText(const std::string& key) const;
  uint64_t ContentHash(const Batch& batch, int64_t row);

  HotKeySaltSpec spec_;
  KeyCodec codec_;
  std::vector<KeyCodec> content_codecs_;
  // Per subtask behind the exchange: a value of $route that goes there.
  std::vector<int64_t> routes_;
  HeavyHitters hitters_;
  int64_t judged_at_ = 0;                  // of hitters_.total()
  std::unordered_map<uint64_t, Hot> hot_;  // by the hash of the key
  std::shared_ptr<HotKeyFindings> findings_;
  uint64_t row_number_ = 0;
  int64_t next_watched_ = 0;  // row, from the first of the next batch
  uint64_t steps_ = 1;        // random numbers
  std::string scratch_;
};

}  // namespace penstock
