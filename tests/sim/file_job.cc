// Files -> a copy, numbered rows of each key, windows -> files, in one job.
#include <fmt/format.h>

#include <algorithm>

#include "campaign.h"
#include "data/datetime.h"

namespace penstock::sim {

namespace {

constexpr int64_t kDayMs = 1'767'225'600'000;  // 2026-01-01

struct Event {
  int64_t id, key, at_ms;
};

// "2026-01-01 00:00:01.234"
std::string TimeText(int64_t at_ms) {
  int64_t s = (at_ms - kDayMs) / 1000;
  return fmt::format("2026-01-01 {:02}:{:02}:{:02}.{:03}", s / 3600, s / 60 % 60, s % 60, at_ms % 1000);
}

// The value of "name": in a line of JSON, without quotes.
std::string FieldOf(const std::string& line, const std::string& name) {
  size_t at = line.find("\"" + name + "\":");
  if (at == std::string::npos) return "";
  at += name.size() + 3;
  size_t end = line.find_first_of(",}", at);
  std::string text = line.substr(at, end - at);
  if (text.size() > 1 && text.front() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

std::vector<std::string> VisibleLines(MemoryFileSystem& files, const std::string& directory) {
  std::vector<std::string> lines;
  Result<std::vector<FileInfo>> found = files.List(directory);
  if (!found) return lines;
  for (const FileInfo& file : *found) {
    if (file.directory || file.path.find("/.") != std::string::npos) continue;
    std::string text = ReadFile(files, file.path).value();
    for (size_t at = 0; at < text.size();) {
      size_t end = std::min(text.find('\n', at), text.size());
      lines.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
  return lines;
}

class FileJob : public SimulatedJob {
 public:
  explicit FileJob(uint64_t seed) : random_(seed ^ 0x66696c65) {
    keys_ = static_cast<int64_t>(1 + random_.Below(6));
    parallelism_ = static_cast<int>(1 + random_.Below(3));
    rescales_ = random_.Below(3) == 0;
    window_ms_ = static_cast<int64_t>(1000 * (1 + random_.Below(20)));
    int64_t count = static_cast<int64_t>(30 + random_.Below(170));
    int64_t at_ms = kDayMs + 3'600'000;
    for (int64_t id = 0; id < count; ++id) {
      at_ms += static_cast<int64_t>(1 + random_.Below(600));
      events_.push_back({id, static_cast<int64_t>(random_.Below(static_cast<uint64_t>(keys_))), at_ms});
    }
    interval_ms_ = static_cast<int64_t>(3 + random_.Below(60));
    retained_ = 1 + random_.Below(3);
    tolerable_ = random_.Below(3);
  }

  std::string script() const override {
    std::string table = "WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = ";
    return fmt::format(
        "SET 'execution.checkpointing.interval' = '{} ms';\n"
        "SET 'execution.checkpointing.dir' = '/checkpoints';\n"
        "SET 'execution.checkpointing.num-retained' = '{}';\n"
        "SET 'execution.checkpointing.tolerable-failed-checkpoints' = '{}';\n"
        "SET 'restart-strategy.type' = 'fixed-delay';\nSET 'restart-strategy.fixed-delay.attempts' = '3';\n"
        "SET 'restart-strategy.fixed-delay.delay' = '0 s';\nSET 'pipeline.uid' = 'job';\n"
        "CREATE TABLE events (id BIGINT, k BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '{}' "
        "SECOND(5)) {table}'/in');\n"
        "CREATE TABLE copies (id BIGINT, k BIGINT) {table}'/out/copies');\n"
        "CREATE TABLE numbered (id BIGINT, k BIGINT, n BIGINT) {table}'/out/numbered');\n"
        "CREATE TABLE windows (w TIMESTAMP(3), k BIGINT, n BIGINT, s BIGINT) {table}'/out/windows');\n"
        "EXECUTE STATEMENT SET BEGIN\n"
        "INSERT INTO copies SELECT id, k FROM events;\n"
        "INSERT INTO numbered SELECT id, k, COUNT(*) OVER (PARTITION BY k ORDER BY ts) FROM events;\n"
        "INSERT INTO windows SELECT window_start, k, COUNT(*), SUM(id) FROM TABLE(TUMBLE(TABLE events, "
        "DESCRIPTOR(ts), INTERVAL '{}' SECOND)) GROUP BY window_start, window_end, k;\nEND;\n",
        interval_ms_, retained_, tolerable_, rescales_ ? 86400 : 1, window_ms_ / 1000,
        fmt::arg("table", table));
  }

  void Prepare(Simulation* simulation) override {
    MemoryFileSystem& disk = simulation->disk();
    CHECK(disk.CreateDirectories("/in").ok());
    size_t files = 1 + random_.Below(4);
    for (size_t i = 0; i < files; ++i) {
      std::string text;
      for (size_t e = events_.size() * i / files; e < events_.size() * (i + 1) / files; ++e)
        text += fmt::format("{{\"id\":{},\"k\":{},\"ts\":\"{}\"}}\n", events_[e].id, events_[e].key,
                            TimeText(events_[e].at_ms));
      CHECK(WriteFileAtomically(disk, fmt::format("/in/{}.json", i), text).ok());
    }
  }

  bool Passes(const std::string& point) const override {
    static const std::set<std::string> kOfLogs = {"checkpoint.logged", "recovery.log-read", "store.marked"};
    return !point.starts_with("kafka.") && !kOfLogs.contains(point);
  }
  // Files change hands then: rows of one that is behind would be late, so nothing fires before the end.
  bool rescales() const override { return rescales_; }
  int parallelism() const override { return parallelism_; }

  std::string CheckUnderWay(Simulation* simulation) override { return Check(simulation->disk(), false); }
  std::string CheckEnd(Simulation* simulation) override { return Check(simulation->disk(), true); }

 private:
  using Rows = std::map<std::string, std::string>;

  // What each table must say, by its key.
  std::map<std::string, Rows> Expected() const {
    std::map<std::string, Rows> expected;
    std::map<int64_t, int64_t> of_key;
    std::map<std::pair<int64_t, int64_t>, std::pair<int64_t, int64_t>> windows;
    for (const Event& event : events_) {
      std::string id = std::to_string(event.id);
      expected["copies"][id] = std::to_string(event.key);
      expected["numbered"][id] = std::to_string(++of_key[event.key]);
      auto& [count, sum] = windows[{event.at_ms - event.at_ms % window_ms_, event.key}];
      ++count;
      sum += event.id;
    }
    for (const auto& [key, value] : windows)
      expected["windows"][TimeText(key.first).substr(0, 19) + " " + std::to_string(key.second)] =
          fmt::format("{} {}", value.first, value.second);
    return expected;
  }

  std::string Check(MemoryFileSystem& disk, bool complete) const {
    std::map<std::string, Rows> expected = Expected();
    for (const auto& [table, rows] : expected) {
      Rows found;
      for (const std::string& line : VisibleLines(disk, "/out/" + table)) {
        if (!line.ends_with("}")) return table + " has half a line: " + line;
        std::string key = table == "windows" ? FieldOf(line, "w").substr(0, 19) + " " + FieldOf(line, "k")
                                             : FieldOf(line, "id");
        std::string value = table == "copies"     ? FieldOf(line, "k")
                            : table == "numbered" ? FieldOf(line, "n")
                                                  : FieldOf(line, "n") + " " + FieldOf(line, "s");
        if (!found.emplace(key, value).second) return table + " has a row twice: " + line;
        auto wanted = rows.find(key);
        if (wanted == rows.end()) return table + " has a row that no event gives: " + line;
        if (wanted->second != value) return table + " has a wrong row, not " + wanted->second + ": " + line;
      }
      if (!complete || found.size() == rows.size()) continue;
      for (const auto& [key, value] : rows) {
        if (!found.contains(key)) return table + " lacks the row of " + key;
      }
    }
    return "";
  }

  Random random_;
  std::vector<Event> events_;
  int64_t keys_, window_ms_, interval_ms_;
  int parallelism_;
  bool rescales_;
  uint64_t retained_, tolerable_;
};

}  // namespace

std::unique_ptr<SimulatedJob> MakeFileJob(uint64_t seed) { return std::make_unique<FileJob>(seed); }

}  // namespace penstock::sim
