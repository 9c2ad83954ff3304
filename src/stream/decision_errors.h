// Numbers of the errors about exactly-once sinks, see base/error_catalog.h: 36xx while a statement is
// planned, 56xx while its job runs. docs/reference/errors.md explains them.
#pragma once

#include "base/error_catalog.h"

namespace penstock {

inline constexpr ErrorNumber kNotDecidedTogether{3601};  // sinks that cannot share a decision
inline constexpr ErrorNumber kNeedsCheckpoints{3602};
inline constexpr ErrorNumber kTransactionTimeout{3603};  // transactions that would not outlive a checkpoint
inline constexpr ErrorNumber kCheckpointMissing{5601};   // rows of a checkpoint that is not there
inline constexpr ErrorNumber kTakenOver{5602};           // by another process

}  // namespace penstock
