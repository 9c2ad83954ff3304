// Reports about a checkpoint of a base and a delta that the test writes: what they say, and that every
// damaged file is named.
#include "engine/inspection/state_report.h"

#include <gtest/gtest.h>

#include "data/column_builder.h"
#include "data/key_codec.h"
#include "data/row_codec.h"
#include "engine/inspection/key_text.h"
#include "engine/testing/savepoint_version1.h"
#include "env/clock.h"
#include "env/files/memory_file_system.h"
#include "state/state_backend.h"

namespace penstock {
namespace {

const std::vector<Field> kKey = {{"id", DataType::BigInt()}, {"name", DataType::String()}};

std::string KeyOf(int64_t id, const std::string& name) {
  std::vector<ColumnBuilder> builders = MakeBuilders({DataType::BigInt(), DataType::String()});
  builders[0].Append(id);
  builders[1].AppendString(name);
  std::string key;
  KeyCodec({DataType::BigInt(), DataType::String()}).EncodeRow(FinishBuilders(builders), 0, &key);
  return key;
}

// Somebody else is at work while it is read.
class BusyFileSystem : public MemoryFileSystem {
 public:
  Result<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override {
    if (on_read) std::exchange(on_read, nullptr)();
    return MemoryFileSystem::OpenForRead(path);
  }
  std::function<void()> on_read;
};

class StateReportTest : public testing::Test {
 protected:
  StateReportTest() {
    FixedState* counts = *backend_->OpenFixed({"counts", sizeof(int64_t)});
    MapState* rows = *backend_->OpenMap({"rows"});
    TimerQueue* timers = *backend_->OpenTimers("timers");
    for (int64_t id = 0; id < 5000; ++id) Count(counts, KeyOf(id, "before"));
    Seal(1, 0);
    std::string key = KeyOf(7, "new");
    Count(counts, key);
    counts->Erase(0, {key, HashKey(key)});
    key = KeyOf(8, "newer");
    Count(counts, key);
    rows->Put(1000, {key, HashKey(key)}, "element", "value");
    timers->Register(1500, {key, HashKey(key)});
    Seal(2, 1);
  }

  static void Count(FixedState* counts, const std::string& key) {
    StateKey one{key, HashKey(key)};
    uint8_t* value = nullptr;
    uint8_t created = 0;
    ASSERT_TRUE(counts->Access(0, {&one, 1}, {&value, 1}, {&created, 1}).ok());
    std::memset(value, 0, sizeof(int64_t));
  }

  static std::string Graph() {
    JobGraph graph;
    JobVertex source;
    source.uid = "source";
    source.name = "Source events";
    source.kind = VertexKind::kSource;
    source.schema = Schema({{"x", DataType::Int()}, kKey[1], kKey[0]});
    graph.AddVertex(source);
    JobVertex group;
    group.uid = "group";
    group.name = "GroupAggregate";
    graph.AddVertex(group);
    JobEdge edge;
    edge.to = 1;
    edge.partitioning = Partitioning::kHash;
    edge.keys = {2, 1};
    graph.AddEdge(edge);
    ByteWriter out;
    graph.Write(out);
    return out.Take();
  }

  void Seal(uint64_t epoch, uint64_t decided) {
    SubtaskSnapshot source, group;
    source.uid = "source";
    source.splits = {{"part-1", "17"}};
    group.uid = "group";
    group.watermark = 1234;
    KeyedSnapshot keyed = backend_->Checkpoint(epoch, decided).value();
    group.keyed = std::move(keyed.bytes);
    group.since = keyed.since;
    Manifest manifest;
    manifest.identity = {"job", "run", 1};
    manifest.epoch = epoch;
    manifest.graph = Graph();
    ASSERT_TRUE(store_.Seal({source, group}, &manifest).ok());
  }

  std::vector<std::string> Inspect() {
    std::vector<std::string> lines;
    StateContent content = ReadState(Location(), 0).value();
    EXPECT_TRUE(ReportContent(content, [&](const std::string& line) { lines.push_back(line); }).ok());
    return lines;
  }
  std::vector<std::string> Dump(const DumpFilter& filter) {
    std::vector<std::string> lines;
    StateContent content = ReadState(Location(), 0).value();
    EXPECT_TRUE(DumpEntries(content, filter, [&](const std::string& line) { lines.push_back(line); }));
    lines.erase(lines.begin());
    return lines;
  }
  std::vector<std::string> Verify(bool* right) {
    std::vector<std::string> lines;
    *right = VerifyState(Location(), [&](const std::string& line) { lines.push_back(line); });
    return lines;
  }
  FilePlace At(const std::string& path) { return {std::make_shared<LocalFileStore>(&files_), path}; }
  StateLocation Location() { return FindState(At("/cp")).value().at(0); }

