// TablePrinter: a result as a table: on a terminal it is drawn anew, a few times a second, while the
// statement runs; elsewhere, and in the end, it is printed once with its final content. Rows come from the
// job's threads, a thread of its own draws.
#pragma once

#include <atomic>
#include <memory>

#include "engine/output/live_table.h"
#include "engine/output/result_handler.h"
#include "engine/output/result_stream.h"
#include "engine/output/terminal_screen.h"
#include "env/thread.h"

namespace penstock {

// How often the printers look whether someone still reads.
inline constexpr int64_t kStatusMillis = 500;

class TablePrinter : public ResultHandler {
 public:
  TablePrinter(std::FILE* out, std::FILE* err) : out_(out), err_(err), screen_(out) {}
  ~TablePrinter() override { Stop(); }
  void OnColumns(int statement, const Schema& schema) override;
  void OnRows(int statement, const Batch& batch) override;
  void OnOk(int statement) override;
  void OnError(int statement, StatementPhase phase, const Status& status) override;
  Status status() const override { return out_.status(); }
  int64_t status_interval_ms() const override { return kStatusMillis; }

 private:
  void Draw();
  // Ends drawing and takes the drawn table back.
  void Stop();
  void PrintFinal();

  ResultStream out_;
  std::FILE* err_;
  TerminalScreen screen_;
  std::unique_ptr<LiveTable> table_;  // of the statement that runs; null when it has no rows
  std::atomic<bool> done_{false};
  Thread drawer_;
};

// "error in statement 2 (validation): ..." for the text formats.
std::string ErrorLine(int statement, StatementPhase phase, const Status& status);

}  // namespace penstock
