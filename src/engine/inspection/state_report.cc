// Lines about state.
#include "engine/inspection/state_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "connectors/kafka/kafka_split.h"
#include "data/datetime.h"
#include "engine/inspection/key_text.h"
#include "engine/inspection/keyed_entries.h"

namespace penstock {

namespace {

std::string TimeText(int64_t millis) {
  if (millis == kNoWatermark) return "none";
  if (millis == kMaxWatermark) return "end of input";
  return FormatTimestamp(int128_t{millis} * 1'000'000, 3);
}

std::string NameOf(const StateContent& content, const std::string& uid) {
  const JobVertex* vertex = content.VertexOf(uid);
  return vertex == nullptr || vertex->name == uid ? fmt::format("'{}'", uid)
                                                  : fmt::format("'{}' ({})", vertex->name, uid);
}

// What a state of one subtask holds.
struct StateSummary {
  StateKind kind = StateKind::kFixed;
  std::string name;
  uint64_t width = 0;
  int64_t entries = 0, keys = 0;
  uint64_t bytes = 0;  // of keys, elements and values
  std::set<int64_t> namespaces;
  int64_t next_timer = INT64_MAX;
  std::string last_key;
  int64_t last_namespace = INT64_MIN;

  void Add(const StateEntry& entry) {
    ++entries;
    bool same_key = keys > 0 && last_namespace == entry.name_space && last_key == entry.key;
    if (!same_key) {
      ++keys;
      bytes += entry.key.size();
      last_key = entry.key;
      last_namespace = entry.name_space;
    }
    bytes += entry.element.size() + entry.value.size();
    if (kind == StateKind::kTimers)
      next_timer = std::min(next_timer, entry.name_space);
    else
      namespaces.insert(entry.name_space);
  }
  std::string Text() const {
    std::string spaces;
    if (!namespaces.empty() && (namespaces.size() > 1 || *namespaces.begin() != 0))
      spaces = fmt::format(", {} namespaces from {} to {}", namespaces.size(), *namespaces.begin(),
                           *namespaces.rbegin());
    switch (kind) {
      case StateKind::kFixed:
        return fmt::format("  fixed       {}: {} keys, {} bytes ({} a value){}", name, keys, bytes, width,
                           spaces);
      case StateKind::kMap:
        return fmt::format("  map         {}: {} elements of {} keys, {} bytes{}", name, entries, keys, bytes,
                           spaces);
      case StateKind::kTimers: break;
    }
    return fmt::format("  timers      {}: {}{}", name, entries,
                       entries == 0 ? "" : ", the next at " + TimeText(next_timer));
  }
};

Result<std::vector<StateSummary>> Summarize(const SubtaskSnapshot& part) {
  std::vector<StateSummary> states;
  KeyedVisitor visitor;
  visitor.state = [&](const StateImage& state) {
    StateSummary& summary = states.emplace_back();
    summary.kind = state.kind;
    summary.name = state.name;
    summary.width = state.width;
  };
  visitor.entry = [&](const StateImage&, const StateEntry& entry) { states.back().Add(entry); };
  RETURN_IF_ERROR(VisitKeyed(part, visitor));
  return states;
}

std::string PositionText(const JobVertex* vertex, const SourceSplit& split) {
  if (vertex != nullptr && vertex->factory == "kafka") {
    if (Result<KafkaSplit> kafka = KafkaSplit::Parse(split)) {
      return fmt::format("{}, next offset {}{}", kafka->partition.ToString(), kafka->next_offset,
                         kafka->finished() ? ", finished" : "");
    }
  }
  return fmt::format("{}: {}", split.id, BytesText(split.position));
}

void ReportHead(const StateContent& content, const PrintLine& print) {
  if (!content.manifest) return print("savepoint " + content.path);
  const Manifest& manifest = *content.manifest;
  std::set<std::pair<std::string, uint64_t>> ranges;
  std::set<std::string> names;
  uint64_t bytes = 0;
  auto add = [&](const FileRange& range) {
    names.insert(range.file);
    if (ranges.emplace(range.file, range.offset).second) bytes += range.size;
  };
  for (const ManifestPart& part : manifest.parts) {
    add(part.rest);
    for (const FileRange& link : part.keyed) add(link);
  }
  if (manifest.claim == 0) print("savepoint " + content.path);
  print(fmt::format("checkpoint {} of job '{}'", manifest.epoch, manifest.identity.job));
  print("  manifest    " + content.path);
  print(fmt::format("  taken       {} UTC{}", FormatTimestamp(int128_t{manifest.created_micros} * 1000, 3),
                    manifest.finished ? ", when the job had finished" : ""));
  print(fmt::format("  run         {}, incarnation {:016x}, claim {}", manifest.identity.run,
                    manifest.identity.incarnation, manifest.claim));
  print(fmt::format("  size        {} bytes, files: {}, written with this checkpoint: {} bytes", bytes,
                    names.size(), manifest.written_bytes));
}

void ReportChain(const StateContent& content, size_t part, const PrintLine& print) {
  if (!content.manifest || content.manifest->parts[part].keyed.empty()) return;
  const std::vector<FileRange>& chain = content.manifest->parts[part].keyed;
  uint64_t deltas = 0;
  for (size_t i = 1; i < chain.size(); ++i) deltas += chain[i].size;
  print(fmt::format("  keyed state base of {} bytes, {} deltas of {} bytes", chain[0].size, chain.size() - 1,
                    deltas));
}

// By a job that is running.
bool WasRemoved(const StateLocation& location, uint64_t epoch) {
  Result<std::vector<uint64_t>> epochs = EpochsOf(location);
  return epochs && std::find(epochs->begin(), epochs->end(), epoch) == epochs->end();
}

// Lines of a dump that are in memory, and in order.
constexpr size_t kMostSorted = 200'000;

struct DumpLine {
  int64_t name_space;
  std::string key, element, line;
  bool operator<(const DumpLine& other) const {
    return std::tie(name_space, key, element) < std::tie(other.name_space, other.key, other.element);
  }
};

// "n=1" is asked for as itself, as "1", or by its bytes; what is inside of a key, with the key.
bool Matches(const std::string& wanted, const std::string& text, std::string_view bytes) {
  if (wanted.empty() || wanted == text || wanted == HexText(bytes)) return true;
  std::string key = text.substr(0, text.rfind(" + x'"));
  size_t equals = key.find('=');
  return wanted == key || (equals != std::string::npos && wanted == key.substr(equals + 1));
}

std::string EntryText(const StateImage& state, const StateEntry& entry, const std::string& key) {
  if (state.kind == StateKind::kTimers) return fmt::format("{} | {} | | ", TimeText(entry.name_space), key);
  std::string element = state.kind == StateKind::kMap ? BytesText(entry.element) : "";
  return fmt::format("{} | {} | {} | {}", entry.name_space, key, element, HexText(entry.value));
}

}  // namespace

Status ReportContent(const StateContent& content, const PrintLine& print) {
  ReportHead(content, print);
  for (size_t i = 0; i < content.parts.size(); ++i) {
    const SubtaskSnapshot& part = content.parts[i];
    print(fmt::format("operator {}, subtask {}", NameOf(content, part.uid), part.subtask));
    if (part.watermark != kNoWatermark) print("  watermark   " + TimeText(part.watermark));
    Result<std::vector<StateSummary>> states = Summarize(part);
    if (!states) return Status(states.error()).WithContext(content.path);
    if (!states->empty()) ReportChain(content, i, print);
    for (const StateSummary& state : *states) print(state.Text());
    for (const std::string& list : part.lists) print(fmt::format("  list        {} bytes", list.size()));
    for (const SourceSplit& split : part.splits)
      print("  position    " + PositionText(content.VertexOf(part.uid), split));
    for (const std::string& committable : part.committables)
      print(fmt::format("  committable {} bytes, to be committed when this counts", committable.size()));
  }
  return Status::Ok();
}

bool VerifyState(const StateLocation& location, const PrintLine& print) {
  Result<std::vector<uint64_t>> epochs = EpochsOf(location);
  if (!epochs) {
    print("DAMAGED: " + epochs.status().ToString());
    return false;
  }
  bool all_right = true;
  for (uint64_t epoch : *epochs) {
    Result<StateContent> content = ReadState(location, epoch);
    int64_t entries = 0;
    Status status = content.status();
    for (size_t i = 0; status.ok() && i < content->parts.size(); ++i) {
      Result<std::vector<StateSummary>> states = Summarize(content->parts[i]);
      status = states.status();
      for (size_t s = 0; states && s < states->size(); ++s) entries += (*states)[s].entries;
    }
    std::string what = location.savepoint ? "savepoint " + location.place.path
                                          : fmt::format("checkpoint {} in {}", epoch, location.place.path);
    if (!status.ok() && WasRemoved(location, epoch)) {
      print("gone: " + what + " was removed meanwhile");
      continue;
    }
    all_right = all_right && status.ok();
    if (status.ok())
      print(fmt::format("ok: {}: {} subtasks, {} entries", what, content->parts.size(), entries));
    else
      print("DAMAGED: " + what + ": " + status.ToString());
  }
  return all_right;
}

Result<int64_t> DumpEntries(const StateContent& content, const DumpFilter& filter, const PrintLine& print) {
  int64_t count = 0;
  print("operator | subtask | state | namespace or time | key | element | value");
  for (const SubtaskSnapshot& part : content.parts) {
    bool wanted = filter.operator_name.empty() || part.uid == filter.operator_name ||
                  NameOf(content, part.uid).find(filter.operator_name) != std::string::npos;
    if (!wanted) continue;
    std::vector<Field> fields = content.KeyFieldsOf(part.uid);
    std::vector<DumpLine> lines;
    auto flush = [&] {
      std::sort(lines.begin(), lines.end());
      for (const DumpLine& line : lines) print(line.line);
      count += static_cast<int64_t>(lines.size());
      lines.clear();
    };
    KeyedVisitor visitor;
    visitor.state = [&](const StateImage&) { flush(); };
    visitor.entry = [&](const StateImage& state, const StateEntry& entry) {
      if (!filter.state.empty() && state.name != filter.state) return;
      std::string key = KeyText(entry.key, fields);
      if (!Matches(filter.key, key, entry.key)) return;
      if (lines.size() == kMostSorted) flush();
      lines.push_back({entry.name_space, std::string(entry.key), std::string(entry.element),
                       fmt::format("{} | {} | {} | {}", part.uid, part.subtask, state.name,
                                   EntryText(state, entry, key))});
    };
    RETURN_IF_ERROR(VisitKeyed(part, visitor));
    flush();
  }
  return count;
}

}  // namespace penstock
