// Lines about guarantees.
#include "engine/guarantee_text.h"

#include <fmt/format.h>

namespace penstock {

namespace {

std::string IntervalText(int64_t millis) {
  return millis % 1000 == 0 ? fmt::format("{} s", millis / 1000) : fmt::format("{} ms", millis);
}

std::string ExactlyOnceText(const GuaranteeFacts& facts) {
  std::string when = facts.interval_ms > 0 ? fmt::format("every {} and the time that a checkpoint takes",
                                                         IntervalText(facts.interval_ms))
                                           : std::string("when the job ends");
  return "exactly-once; pattern 2, rows and checkpoint count together; latency: rows are visible with the "
         "checkpoint behind them, " +
         when;
}

std::string AtLeastOnceText(const GuaranteeFacts& facts) {
  const char* pattern = facts.keyed
                            ? "pattern 1, rows may come again and the last row of a key counts"
                            : "pattern 1, rows may come again and readers drop what they know by its id";
  return fmt::format("at-least-once; {}; latency: rows are visible at once", pattern);
}

}  // namespace

std::string GuaranteeLine(const GuaranteeFacts& facts) {
  std::string text = "Sink(" + facts.table + "): ";
  if (facts.promised == "none") return text + "none; rows may be lost or come again after a failure";
  if (!facts.checkpoints) {
    return text + "none without checkpoints (" + facts.promised +
           " with them); pattern 3, the job computes everything again from its sources when it is started "
           "again";
  }
  return text + (facts.promised == "exactly-once" ? ExactlyOnceText(facts) : AtLeastOnceText(facts));
}

}  // namespace penstock
