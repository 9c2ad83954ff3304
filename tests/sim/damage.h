// Damage: checkpoints of a simulated job whose process has died, with a bit turned, an end cut off or a file
// gone: whatever a restore needs must be noticed and named. Row 7 of the fault matrix; docs/reliability.md.
#pragma once

#include <string>
#include <vector>

#include "campaign.h"

namespace penstock::sim {

struct DamageCounts {
  uint64_t damages = 0;
  uint64_t noticed = 0;
  uint64_t harmless = 0;  // of bytes that the checkpoint does not refer to: what is read is the same
  uint64_t restarts = 0;  // of `damages`: carried out on the disk of a whole job, which then starts again
  std::vector<std::string> unnoticed;
};

// `count` damages, 200 of each seed. Each hundredth is also put before a new process of the job: it must stop
// with an error that names the file, and nothing may be wrong in its sinks.
DamageCounts DamageCheckpoints(const std::string& job, uint64_t from_seed, uint64_t count);

// The newest manifest is gone, whole, of a job whose process has died at a visit of the point: what a new
// process makes of it, and what is wrong in the sinks.
struct Loss {
  bool usable = false;    // the job came by the point, and nothing was over
  bool names_it = false;  // the new process stops, and says which checkpoint is gone
  bool goes_on = false;
  std::string error, wrong;
};
Loss LoseNewestManifest(const std::string& job, uint64_t seed, const std::string& point, int64_t visit);

}  // namespace penstock::sim
