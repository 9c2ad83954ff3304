// Routing inside a chain.
#include "runtime/operator_chain.h"

#include <algorithm>

#include "stream/checkpoint.h"

namespace penstock {

int OperatorChain::AddNode(NodeSpec spec) {
  auto node = std::make_unique<Node>();
  int index = static_cast<int>(nodes_.size());
  int parent = spec.parent;
  node->spec = std::move(spec);
  node->spec.context.state = node->spec.state.get();
  node->output = std::make_unique<NodeOutput>(this, index);
  nodes_.push_back(std::move(node));
  if (parent >= 0) nodes_[static_cast<size_t>(parent)]->children.push_back(index);
  return index;
}

void OperatorChain::AddExchange(int node, int lane, std::unique_ptr<Exchange> exchange) {
  nodes_[static_cast<size_t>(node)]->exchanges.emplace_back(lane, std::move(exchange));
}

Status OperatorChain::Open() {
  for (auto& node : nodes_) {
    if (!node->spec.op) continue;
    Status status = node->spec.op->Open(&node->spec.context);
    if (!status.ok()) return std::move(status).WithContext(node->spec.vertex->name);
  }
  return Status::Ok();
}

void OperatorChain::Note(Node& node, Result<Progress> progress) {
  if (!progress) {
    if (status_.ok()) status_ = Status(progress.error()).WithContext(node.spec.vertex->name);
    return;
  }
  node.blocked = *progress == Progress::kBlocked;
  // A blocked operator may hold pointers into its state.
  if (node.spec.state && !node.blocked) Settle(node);
}

void OperatorChain::Settle(Node& node) {
  Status settled = node.spec.state->Settle();
  if (!settled.ok() && status_.ok()) status_ = std::move(settled).WithContext(node.spec.vertex->name);
  constexpr int kBatchesPerCount = 64;
  if (node.batches++ % kBatchesPerCount == 0) CountState(node);
}

// What there is at the end is the most where nothing leaves, and may be gone behind it.
void OperatorChain::CountAtTheEnd(Node& node, const Batch& batch) {
  bool ends = !batch.marks.empty() && batch.marks.back().kind == MarkKind::kWatermark &&
              batch.marks.back().watermark == kMaxWatermark;
  if (ends && node.spec.state) CountState(node);
}

void OperatorChain::CountState(Node& node) {
  OperatorMetrics* metrics = node.spec.context.metrics;
  if (metrics == nullptr) return;
  metrics->state_bytes = static_cast<int64_t>(node.spec.state->MemoryBytes());
  metrics->most_state_bytes = std::max<int64_t>(metrics->most_state_bytes, metrics->state_bytes);
}

void OperatorChain::Deliver(int index, int input, Batch batch) {
  Node& node = *nodes_[static_cast<size_t>(index)];
  if (!status_.ok()) return;
  if (!node.spec.op) return Route(index, kMainLane, std::move(batch));
  if (node.blocked || !node.inbox.empty()) {
    node.inbox.emplace_back(input, std::move(batch));
    return;
  }
  if (node.spec.context.metrics != nullptr) node.spec.context.metrics->rows_in += batch.rows;
  CountAtTheEnd(node, batch);
  Note(node, node.spec.op->Process(input, batch, *node.output));
}

void OperatorChain::Route(int index, int lane, Batch batch) {
  if (batch.empty()) return;
  Node& node = *nodes_[static_cast<size_t>(index)];
  OperatorMetrics* metrics = node.spec.context.metrics;
  if (metrics != nullptr && lane == kMainLane) {
    metrics->rows_out += batch.rows;
    for (const Mark& mark : batch.marks) {
      if (mark.kind == MarkKind::kWatermark) metrics->watermark = mark.watermark;
    }
  }
  size_t targets = node.exchanges.size() + node.children.size();
  for (auto& [exchange_lane, exchange] : node.exchanges) {
    --targets;
    if (exchange_lane != lane) continue;
    if (targets == 0) return exchange->Send(std::move(batch));
    exchange->Send(batch);
  }
  for (int child : node.children) {
    --targets;
    const NodeSpec& spec = nodes_[static_cast<size_t>(child)]->spec;
    if (spec.lane != lane) continue;
    if (targets == 0) return Deliver(child, spec.input, std::move(batch));
    Deliver(child, spec.input, batch);
  }
}

bool OperatorChain::DownstreamFull(int index) const {
  const Node& node = *nodes_[static_cast<size_t>(index)];
  for (const auto& [lane, exchange] : node.exchanges) {
    if (exchange->full()) return true;
  }
  return std::any_of(node.children.begin(), node.children.end(), [&](int child) {
    const Node& next = *nodes_[static_cast<size_t>(child)];
    return next.blocked || !next.inbox.empty() || DownstreamFull(child);
  });
}

bool OperatorChain::full() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](const auto& node) {
    return node->blocked || !node->inbox.empty() ||
           std::any_of(node->exchanges.begin(), node->exchanges.end(),
                       [](const auto& e) { return e.second->full(); });
  });
}

Status OperatorChain::Process(int input, Batch batch) {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->spec.parent >= 0) break;
    Deliver(static_cast<int>(i), input, i + 1 == nodes_.size() ? std::move(batch) : batch);
  }
  return status_;
}

Status OperatorChain::ProcessLane(int lane, Batch batch) {
  if (!nodes_.empty()) Route(0, lane, std::move(batch));
  return status_;
}

