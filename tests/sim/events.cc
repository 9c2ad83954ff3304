// Input of the simulated jobs, and what they must make of it: a model that knows only the events.
#include <fmt/format.h>

#include <algorithm>

#include "campaign.h"

namespace penstock::sim {

namespace {

constexpr int64_t kDayMs = 1'767'225'600'000;  // 2026-01-01

}  // namespace

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

void AddLines(const std::string& text, std::vector<std::string>* lines) {
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    lines->push_back(text.substr(at, end - at));
    at = end + 1;
  }
}

std::vector<std::string> VisibleLines(MemoryFileSystem& files, const std::string& directory) {
  std::vector<std::string> lines;
  Result<std::vector<FileInfo>> found = files.List(directory);
  if (!found) return lines;
  for (const FileInfo& file : *found) {
    if (file.directory || file.path.find("/.") != std::string::npos) continue;
    AddLines(ReadFile(files, file.path).value(), &lines);
  }
  return lines;
}

std::vector<Event> DrawEvents(Random* random, int64_t keys) {
  std::vector<Event> events;
  int64_t count = static_cast<int64_t>(30 + random->Below(170));
  int64_t at_ms = kDayMs + 3'600'000;
  for (int64_t id = 0; id < count; ++id) {
    at_ms += static_cast<int64_t>(1 + random->Below(600));
    events.push_back({id, static_cast<int64_t>(random->Below(static_cast<uint64_t>(keys))), at_ms});
  }
  return events;
}

void DisorderEvents(std::vector<Event>* events, Random* random) {
  for (Event& event : *events) {
    if (random->Below(4) == 0) event.at_ms -= static_cast<int64_t>(random->Below(60'000));
  }
}

std::vector<Event> OnTime(const std::vector<Event>& events, int64_t window_ms) {
  std::vector<Event> taken;
  int64_t watermark = INT64_MIN;
  for (const Event& event : events) {
    int64_t end = event.at_ms - event.at_ms % window_ms + window_ms;
    if (end - 1 > watermark) taken.push_back(event);
    watermark = std::max(watermark, event.at_ms - 1000);
  }
  return taken;
}

std::map<std::string, Rows> ExpectedRows(const std::vector<Event>& events, int64_t window_ms) {
  std::map<std::string, Rows> expected;
  std::map<int64_t, int64_t> of_key;
  std::map<std::pair<int64_t, int64_t>, std::pair<int64_t, int64_t>> windows;
  for (const Event& event : events) {
    std::string id = std::to_string(event.id);
    expected["copies"][id] = std::to_string(event.key);
    expected["numbered"][id] = std::to_string(++of_key[event.key]);
    auto& [count, sum] = windows[{event.at_ms - event.at_ms % window_ms, event.key}];
    ++count;
    sum += event.id;
  }
  for (const auto& [key, value] : windows)
    expected["windows"][TimeText(key.first).substr(0, 19) + " " + std::to_string(key.second)] =
        fmt::format("{} {}", value.first, value.second);
  return expected;
}

std::string NoteRow(const std::string& table, const std::string& line, const Rows& expected, Rows* found) {
  if (!line.ends_with("}")) return table + " has half a line: " + line;
  std::string key =
      table == "windows" ? FieldOf(line, "w").substr(0, 19) + " " + FieldOf(line, "k") : FieldOf(line, "id");
  std::string value = table == "copies"     ? FieldOf(line, "k")
                      : table == "numbered" ? FieldOf(line, "n")
                                            : FieldOf(line, "n") + " " + FieldOf(line, "s");
  if (!found->emplace(key, value).second) return table + " has a row twice: " + line;
  auto wanted = expected.find(key);
  if (wanted == expected.end()) return table + " has a row that no event gives: " + line;
  return wanted->second == value ? "" : table + " has a wrong row, not " + wanted->second + ": " + line;
}

}  // namespace penstock::sim
