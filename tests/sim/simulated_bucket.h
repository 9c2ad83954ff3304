// SimulatedBucket: the object stores of simulated processes: one bucket, a model that outlives them, behind
// the retries that a real one has. Requests get no answer, whether they were carried out, will be later, or
// never; and a process may die in one: before it is sent, when it is done, or while it is under way and done
// when the next process is at work. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/verify/simulation.h"
#include "env/objects/memory_object_store.h"
#include "env/objects/retrying_object_store.h"

namespace penstock::sim {

enum class RequestDeath : uint8_t { kBefore, kUnderWay, kAfter };

// Of one life.
struct BucketPlan {
  double chance = 0;  // that a request gets no answer
  int attempts = 6;   // of a request
  int64_t die_request = 0;
  RequestDeath die_how = RequestDeath::kBefore;
};

BucketPlan DrawBucketPlan(Random* random);

class SimulatedBucket : public ObjectStores {
 public:
  explicit SimulatedBucket(uint64_t seed);
  ~SimulatedBucket() override;

  // A new process; the one before is gone.
  void BeginLife(Simulation* simulation, const BucketPlan& plan);
  Result<ObjectStore*> Open(const std::string& bucket) override;

  // What is under way is carried out.
  void Settle() { model_.LandLateWrites(); }
  // Without any fault, for who sets the scene and who checks.
  void Place(const std::string& key, std::string_view bytes);
  std::map<std::string, std::string> Contents(const std::string& prefix) const;
  // What came about, by kind.
  std::map<std::string, int64_t> faults() const;

 private:
  class Process;

  Random random_;
  MemoryObjectStore model_;
  std::unique_ptr<RetryingObjectStore> store_;
  int64_t deaths_[3] = {0, 0, 0};
};

}  // namespace penstock::sim