void OperatorChain::DrainNodes() {
  // Those further down first: they make room for the rest.
  for (size_t i = nodes_.size(); i-- > 0;) {
    Node& node = *nodes_[i];
    while (status_.ok() && (node.blocked || !node.inbox.empty())) {
      if (node.blocked) {
        Note(node, node.spec.op->Resume(*node.output));
      } else {
        auto [input, batch] = std::move(node.inbox.front());
        node.inbox.pop_front();
        if (node.spec.context.metrics != nullptr) node.spec.context.metrics->rows_in += batch.rows;
        Note(node, node.spec.op->Process(input, batch, *node.output));
      }
      if (node.blocked) break;
    }
  }
}

Result<bool> OperatorChain::Drain() {
  DrainNodes();
  // An operator ends when everything before it in the chain has been emitted.
  while (status_.ok() && !full() && next_to_end_ < nodes_.size()) {
    size_t index = next_to_end_++;
    RETURN_IF_ERROR(EndNode(static_cast<int>(index), nodes_[index]->spec.input, drained_));
    DrainNodes();
  }
  if (!status_.ok()) return status_;
  return !full();
}

int64_t OperatorChain::NextProcessingTime() const {
  int64_t next = INT64_MAX;
  for (const auto& node : nodes_) {
    if (node->spec.op) next = std::min(next, node->spec.op->NextProcessingTime());
  }
  return next;
}

Status OperatorChain::OnProcessingTime(int64_t now) {
  for (auto& node : nodes_) {
    if (!node->spec.op || node->spec.op->NextProcessingTime() > now || node->blocked || !status_.ok())
      continue;
    Note(*node, node->spec.op->OnProcessingTime(now, *node->output));
  }
  return status_;
}

Status OperatorChain::EndNode(int index, int input, bool drained) {
  Node& node = *nodes_[static_cast<size_t>(index)];
  if (node.spec.state) CountState(node);
  if (node.spec.op && status_.ok()) Note(node, node.spec.op->OnEndOfInput(input, drained, *node.output));
  return status_;
}

Status OperatorChain::OnEndOfInput(int input, bool drained, bool last) {
  size_t heads = 0;
  for (; heads < nodes_.size() && nodes_[heads]->spec.parent < 0; ++heads) {
    RETURN_IF_ERROR(EndNode(static_cast<int>(heads), input, drained));
  }
  if (last) {
    next_to_end_ = heads;
    drained_ = drained;
  }
  return status_;
}

Result<bool> OperatorChain::Flush() {
  for (auto& node : nodes_) {
    if (node->flushed || !node->spec.op) continue;
    if (node->blocked || !node->inbox.empty()) return false;
    Note(*node, node->spec.op->Flush(*node->output));
    if (!status_.ok()) return status_;
    if (node->blocked) {
      // Flush asks to be called again; there is nothing to resume.
      node->blocked = false;
      return false;
    }
    node->flushed = true;
  }
  for (auto& node : nodes_) node->flushed = false;
  return true;
}

Status OperatorChain::SnapshotKeyed(BoundedBackend* state, uint64_t epoch, uint64_t decided,
                                    SubtaskSnapshot* out) {
  bool whole = epoch >= kSavepointEpoch;
  ASSIGN_OR_RETURN(KeyedPart keyed, whole ? state->SnapshotPart() : state->CheckpointPart(epoch, decided));
  out->keyed = std::move(keyed.bytes);
  out->keyed_source = std::move(keyed.source);
  out->since = keyed.since;
  return Status::Ok();
}

Status OperatorChain::Snapshot(uint64_t epoch, uint64_t decided, std::vector<SubtaskSnapshot>* out) {
  for (auto& node : nodes_) {
    if (!node->spec.op) continue;
    SubtaskSnapshot snapshot;
    snapshot.uid = node->spec.vertex->uid;
    snapshot.subtask = node->spec.context.subtask;
    if (node->spec.state) CountState(*node);
    if (node->spec.state && keeps_state_)
      RETURN_IF_ERROR(SnapshotKeyed(node->spec.state.get(), epoch, decided, &snapshot));
    RETURN_IF_ERROR(node->spec.op->SnapshotState(&snapshot.lists));
    if (node->spec.sink != nullptr) {
      ASSIGN_OR_RETURN(snapshot.committables, node->spec.sink->PrepareEpoch(epoch));
      // A sink may have to wait behind the barrier: nothing is read for it meanwhile.
      node->blocked = node->spec.sink->full();
    }
    out->push_back(std::move(snapshot));
  }
  return Status::Ok();
}

Status OperatorChain::CommitSinks(uint64_t epoch) {
  for (auto& node : nodes_) {
    if (node->spec.sink == nullptr) continue;
    Status status = node->spec.sink->CommitUpTo(epoch);
    if (!status.ok()) return std::move(status).WithContext("committing " + node->spec.vertex->name);
  }
  return Status::Ok();
}

OperatorMetrics* OperatorChain::head_metrics() const {
  return nodes_.empty() ? nullptr : nodes_.front()->spec.context.metrics;
}

bool OperatorChain::has_sinks() const {
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [](const auto& node) { return node->spec.sink != nullptr; });
}

void OperatorChain::Broadcast(const Element& element) {
  for (auto& node : nodes_) {
    for (auto& [lane, exchange] : node->exchanges) exchange->Broadcast(element);
  }
}

Status OperatorChain::Close(bool success) {
  Status first;
  for (auto& node : nodes_) {
    if (!node->spec.op) continue;
    Status status = node->spec.op->Close(success);
    if (first.ok() && !status.ok()) first = std::move(status).WithContext(node->spec.vertex->name);
  }
  return first;
}

}  // namespace penstock
