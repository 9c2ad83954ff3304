// VerifyWorld: one run of a script for `penstock verify`: a simulated machine whose sinks can be looked at.
// One thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "connectors/kafka/testing/simulated_kafka.h"
#include "engine/verify/simulation.h"
#include "engine/verify/verify.h"
#include "stream/table_spec.h"

namespace penstock {

// How fast simulated time passes, so that a run has some checkpoints.
struct VerifyPace {
  int max_rows = 64;
  int64_t max_step_micros = 4000;
};

// A death, and how the machine is then.
struct VerifyDeath {
  std::string point;  // "": none
  int64_t hit = 0;
  bool lose_power = false;
};

class VerifyWorld {
 public:
  // Of a table: its rows as text, as often as they are there. A table without can not be looked at.
  struct Table {
    std::string connector;
    bool seen = true;
    std::multiset<std::string> rows;
  };

  VerifyWorld(FileSystem* files, const VerifyOptions& options, VerifyPace pace, uint64_t schedule);

  // Runs the script over these deaths to its end.
  Status Run(const std::vector<VerifyDeath>& deaths);
  std::map<std::string, Table> Tables();
  // Hits of points in the first life, and in the last.
  const std::map<std::string, int64_t>& first_hits() const { return first_hits_; }
  const std::map<std::string, int64_t>& last_hits() const { return simulation_->hits(); }
  int64_t steps() const { return steps_; }
  int deaths() const { return deaths_; }

 private:
  class Printed;
  void Configure(Session* session);
  Status PrepareTopics();
  bool RunIsOnRecord();

  FileSystem* files_;
  const VerifyOptions& options_;
  std::vector<std::string> checkpoint_folders_;
  std::unique_ptr<FileSystem> below_;
  std::unique_ptr<Simulation> simulation_;
  std::unique_ptr<SimulatedBroker> broker_;
  std::vector<std::unique_ptr<SimulatedKafka>> clients_;
  std::map<std::string, TableSpec> sinks_;  // by table
  std::map<std::string, std::string> connectors_;
  std::map<std::string, std::multiset<std::string>> printed_;
  std::map<std::string, int64_t> first_hits_;
  int64_t steps_ = 0;
  int deaths_ = 0;
};

}  // namespace penstock
