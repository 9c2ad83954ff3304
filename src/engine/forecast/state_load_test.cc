// Expected sessions against sessions that were counted in a stream of random rows.
#include "engine/forecast/state_load.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "env/random.h"

namespace penstock {
namespace {

struct Counted {
  double alive = 0, sessions = 0, rows = 0;
};

// Of one key: what is there after `run_ms`, on average over many streams.
Counted Simulate(double rate, double gap, double delay, double run_ms) {
  constexpr int kStreams = 4000;
  Random random(1);
  Counted counted;
  for (int i = 0; i < kStreams; ++i) {
    double sessions = 0, rows = 0, in_session = 0, last = -1e18;
    auto close = [&] {
      if (in_session == 0 || last + gap <= run_ms - delay) return;
      sessions += 1;
      rows += in_session;
    };
    for (double at = 0;;) {
      at -= std::log(1 - random.Unit()) / rate;
      if (at > run_ms) break;
      if (at - last > gap) {
        close();
        in_session = 0;
      }
      ++in_session;
      last = at;
    }
    close();
    counted.alive += (sessions > 0 ? 1.0 : 0.0) / kStreams;
    counted.sessions += sessions / kStreams;
    counted.rows += rows / kStreams;
  }
  return counted;
}

TEST(SessionsOf, ExpectedNumbersAreThoseOfRandomRows) {
  for (double in_gap : {0.05, 0.5, 2.0, 5.0, 20.0}) {
    for (double delay : {0.0, 2000.0}) {
      double gap = 1000, rate = in_gap / gap, run = 100'000;
      Counted counted = Simulate(rate, gap, delay, run);
      SessionFigures figures = SessionsOf(rate, gap, delay, run);
      EXPECT_NEAR(figures.alive / counted.alive, 1, 0.12) << in_gap << " rows in a gap, delay " << delay;
      EXPECT_NEAR(figures.sessions / counted.sessions, 1, 0.12) << in_gap << ", delay " << delay;
      EXPECT_NEAR(figures.rows / counted.rows, 1, 0.12) << in_gap << ", delay " << delay;
    }
  }
}

TEST(SessionsOf, AKeyThatNeverPausesKeepsAllItsRows) {
  SessionFigures figures = SessionsOf(1, 1000, 500, 1e6);
  EXPECT_NEAR(figures.rows, 1e6, 1);
  EXPECT_NEAR(figures.sessions, 1, 1e-6);
  EXPECT_EQ(SessionsOf(0, 1000, 0, 1e6).rows, 0);
}

}  // namespace
}  // namespace penstock
