// OperatorHarness: runs one operator over a script of rows, marks and ends, undisturbed and then disturbed in
// every way the runtime may treat it, and compares what it emits. It is for the authors of operators, inside
// of Penstock and outside. Disturbances: batches of any size; an output that takes one batch and then
// refuses; a snapshot and a restore into a new instance after every call; checkpoints as bases and deltas,
// some of them abandoned, and restores from their chains; all together, at random places by a seed.
//
// What may not differ: the rows of each lane in their order, and the watermarks between them (of several
// without a row between them only the last counts; idle marks are not compared). An operator that returns
// kBlocked must make progress each time it is resumed with room.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "stream/operator.h"

namespace penstock {

// One thing that happens to an operator.
struct HarnessEvent {
  int input = 0;
  Batch batch;  // one row, or marks alone; empty of an end or a pause
  bool end_of_input = false;
  int64_t pause_ms = 0;  // processing time goes on
};

// A history. Marks are the operator's own watermark, merged over its inputs, as the runtime gives it.
class OperatorScript {
 public:
  void AddBatch(int input, const Batch& batch);  // cut into rows and marks
  void AddEnd(int input);
  const std::vector<HarnessEvent>& events() const { return events_; }
  // The same rows of each input in the same order, interleaved anew by a seed, with watermarks repeated and
  // sent in smaller steps, and pauses where `pauses` says so.
  OperatorScript Vary(uint64_t seed, bool pauses) const;
  // Another order that a run may have: each input in its order, and each watermark behind all that it came
  // behind, so that no row becomes late.
  OperatorScript Interleave(uint64_t seed) const;

 private:
  std::vector<HarnessEvent> events_;
};

struct Disturbance {
  uint64_t seed = 0;
  int batch_rows = 1;    // most rows of a batch; how many is random
  bool refuse = false;   // the output is full after each batch, and at random before the first
  bool restore = false;  // after every call
  bool deltas = false;   // a checkpoint after every call, and now and then a restore from base and deltas
  std::string ToString() const;
};

// What an undisturbed run leaves.
struct Settlement {
  std::map<std::string, int64_t> table;  // the changes of the main lane, folded: rows and how often
  std::vector<std::string> states;       // names of keyed states that are not empty
};

class OperatorHarness {
 public:
  using Make = std::function<Result<std::unique_ptr<Operator>>()>;
  // `context`: clock, eval, state and metrics are the harness's own, the rest is used as it is.
  OperatorHarness(Make make, OperatorContext context)
      : make_(std::move(make)), context_(std::move(context)) {}

  // What leaves, one line for each row or watermark, lanes one after the other. The operator's error, or
  // Internal where it broke its contract.
  Result<std::vector<std::string>> Run(const OperatorScript& script, const Disturbance& disturbance) const;
  Result<Settlement> Settle(const OperatorScript& script) const;
  // The undisturbed run against the disturbed ones; Internal with the first difference.
  Status Check(const OperatorScript& script, uint64_t seed) const;

 private:
  Make make_;
  OperatorContext context_;
};

}  // namespace penstock
