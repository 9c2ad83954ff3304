// Fitting Zipf's law to how often keys occur in a sample.
#include "sql/forecast/distinct_growth.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace penstock::sql {

namespace {

// Ranks one by one at first, then in groups that grow by a twelfth, which share the frequency of their
// middle.
constexpr double kSingleRanks = 32;
constexpr double kGroupGrowth = 1.0 / 12;

template <typename Visit>
void ForEachGroup(double values, const Visit& visit) {
  double rank = 1;
  while (rank <= values) {
    double size = rank <= kSingleRanks ? 1 : std::max(1.0, std::floor(rank * kGroupGrowth));
    size = std::min(size, std::floor(values - rank) + 1);
    visit(size == 1 ? rank : std::sqrt(rank * (rank + size - 1)), size);
    rank += size;
  }
}

double SumOfWeights(const ZipfModel& model) {
  double weights = 0;
  ForEachGroup(model.values,
               [&](double rank, double size) { weights += size * std::pow(rank, -model.skew); });
  return weights;
}

// Occurrences are told apart up to these; the last class has all that are more.
constexpr std::array<size_t, 12> kClassEnds = {1, 2, 3, 4, 6, 9, 14, 22, 34, 52, 80, 120};
using Classes = std::array<double, kClassEnds.size() + 1>;

Classes ClassesOf(const std::vector<double>& occurring) {
  Classes classes{};
  size_t c = 0;
  for (size_t k = 1; k < occurring.size(); ++k) {
    while (c < kClassEnds.size() && k > kClassEnds[c]) ++c;
    classes[c] += occurring[k];
  }
  return classes;
}

Classes ExpectedClasses(const ZipfModel& model, double rows) {
  Classes classes{};
  double weights = SumOfWeights(model);
  ForEachGroup(model.values, [&](double rank, double size) {
    double mean = rows * std::pow(rank, -model.skew) / weights;
    double seen = -std::expm1(-mean) * size;
    if (mean > 250) {
      classes.back() += seen;
      return;
    }
    double term = std::exp(-mean) * size;
    size_t k = 0;
    for (size_t c = 0; c < kClassEnds.size(); ++c) {
      while (k < kClassEnds[c]) {
        term *= mean / static_cast<double>(++k);
        classes[c] += term;
        seen -= term;
      }
    }
    classes.back() += std::max(0.0, seen);
  });
  return classes;
}

double ChiSquared(const Classes& counted, const Classes& expected) {
  double sum = 0;
  for (size_t c = 0; c < counted.size(); ++c) {
    double off = counted[c] - expected[c];
    sum += off * off / (expected[c] + 1);
  }
  return sum;
}

}  // namespace

// The expected least of a Poisson count and `most` is the sum over j < most of the chance of more than j.
double ZipfModel::DistinctAfter(double rows, int most) const {
  double weights = SumOfWeights(*this), kept = 0;
  ForEachGroup(values, [&](double rank, double size) {
    double mean = rows * std::pow(rank, -skew) / weights;
    if (mean > 10.0 * most + 50) {
      kept += size * most;
      return;
    }
    double more = -std::expm1(-mean), term = std::exp(-mean);
    for (int j = 0; j < most && more > 0; ++j) {
      kept += size * more;
      term *= mean / (j + 1);
      more -= term;
    }
  });
  return kept;
}

DistinctGrowth::DistinctGrowth(KeySample sample, double longest) : sample_(std::move(sample)) {
  Fit(longest);
  LookForDrift();
}

