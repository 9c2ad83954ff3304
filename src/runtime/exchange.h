// Exchange: one edge of the graph seen from its producer, step 6 of a record's way: distributes the rows of
// each batch over the channels to the consumer's subtasks. Marks go to all of them at the place where they
// stood.
#pragma once

#include <memory>
#include <vector>

#include "data/key_codec.h"
#include "runtime/channel.h"
#include "state/key_group.h"
#include "stream/job_graph.h"

namespace penstock {

class Exchange {
 public:
  // `dedicated`: the consumer's keys with a subtask of their own; null: none.
  Exchange(const JobEdge& edge, const Schema& schema, int subtask, int max_parallelism,
           std::vector<std::shared_ptr<Channel>> targets,
           std::shared_ptr<const DedicatedKeys> dedicated = nullptr);

  void Send(Batch batch);
  void Broadcast(const Element& element);
  bool full() const;

 private:
  void SendHashed(Batch batch);
  int TargetOf(uint64_t hash) const;

  Partitioning partitioning_;
  std::vector<int> keys_;
  KeyCodec codec_;
  size_t subtask_;
  int max_parallelism_;
  std::shared_ptr<const DedicatedKeys> dedicated_;
  size_t next_ = 0;
  KeyBlock key_block_;                      // of SendHashed, like rows_: kept for their memory
  std::vector<std::vector<int32_t>> rows_;  // by target
  std::vector<std::shared_ptr<Channel>> targets_;
};

}  // namespace penstock
