// DistinctGrowth: how many distinct keys a longer stream has, from a sample of its beginning. Keys are taken
// to be drawn from `values` many with the frequencies of Zipf's law, rank^-skew (0: all alike). Skew and
// number are those under which the sample is least surprising: how many of its keys occurred once, twice, ..
// against what Poisson counts would give (chi-squared). All that are nearly as good make the interval. Keys
// of several columns are mixtures: where that explains the sample much better, a number of keys share each
// rank. Where the distinct keys of the sample's prefixes do not grow as those of shuffled rows would, because
// keys come with time (ids that rise), the growth between the last two prefixes is continued as a power
// instead. Pure arithmetic, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace penstock::sql {

struct PrefixCount {
  double rows = 0;
  double distinct = 0;
};

struct KeySample {
  std::vector<PrefixCount> prefixes;  // rising; the last is the whole sample
  std::vector<double> occurring;      // [k]: keys that occurred k times; [0] is not read
};

struct Estimate {
  double low = 0, likely = 0, high = 0;
};

struct ZipfModel {
  double skew = 0;
  double values = 1;
  double each = 1;  // keys of every rank, alike
  // Expected distinct keys among that many rows; with `most` > 1 each counts as often as it occurs, up to
  // `most`.
  double DistinctAfter(double rows, int most = 1) const;
  // Groups of keys of about the same frequency: visit(share of the rows that each of them has, keys).
  void ForEachShare(const std::function<void(double share, double keys)>& visit) const;
};

// Keys that have about as many rows each.
struct KeyClass {
  double keys = 0;
  double rows = 1;
};

class DistinctGrowth {
 public:
  // REQUIRES: the sample has rows. `longest`: of the streams that will be asked for.
  DistinctGrowth(KeySample sample, double longest);
  // What was counted where it was counted, else what the models say. Never more than the rows. With `most` >
  // 1 the rows that are kept where each key keeps so many.
  Estimate After(double rows, int most = 1) const;
  // The same keys by how many rows they have, the fewest first.
  std::vector<KeyClass> KeysByRows(double rows) const;
  const ZipfModel& model() const { return best_; }
  // Keys come with time.
  bool drifts() const { return drifts_; }

 private:
  void Fit(double longest);
  void LookForDrift();
  KeySample sample_;
  ZipfModel best_;
  std::vector<ZipfModel> plausible_;
  bool drifts_ = false;
  double power_ = 1;  // of drifting keys
};

}  // namespace penstock::sql
