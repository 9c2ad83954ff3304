// What EXPLAIN says about a sink: the guarantee that its job gives, the pattern that it rests on, and the
// latency that it costs.
#pragma once

#include <cstdint>
#include <string>

namespace penstock {

struct GuaranteeFacts {
  std::string table;
  std::string promised;  // SinkAbilities::guarantee
  bool keyed = false;    // the table has a primary key: the last row of a key counts
  bool checkpoints = false;
  int64_t interval_ms = 0;  // between them; 0: one at the end
};

// One line. The patterns: 1, rows may come again and whoever reads them tells them by their id; 2, rows count
// with the checkpoint behind them; 3, the same rows are computed again from the log of events.
std::string GuaranteeLine(const GuaranteeFacts& facts);

}  // namespace penstock
