// Drawing while it runs, printing at the end.
#include "engine/output/table_printer.h"

namespace penstock {

namespace {

constexpr int64_t kRefreshMillis = 200;
constexpr int64_t kRowsOnTerminal =
    100'000;  // more cannot be watched, and an unbounded query has no end of them

}  // namespace

std::string ErrorLine(int statement, StatementPhase phase, const Status& status) {
  return "error in statement " + std::to_string(statement) + " (" + PhaseName(phase) +
         "): " + status.ToString() + "\n";
}

void TablePrinter::OnColumns(int, const Schema& schema) {
  LiveTable::Options options;
  options.schema = schema;
  options.rows_max = screen_.is_terminal() ? kRowsOnTerminal : INT64_MAX / 2;
  table_ = std::make_unique<LiveTable>(std::move(options));
  if (!screen_.is_terminal()) return;
  done_ = false;
  drawer_ = Thread("table", [this] {
    for (int64_t waited = 0; !done_; waited += 20) {
      PauseMillis(20);
      if (waited >= kRefreshMillis && table_->TakeChanged()) {
        waited = 0;
        Draw();
      }
    }
  });
}

void TablePrinter::OnRows(int, const Batch& batch) { table_->Apply(batch); }

void TablePrinter::Draw() {
  TerminalScreen::Size size = screen_.size();
  screen_.Draw(table_->Render(std::max(1, size.rows - 6), size.columns - 1, true));
}

void TablePrinter::Stop() {
  if (!done_.exchange(true) && screen_.is_terminal() && table_) {
    drawer_.Join();
    screen_.Clear();
  }
}

void TablePrinter::PrintFinal() {
  Stop();
  std::string text;
  for (const std::string& line : table_->Render(-1, -1, false)) text += line + "\n";
  out_.Write(text);
  out_.Flush();
  table_.reset();
}

void TablePrinter::OnOk(int) {
  if (table_) PrintFinal();
  out_.Flush();
}

void TablePrinter::OnError(int statement, StatementPhase phase, const Status& status) {
  if (table_) PrintFinal();
  out_.Flush();
  std::string text = ErrorLine(statement, phase, status);
  std::fwrite(text.data(), 1, text.size(), err_);
}

}  // namespace penstock
