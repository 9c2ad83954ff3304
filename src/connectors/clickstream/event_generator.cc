// The distributions of the clickstream.
#include "connectors/clickstream/event_generator.h"

#include <cmath>

#include "env/random.h"

namespace penstock {

namespace {

// A rank in [1, n] with Zipf-like weight rank^-1.1, by inverting the continuous distribution.
int64_t ZipfRank(double unit, int64_t n) {
  constexpr double kExponent = 1.1;
  double limit = std::pow(static_cast<double>(n), 1 - kExponent) - 1;
  auto rank = static_cast<int64_t>(std::pow(limit * unit + 1, 1 / (1 - kExponent)));
  return rank < 1 ? 1 : rank > n ? n : rank;
}

}  // namespace

ClickstreamEvent GenerateEvent(const ClickstreamOptions& options, int64_t number) {
  Random random(options.seed * 0x9e3779b97f4a7c15ULL + static_cast<uint64_t>(number));
  ClickstreamEvent event;
  event.malformed = random.Unit() < options.malformed_share;
  bool whale = random.Unit() < options.whale_share;
  event.user_id = whale ? 1 : 1 + ZipfRank(random.Unit(), options.users);
  double page = random.Unit();
  event.page = static_cast<int>(page * page * static_cast<double>(options.pages));
  double country = random.Unit();
  event.country = static_cast<int>(country * country * static_cast<double>(std::size(kCountries)));
  uint64_t action = random.Below(100);
  event.action = action < 70 ? 0 : action < 92 ? 1 : action < 97 ? 2 : 3;
  event.amount = event.action == 3 ? static_cast<int64_t>(100 + random.Below(50'000)) : 0;
  int64_t behind = static_cast<int64_t>(random.Below(static_cast<uint64_t>(options.disorder_ms) + 1));
  if (random.Unit() < options.late_share) behind = 61'000 + static_cast<int64_t>(random.Below(540'000));
  event.time_ms = options.start_ms + number * 1000 / options.events_per_second - behind;
  return event;
}

}  // namespace penstock
