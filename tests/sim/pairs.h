// Pairs: a job dies at each of its crash points, goes on, and dies again at each point that it comes by then:
// every ordered pair of points that a job reaches, gone through instead of drawn. For the campaigns of
// docs/reliability.md, `sim_test --pairs`.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace penstock::sim {

struct PairOptions {
  std::string job = "files";
  uint64_t seed = 1;
  int64_t visits = 4;  // of the first point, at most: the first ones, the last one, and some between
  int64_t stride = 1;  // n: each n-th run only
};

// What was gone through, of one job or of several.
struct PairCounts {
  int64_t runs = 0;
  std::map<std::pair<std::string, std::string>, int64_t> pairs;  // in which a process died at both
  std::set<std::string> first, second;                           // points of such deaths
  std::vector<std::string> violations;                           // with what repeats them
};

// Adds the pairs of one seed. The job is also disturbed in three ways, so that it comes by points that an
// undisturbed one does not: an epoch is abandoned, the job fails and starts again, both.
void GoThroughPairs(const PairOptions& options, PairCounts* counts);
// Points that never were the first, or second, of a pair; a line each.
std::vector<std::string> MissingPairs(const std::string& job, const PairCounts& counts);

}  // namespace penstock::sim
