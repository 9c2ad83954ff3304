// OperatorChain: the operators of one task that call each other directly with batches, no queue between them.
// A tree: an operator may feed several others and several exchanges. Where an operator further down is
// blocked, batches for it wait in its inbox and the chain reports full until it has gone on. Used by the
// task's thread only.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "runtime/exchange.h"
#include "runtime/sink_operator.h"
#include "state/bounded_backend.h"
#include "stream/snapshot.h"
#include "stream/operator.h"

namespace penstock {

class OperatorChain {
 public:
  OperatorChain() = default;
  OperatorChain(const OperatorChain&) = delete;
  OperatorChain& operator=(const OperatorChain&) = delete;

  // One step of the chain. Nodes are added parents first; `parent` is -1 for those fed by the task's head.
  struct NodeSpec {
    const JobVertex* vertex = nullptr;
    std::unique_ptr<Operator> op;  // null for the virtual root of a source
    SinkOperator* sink = nullptr;  // `op` where it is one
    std::unique_ptr<BoundedBackend> state;
    OperatorContext context;
    int parent = -1;
    int lane = 0;   // of the parent
    int input = 0;  // of this operator
  };
  int AddNode(NodeSpec spec);
  void AddExchange(int node, int lane, std::unique_ptr<Exchange> exchange);

  Status Open();
  // Feeds the head. The status of the whole chain is returned; later calls after an error are not allowed.
  Status Process(int input, Batch batch);
  // Rows that leave the head itself through another lane (bad rows of a source).
  Status ProcessLane(int lane, Batch batch);
  Status OnEndOfInput(int input, bool drained, bool last);
  // Goes on with blocked operators, waiting batches and, after the end of the last input, with ending the
  // operators one after the other; true when nothing is left.
  Result<bool> Drain();
  // True while Drain could not finish or an exchange has no room.
  bool full() const;
  int64_t NextProcessingTime() const;
  Status OnProcessingTime(int64_t now);
  // Empties mini-batches and sinks before a snapshot; true when done, else call again after a wake-up.
  Result<bool> Flush();
  // Keyed state is what changed since checkpoint `decided`, where its backend can tell; of a savepoint and at
  // the end (kSavepointEpoch, kLastEpoch) it is whole.
  Status Snapshot(uint64_t epoch, uint64_t decided, std::vector<SubtaskSnapshot>* out);
  // False: nobody will restore this job, so that no snapshot needs its keyed state.
  void set_keeps_state(bool value) { keeps_state_ = value; }
  // Sinks commit what they prepared up to `epoch`.
  Status CommitSinks(uint64_t epoch);
  bool has_sinks() const;
  // Of the node that the task's head feeds; null where it has none.
  OperatorMetrics* head_metrics() const;
  // Barriers and the end leave through every exchange.
  void Broadcast(const Element& element);
  Status Close(bool success);

 private:
  struct Node;
  class NodeOutput : public Output {
   public:
    NodeOutput(OperatorChain* chain, int node) : chain_(chain), node_(node) {}
    void Emit(int lane, Batch batch) override { chain_->Route(node_, lane, std::move(batch)); }
    bool full() const override { return chain_->DownstreamFull(node_); }

   private:
    OperatorChain* chain_;
    int node_;
  };
  struct Node {
    NodeSpec spec;
    std::unique_ptr<NodeOutput> output;
    std::vector<int> children;
    std::vector<std::pair<int, std::unique_ptr<Exchange>>> exchanges;  // by lane
    bool blocked = false;
    bool flushed = false;
    int batches = 0;  // calls since its state was counted last
    std::deque<std::pair<int, Batch>> inbox;
  };

  void Route(int node, int lane, Batch batch);
  void Deliver(int node, int input, Batch batch);
  bool DownstreamFull(int node) const;
  void Note(Node& node, Result<Progress> progress);
  void Settle(Node& node);
  static void CountAtTheEnd(Node& node, const Batch& batch);
  static void CountState(Node& node);
  static Status SnapshotKeyed(BoundedBackend* state, uint64_t epoch, uint64_t decided, SubtaskSnapshot* out);
  Status EndNode(int node, int input, bool drained);
  void DrainNodes();

  std::vector<std::unique_ptr<Node>> nodes_;
  Status status_;
  size_t next_to_end_ = SIZE_MAX;  // once the last input ended: the next operator to be told
  bool drained_ = true;
  bool keeps_state_ = true;
};

}  // namespace penstock
