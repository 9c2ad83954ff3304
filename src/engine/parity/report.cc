// The report as text and as JSON.
#include <fmt/format.h>

#include "base/strings.h"
#include "data/datetime.h"
#include "data/value_text.h"
#include "engine/parity/parity.h"

namespace penstock {

namespace {

std::string TimeText(const std::optional<int64_t>& ms, const char* word) {
  return ms ? FormatTimestamp(static_cast<int128_t>(*ms) * 1'000'000, 3) : word;
}

std::string RangeText(const sql::ReadRange& range) {
  return "[" + TimeText(range.from_ms, "earliest") + ", " + TimeText(range.to_ms, "latest") + ")";
}

const char* KindName(ParityDifference::Kind kind) {
  static const char* const kNames[] = {"missing", "only-in-stream", "values"};
  return kNames[static_cast<size_t>(kind)];
}

std::string Assigned(const std::vector<ParityDifference::Cell>& cells, bool of_stream) {
  std::vector<std::string> texts;
  for (const ParityDifference::Cell& cell : cells)
    texts.push_back(cell.column + "=" + (of_stream ? cell.stream : cell.batch));
  return Join(texts, ", ");
}

std::string DifferenceText(const ParityDifference& difference) {
  using Kind = ParityDifference::Kind;
  std::string text = difference.window.empty() ? "" : difference.window + " ";
  text += Assigned(difference.key, true);
  if (difference.kind == Kind::kValues) {
    std::vector<std::string> texts;
    for (const ParityDifference::Cell& cell : difference.cells)
      texts.push_back(cell.column + ": stream " + cell.stream + ", batch " + cell.batch);
    return text + ": " + Join(texts, "; ");
  }
  bool missing = difference.kind == Kind::kMissing;
  std::string others = Assigned(difference.cells, !missing);
  return text + (missing ? ": missing in the stream" : ": only in the stream") +
         (others.empty() ? "" : " (" + others + ")");
}

std::string Quoted(const std::string& text) { return ValueToJson(Value::String(text), DataType::String()); }

std::string QuotedList(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(Quoted(text));
  return "[" + Join(quoted, ",") + "]";
}

std::string CellsJson(const ParityDifference& difference) {
  using Kind = ParityDifference::Kind;
  std::vector<std::string> members;
  for (const ParityDifference::Cell& cell : difference.cells) {
    std::string stream = difference.kind == Kind::kMissing ? "" : "\"stream\":" + Quoted(cell.stream);
    std::string batch = difference.kind == Kind::kOnlyInStream ? "" : "\"batch\":" + Quoted(cell.batch);
    members.push_back(Quoted(cell.column) + ":{" + stream + (stream.empty() || batch.empty() ? "" : ",") +
                      batch + "}");
  }
  return "{" + Join(members, ",") + "}";
}

}  // namespace

const char* ParityClassName(ParityClass what) {
  static const char* const kNames[] = {"late", "nondeterministic", "unexplained"};
  return kNames[static_cast<size_t>(what)];
}

void PrintParity(const ParityReport& report, const PrintLine& print) {
  print("range " + RangeText(report.range) + ", read over " + RangeText(report.read));
  for (const SinkParity& sink : report.sinks) {
    if (!sink.unseen.empty()) {
      print(fmt::format("{} ({}): not compared: {}", sink.table, sink.connector, sink.unseen));
      continue;
    }
    print(
        fmt::format("{} ({}): {} rows in the stream, {} in batch: {} equal, {} late not yet reprocessed, "
                    "{} nondeterministic, {} unexplained",
                    sink.table, sink.connector, sink.stream_rows, sink.batch_rows, sink.equal, sink.late,
                    sink.nondeterministic, sink.unexplained));
    if (!sink.left_out.empty())
      print(fmt::format("  nondeterministic columns left out: {}; they differ in {} rows",
                        Join(sink.left_out, ", "), sink.nondeterministic_rows));
    for (const std::string& note : sink.notes) print("  note: " + note);
    for (const ParityDifference& difference : sink.first)
      print(fmt::format("  {:<16} {}", ParityClassName(difference.what), DifferenceText(difference)));
  }
}

void PrintParityJson(const ParityReport& report, const PrintLine& print) {
  for (const SinkParity& sink : report.sinks) {
    print(fmt::format(
        "{{\"sink\":{},\"connector\":{},\"not_compared\":{},\"stream_rows\":{},"
        "\"batch_rows\":{},\"equal\":{},\"late\":{},\"nondeterministic\":{},"
        "\"unexplained\":{},\"left_out\":{},\"left_out_rows\":{},\"notes\":{}}}",
        Quoted(sink.table), Quoted(sink.connector), sink.unseen.empty() ? "null" : Quoted(sink.unseen),
        sink.stream_rows, sink.batch_rows, sink.equal, sink.late, sink.nondeterministic, sink.unexplained,
        QuotedList(sink.left_out), sink.nondeterministic_rows, QuotedList(sink.notes)));
    for (const ParityDifference& difference : sink.first) {
      std::vector<std::string> key;
      for (const ParityDifference::Cell& cell : difference.key)
        key.push_back(Quoted(cell.column) + ":" + Quoted(cell.stream));
      print(fmt::format(
          "{{\"difference\":{},\"sink\":{},\"kind\":{},\"window\":{},\"key\":{{{}}},"
          "\"columns\":{}}}",
          Quoted(ParityClassName(difference.what)), Quoted(sink.table), Quoted(KindName(difference.kind)),
          difference.window.empty() ? "null" : Quoted(difference.window), Join(key, ","),
          CellsJson(difference)));
    }
  }
}

}  // namespace penstock
