// Parity: does what a stream wrote equal what a batch run over the same input gives? Runs the INSERT
// statements of a script once more over a range of event time (engine/rerun), reads what their sinks have of
// it, and says of each difference why it is there, as far as that can be told. Behind `penstock parity`;
// docs/how-to/parity.md. The caller's thread; the job has its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "env/files/file_system.h"
#include "sql/rerun/read_range.h"

namespace penstock {

// "2026-01-01 10:00:00", "earliest", "latest" to an end of a range; nullopt for the words.
Result<std::optional<int64_t>> ParseRangeEnd(const std::string& text, const std::string& word);

struct ParityOptions {
  std::vector<std::string> scripts;  // executed one after the other
  std::string script_name;
  sql::ReadRange range;
  std::vector<std::pair<std::string, std::string>> settings;  // as SET, before the scripts
  int most_shown = 10;                                        // differences of each sink that are kept
};

enum class ParityClass : uint8_t {
  kLate,              // the late lane has a row of this key and window
  kNondeterministic,  // a replay gives other rows: conditions use RAND() and the like
  kUnexplained,
};
const char* ParityClassName(ParityClass what);

struct ParityDifference {
  enum class Kind : uint8_t { kMissing, kOnlyInStream, kValues };
  struct Cell {
    std::string column, stream, batch;
  };
  ParityClass what = ParityClass::kUnexplained;
  Kind kind = Kind::kValues;
  std::string window;       // or the time of the row; "" where it has none
  std::vector<Cell> key;    // what identifies the row beside its window; both sides are equal
  std::vector<Cell> cells;  // kValues: the columns that differ; else the others of the one row there is
};

// What became of one sink.
struct SinkParity {
  std::string table, connector;
  std::string unseen;  // why it was not compared; "": it was
  int64_t stream_rows = 0, batch_rows = 0;
  int64_t equal = 0;
  int64_t nondeterministic_rows = 0;  // equal but for columns that were left out
  int64_t late = 0, nondeterministic = 0, unexplained = 0;
  std::vector<std::string> left_out;  // "id (UUID)"
  std::vector<std::string> notes;
  std::vector<ParityDifference> first;  // those that are unexplained before the others
};

struct ParityReport {
  sql::ReadRange range, read;  // as asked for, and with what was read beside it
  std::vector<SinkParity> sinks;
  int64_t unexplained() const;
};

// An error where the script fails or is refused, or none of its sinks can be compared.
Result<ParityReport> CheckParity(FileSystem* files, const Clock* clock, const ParityOptions& options);

using PrintLine = std::function<void(const std::string&)>;
// For people, and an object a line: each sink, then each of its differences.
void PrintParity(const ParityReport& report, const PrintLine& print);
void PrintParityJson(const ParityReport& report, const PrintLine& print);

}  // namespace penstock