void DistinctGrowth::Fit(double longest) {
  const PrefixCount& all = sample_.prefixes.back();
  double least = std::log(std::max(1.0, all.distinct)), most = std::log(std::max(longest, all.rows) * 100);
  Classes counted = ClassesOf(sample_.occurring);
  struct Candidate {
    ZipfModel model;
    double surprise = INFINITY;
  };
  std::vector<Candidate> candidates;
  auto surprise_of = [&](double skew, double log_values) {
    ZipfModel model{skew, std::max(std::floor(std::exp(log_values)), all.distinct)};
    candidates.push_back({model, ChiSquared(counted, ExpectedClasses(model, all.rows))});
    return candidates.back().surprise;
  };
  auto best = [&] {
    return *std::min_element(candidates.begin(), candidates.end(),
                             [](const Candidate& a, const Candidate& b) { return a.surprise < b.surprise; });
  };
  // The best number of values for a skew, by golden section: the more values, the more keys that occur once.
  auto search = [&](double skew) {
    constexpr double kGolden = 0.6180339887;
    double low = least, high = most;
    double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
    double at_a = surprise_of(skew, a), at_b = surprise_of(skew, b);
    for (int i = 0; i < 16; ++i) {
      if (at_a < at_b) {
        high = std::exchange(b, a), at_b = at_a;
        at_a = surprise_of(skew, a = high - kGolden * (high - low));
      } else {
        low = std::exchange(a, b), at_a = at_b;
        at_b = surprise_of(skew, b = low + kGolden * (high - low));
      }
    }
  };
  surprise_of(0, least);
  for (double skew = 0; skew < 2.05; skew += 0.1) search(skew);
  for (double step : {0.02, 0.005}) {
    double center = best().model.skew;
    for (int i = -5; i <= 5; ++i) search(std::max(0.0, center + step * i));
  }
  Candidate chosen = best();
  best_ = chosen.model;
  // Two parameters: 95 % of the samples of the true model are within 6 of its best fit; more where even the
  // best one does not fit.
  double tolerance = chosen.surprise + 6 * std::max(1.0, chosen.surprise / 10);
  for (const Candidate& candidate : candidates) {
    if (candidate.surprise <= tolerance) plausible_.push_back(candidate.model);
  }
}

void DistinctGrowth::LookForDrift() {
  const PrefixCount& all = sample_.prefixes.back();
  for (const PrefixCount& prefix : sample_.prefixes) {
    if (prefix.rows * 1.5 > all.rows || prefix.rows * 3 < all.rows) continue;
    // What shuffled rows would have: a key that occurs k times is missed with the chance (1 - part)^k.
    double part = prefix.rows / all.rows, shuffled = 0, missed = 1;
    for (size_t k = 1; k < sample_.occurring.size(); ++k) {
      missed *= 1 - part;
      shuffled += sample_.occurring[k] * (1 - missed);
    }
    double noise = 4 / std::sqrt(std::max(1.0, prefix.distinct)) + 0.02;
    drifts_ = std::abs(prefix.distinct / shuffled - 1) > noise;
    power_ =
        std::clamp(std::log(all.distinct / prefix.distinct) / std::log(all.rows / prefix.rows), 0.0, 1.0);
  }
}

Estimate DistinctGrowth::After(double rows, int most) const {
  const std::vector<PrefixCount>& prefixes = sample_.prefixes;
  for (size_t i = 0; most == 1 && i < prefixes.size(); ++i) {
    if (rows > prefixes[i].rows) continue;
    PrefixCount before = i == 0 ? PrefixCount{} : prefixes[i - 1];
    double part = (rows - before.rows) / (prefixes[i].rows - before.rows);
    double distinct = before.distinct + part * (prefixes[i].distinct - before.distinct);
    return {distinct, distinct, distinct};
  }
  // A model tells the growth; the last count is known.
  PrefixCount last{prefixes.back().rows, 0};
  for (size_t k = 1; k < sample_.occurring.size(); ++k)
    last.distinct +=
        sample_.occurring[k] * static_cast<double>(std::min<size_t>(k, static_cast<size_t>(most)));
  auto grown = [&](const ZipfModel& model) {
    double kept = last.distinct * model.DistinctAfter(rows, most) / model.DistinctAfter(last.rows, most);
    return std::clamp(kept, std::min(last.distinct, rows), std::max(rows, last.distinct));
  };
  Estimate estimate;
  estimate.low = estimate.likely = estimate.high = grown(best_);
  if (drifts_) estimate.likely = last.distinct * std::pow(rows / last.rows, power_);
  for (const ZipfModel& model : plausible_) {
    estimate.low = std::min({estimate.low, estimate.likely, grown(model)});
    estimate.high = std::max({estimate.high, estimate.likely, grown(model)});
  }
  return estimate;
}

}  // namespace penstock::sql
