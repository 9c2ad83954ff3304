// Whether a job can go on from what an earlier one has written: nothing of it may be lost silently.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "stream/job_graph.h"
#include "stream/snapshot.h"

namespace penstock {

// Fails (kStateNotRestorable, with the difference of the operator ids) where a part has state, positions or
// uncommitted output of an operator that the job does not have, or where an operator that has state, or one
// before it, computes something else than in the job that wrote it. `before`: that job, null where it is not
// known; options of its sources and sinks do not count. `from` names what is restored.
Status CheckRestorable(const JobGraph* before, const JobGraph& now, const std::vector<SubtaskSnapshot>& parts,
                       const std::string& from);

// Leaves behind the state of operators that compute something else now.
void DropChanged(const JobGraph& before, const JobGraph& now, std::vector<SubtaskSnapshot>* parts);

}  // namespace penstock