  ManualClock clock_{0};
  BusyFileSystem files_;
  std::unique_ptr<StateBackend> backend_ = MakeHashBackend({}, &clock_);
  CheckpointStore store_{&files_, "/cp/script/jobs/job", 1};
};

bool Has(const std::vector<std::string>& lines, const std::string& wanted) {
  return std::find(lines.begin(), lines.end(), wanted) != lines.end();
}

TEST_F(StateReportTest, InspectTellsWhatAnOperatorHolds) {
  std::vector<std::string> lines = Inspect();
  EXPECT_EQ(lines[0], "checkpoint 2 of job 'job'");
  EXPECT_TRUE(Has(lines, "operator 'Source events' (source), subtask 0"));
  EXPECT_TRUE(Has(lines, "  position    part-1: '17'"));
  EXPECT_TRUE(Has(lines, "operator 'GroupAggregate' (group), subtask 0"));
  EXPECT_TRUE(Has(lines, "  watermark   1970-01-01 00:00:01.234"));
  EXPECT_TRUE(Has(lines, "  fixed       counts: 5001 keys, 130025 bytes (8 a value)")) << lines.back();
  EXPECT_TRUE(
      Has(lines, "  map         rows: 1 elements of 1 keys, 29 bytes, 1 namespaces from 1000 to 1000"));
  EXPECT_TRUE(Has(lines, "  timers      timers: 1, the next at 1970-01-01 00:00:01.500"));
}

TEST_F(StateReportTest, DumpShowsKeysByTheirColumns) {
  EXPECT_EQ(Dump({}).size(), 5003U);
  EXPECT_EQ(
      Dump({"Group", "rows", ""}),
      std::vector<std::string>{"group | 0 | rows | 1000 | id=8, name=newer | 'element' | x'76616c7565'"});
  EXPECT_EQ(Dump({"", "", "id=8, name=newer"}).size(), 3U);
  EXPECT_EQ(
      Dump({"", "counts", "id=4999, name=before"}),
      std::vector<std::string>{"group | 0 | counts | 0 | id=4999, name=before |  | x'0000000000000000'"});
  EXPECT_TRUE(Dump({"source", "", ""}).empty());
}

TEST_F(StateReportTest, VerifyNamesEveryDamagedFile) {
  bool right = false;
  EXPECT_EQ(Verify(&right).size(), 2U);
  EXPECT_TRUE(right);
  const std::vector<FileInfo> entries = files_.List(store_.directory()).value();
  EXPECT_EQ(entries.size(), 5U) << "a base, two state files, two manifests";
  for (const FileInfo& entry : entries) {
    std::string bytes = ReadFile(files_, entry.path).value(), damaged = bytes;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 4);
    for (const std::string& written : {damaged, bytes.substr(0, bytes.size() - 1)}) {
      EXPECT_TRUE(WriteFileAtomically(files_, entry.path, written).ok());
      std::vector<std::string> lines = Verify(&right);
      EXPECT_FALSE(right) << entry.path;
      bool named = std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
        return line.starts_with("DAMAGED") && line.find(entry.path) != std::string::npos;
      });
      EXPECT_TRUE(named) << entry.path;
    }
    EXPECT_TRUE(WriteFileAtomically(files_, entry.path, bytes).ok());
  }
}

TEST_F(StateReportTest, ACheckpointThatARunningJobRemovesIsNotDamaged) {
  files_.on_read = [this] { EXPECT_TRUE(store_.RemoveBefore(2).ok()); };
  bool right = false;
  std::vector<std::string> lines = Verify(&right);
  EXPECT_TRUE(right);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[0].starts_with("gone: checkpoint 1 ")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("ok: checkpoint 2 ")) << lines[1];
  files_.on_read = [this] {
    Seal(3, 2);
    EXPECT_TRUE(store_.RemoveBefore(3).ok());
  };
  EXPECT_EQ(Inspect()[0], "checkpoint 3 of job 'job'");
}

TEST_F(StateReportTest, SavepointsOfTheFirstVersionAreReadWithoutAGraph) {
  SubtaskSnapshot part;
  part.uid = "group";
  ByteWriter whole;
  ASSERT_TRUE(backend_->Snapshot(whole).ok());
  part.keyed = whole.Take();
  ASSERT_TRUE(files_.CreateDirectories("/sp").ok());
  ASSERT_TRUE(WriteFileAtomically(files_, "/sp/job-1", SavepointFileOfVersion1({part})).ok());
  std::vector<StateLocation> found = FindState(At("/sp")).value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].savepoint);
  StateContent content = ReadState(found[0], 0).value();
  int64_t lines = 0;
  EXPECT_EQ(DumpEntries(content, {"group", "timers", ""}, [&](const std::string&) { ++lines; }).value(), 1);
  EXPECT_EQ(lines, 2);
}

TEST(KeyText, BytesThatAreNoSuchKeyAreShownAsBytes) {
  EXPECT_EQ(KeyText(KeyOf(-5, "it's"), kKey), "id=-5, name=it's");
  EXPECT_EQ(KeyText(KeyOf(1, "a") + "b", kKey), "id=1, name=a + x'62'");
  EXPECT_EQ(KeyText("abc", kKey), "x'616263'");
  EXPECT_EQ(KeyText("", kKey), "x''");
  EXPECT_EQ(KeyText("abc", {}), "x'616263'");
  std::string cut = KeyOf(1, "a").substr(0, 10);
  EXPECT_EQ(KeyText(cut, kKey), HexText(cut));
}

}  // namespace
}  // namespace penstock
