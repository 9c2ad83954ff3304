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
  model.ForEachShare([&](double share, double size) {
    double mean = rows * share;
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

// Keys with few rows are told apart exactly, others in classes that grow by a quarter.
class ClassCounter {
 public:
  void Add(double keys, double rows) {
    auto number =
        static_cast<size_t>(rows <= kExact ? rows : kExact + std::log(rows / kExact) / std::log(1.25));
    if (number >= classes_.size()) classes_.resize(number + 1, {0, 0});
    classes_[number].keys += keys;
    classes_[number].rows += keys * rows;
  }
  // Scaled to so many keys with so many rows together.
  std::vector<KeyClass> Take(double keys, double rows) const {
    std::vector<KeyClass> taken;
    double all_keys = 0, all_rows = 0;
    for (const KeyClass& one : classes_) all_keys += one.keys, all_rows += one.rows;
    if (all_keys <= 0) return taken;
    double factor = keys / all_keys, beyond_first = all_rows * factor - keys;
    double growth = beyond_first > 0 ? std::max(0.0, rows - keys) / beyond_first : 0;
    for (const KeyClass& one : classes_) {
      if (one.keys <= 0) continue;
      taken.push_back({one.keys * factor, 1 + (one.rows / one.keys - 1) * growth});
    }
    return taken;
  }

 private:
  static constexpr double kExact = 8;
  std::vector<KeyClass> classes_;  // with the rows of all of their keys
};

}  // namespace

void ZipfModel::ForEachShare(const std::function<void(double share, double keys)>& visit) const {
  double weights = SumOfWeights(*this) * each;
  ForEachGroup(values,
               [&](double rank, double size) { visit(std::pow(rank, -skew) / weights, size * each); });
}

// The expected least of a Poisson count and `most` is the sum over j < most of the chance of more than j.
double ZipfModel::DistinctAfter(double rows, int most) const {
  double kept = 0;
  ForEachShare([&](double share, double size) {
    double mean = rows * share;
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

namespace {

// Looks for the models that explain counted classes best.
class ModelSearch {
 public:
  struct Candidate {
    ZipfModel model;
    double surprise = INFINITY;
  };
  ModelSearch(const KeySample& sample, double longest)
      : all_(sample.prefixes.back()), longest_(longest), counted_(ClassesOf(sample.occurring)) {}

  // Of models with so many keys of each rank.
  void Look(double each) {
    each_ = each;
    size_t before = candidates_.size();
    Try(0, Least());
    for (double skew = 0; skew < 2.05; skew += each == 1 ? 0.1 : 0.2) Search(skew);
    for (double step : {0.02, 0.005}) {
      double center = Best(before).model.skew;
      for (int i = -5; i <= 5; ++i) Search(std::max(0.0, center + step * i));
    }
  }
  const Candidate& Best(size_t from = 0) const {
    return *std::min_element(candidates_.begin() + static_cast<std::ptrdiff_t>(from), candidates_.end(),
                             [](const auto& a, const auto& b) { return a.surprise < b.surprise; });
  }
  const std::vector<Candidate>& candidates() const { return candidates_; }

 private:
  double Least() const { return std::log(std::max(1.0, all_.distinct / each_)); }
  double Try(double skew, double log_values) {
    double values = std::max(std::floor(std::exp(log_values)), std::ceil(all_.distinct / each_));
    ZipfModel model{skew, values, each_};
    candidates_.push_back({model, ChiSquared(counted_, ExpectedClasses(model, all_.rows))});
    return candidates_.back().surprise;
  }
  // The best number of values for a skew, by golden section: the more values, the more keys that occur once.
  void Search(double skew) {
    constexpr double kGolden = 0.6180339887;
    double low = Least(), high = std::log(std::max(longest_, all_.rows) * 100 / each_);
    double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
    double at_a = Try(skew, a), at_b = Try(skew, b);
    for (int i = 0; i < 16; ++i) {
      if (at_a < at_b) {
        high = std::exchange(b, a), at_b = at_a;
        at_a = Try(skew, a = high - kGolden * (high - low));
      } else {
        low = std::exchange(a, b), at_a = at_b;
        at_b = Try(skew, b = low + kGolden * (high - low));
      }
    }
  }

  PrefixCount all_;
  double longest_, each_ = 1;
  Classes counted_;
  std::vector<Candidate> candidates_;
};

}  // namespace

void DistinctGrowth::Fit(double longest) {
  ModelSearch search(sample_, longest);
  search.Look(1);
  // A third parameter must explain much more.
  constexpr double kMuchBetter = 20;
  ModelSearch mixed(sample_, longest);
  bool is_mixed = search.Best().surprise > kMuchBetter;
  for (double each : {8.0, 64.0, 512.0, 4096.0}) {
    if (is_mixed) mixed.Look(each);
  }
  is_mixed = is_mixed && mixed.Best().surprise + kMuchBetter < search.Best().surprise;
  const ModelSearch& found = is_mixed ? mixed : search;
  best_ = found.Best().model;
  // Two parameters: 95 % of the samples of the true model are within 6 of its best fit; more where even the
  // best one does not fit.
  double tolerance = found.Best().surprise + 6 * std::max(1.0, found.Best().surprise / 10);
  for (const auto& candidate : found.candidates()) {
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

std::vector<KeyClass> DistinctGrowth::KeysByRows(double rows) const {
  ClassCounter classes;
  constexpr double kMany = 64;  // beyond that the count of a key is close to its mean
  best_.ForEachShare([&](double share, double keys) {
    double mean = rows * share;
    if (mean > kMany) return classes.Add(keys, mean);
    double chance = std::exp(-mean), left = 1 - chance;
    for (double k = 1; left > 1e-6 && k < 4 * kMany; ++k) {
      chance *= mean / k;
      left -= chance;
      classes.Add(keys * chance, k);
    }
  });
  return classes.Take(After(rows).likely, rows);
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
