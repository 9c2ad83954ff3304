// EventGenerator: clickstream event number n. Pure arithmetic: no state, no clock.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock {

struct ClickstreamOptions {
  uint64_t seed = 42;
  int64_t rows = -1;                   // -1: without end
  int64_t events_per_second = 50'000;  // of event time
  int64_t rows_per_second = 0;         // of wall time; 0: as fast as it can
  int64_t users = 1'000'000;
  int64_t pages = 50;
  double whale_share = 0.05;  // events of user 1
  double late_share = 0.005;  // events 61 to 600 s behind
  double malformed_share = 0.0001;
  int64_t disorder_ms = 5'000;
  int64_t start_ms = 1'735'689'600'000;  // 2025-01-01T00:00:00Z
};

struct ClickstreamEvent {
  bool malformed = false;
  int64_t user_id = 0;
  int page = 0;
  int country = 0;     // index into kCountries
  int action = 0;      // index into kActions
  int64_t amount = 0;  // cents, of a purchase
  int64_t time_ms = 0;
};

inline constexpr std::string_view kCountries[] = {"DE", "US", "FR", "GB", "JP", "IN", "BR", "CA", "ES", "IT"};
inline constexpr std::string_view kActions[] = {"view", "click", "cart", "purchase"};

ClickstreamEvent GenerateEvent(const ClickstreamOptions& options, int64_t number);

}  // namespace penstock
