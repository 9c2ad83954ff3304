// DecisionLog: where it is decided that a sealed checkpoint counts, in jobs with sinks whose own system has
// the last word (a Kafka transaction that carries the rows and the decision together). Without one the sealed
// manifest is the decision. Protocol: docs/design/checkpoints.md.
//
// A job has at most one. Its exactly-once sinks get it with their context, write through it, and so rows and
// decision cannot part.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "env/clock.h"
#include "stream/job_graph.h"

namespace penstock {

// Names one sealed checkpoint, whatever else has its number.
struct Decision {
  uint64_t incarnation = 0;
  uint64_t epoch = 0;
  uint64_t manifest_hash = 0;
  bool operator==(const Decision&) const = default;
};

class DecisionLog {
 public:
  virtual ~DecisionLog() = default;
  // Before each attempt of the job. Shuts out whoever decided before, in this process or another, takes back
  // what was written and never decided, and returns the last decision; nullopt: there never was one. Blocks.
  // REQUIRES: nothing of an earlier attempt writes any more.
  virtual Result<std::optional<Decision>> Recover() = 0;
  // All that the sinks wrote up to the barrier of `decision.epoch` counts, and nothing behind it. Blocks.
  // After an error the outcome is unknown: the job must be restored from what Recover says. REQUIRES: the
  // checkpoint is sealed; every sink has passed the barrier or has ended.
  virtual Status Decide(const Decision& decision) = 0;
  // The epoch will never be decided: what was written in it belongs to the next one. Fails where rows behind
  // its barrier were written already: the job must be restored.
  virtual Status Abandon(uint64_t epoch) = 0;
};

// What the sinks of a job ask of its checkpoints; known without talking to anyone.
struct DecisionNeeds {
  std::string table;  // one of them, for messages
  int64_t timeout_ms =
      0;  // what is not decided for so long is lost; 0: their system says when the job starts
};

struct DecisionContext {
  std::string job;               // who the job is, over restarts and among all jobs of the sinks' system
  int64_t longest_epoch_ms = 0;  // between two decisions, as far as the job's options say; 0: unknown
  const Clock* clock = nullptr;
};

// Made by a connector; see FactoryRegistry.
class DecisionLogFactory {
 public:
  virtual ~DecisionLogFactory() = default;
  // What the sinks of `graph` need; nullopt where none of them needs a log of this kind. A numbered error
  // where they cannot be decided together.
  virtual Result<std::optional<DecisionNeeds>> Plan(const JobGraph& graph) const = 0;
  // REQUIRES: Plan gave needs.
  virtual Result<std::unique_ptr<DecisionLog>> Make(const JobGraph& graph,
                                                    const DecisionContext& context) const = 0;
};

}  // namespace penstock
