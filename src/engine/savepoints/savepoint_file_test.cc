// A savepoint file of version 1 is read as it was written, and refused clearly where it was damaged.
#include "engine/savepoints/savepoint_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/bytes.h"
#include "data/key_codec.h"
#include "engine/jobs/restorable.h"
#include "engine/testing/savepoint_version1.h"
#include "state/state_backend.h"

namespace penstock {
namespace {

SubtaskSnapshot Part(const char* uid, int subtask, std::string keyed, std::vector<std::string> lists,
                     std::vector<SourceSplit> splits) {
  SubtaskSnapshot part;
  part.uid = uid;
  part.subtask = subtask;
  part.keyed = std::move(keyed);
  part.lists = std::move(lists);
  part.splits = std::move(splits);
  return part;
}

class SavepointFileTest : public testing::Test {
 protected:
  SavepointFileTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = testing::TempDir() + "/savepoint_file_" + test->name();
    std::filesystem::remove_all(folder_);
    path_ = folder_ + "/job-1";
  }
  ~SavepointFileTest() override { std::filesystem::remove_all(folder_); }

  void Write() {
    SubtaskSnapshot one = Part("aggregate@s", 0, "keyed bytes", {"list", ""}, {});
    SubtaskSnapshot two = Part("source@t", 1, "", {}, {{"t-0", std::string("\0\xff", 2)}});
    ASSERT_TRUE(files_.CreateDirectories(folder_).ok());
    Replace(SavepointFileOfVersion1({one, two}));
  }
  std::string Bytes() { return *ReadFile(files_, path_); }
  void Replace(const std::string& bytes) { ASSERT_TRUE(WriteFileAtomically(files_, path_, bytes).ok()); }

  LocalFileSystem files_;
  LocalFileStore store_{&files_};
  std::string folder_, path_;
};

TEST_F(SavepointFileTest, ComesBackAsItWasWritten) {
  Write();
  Result<std::vector<SubtaskSnapshot>> parts = ReadSavepointFile(store_, path_);
  ASSERT_TRUE(parts) << parts.error().ToString();
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[0].uid, "aggregate@s");
  EXPECT_EQ((*parts)[0].keyed, "keyed bytes");
  EXPECT_EQ((*parts)[0].lists, (std::vector<std::string>{"list", ""}));
  EXPECT_EQ((*parts)[1].subtask, 1);
  ASSERT_EQ((*parts)[1].splits.size(), 1u);
  EXPECT_EQ((*parts)[1].splits[0].position, std::string("\0\xff", 2));
}

TEST_F(SavepointFileTest, EveryDamagedByteIsFound) {
  Write();
  const std::string whole = Bytes();
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    Replace(damaged);
    Result<std::vector<SubtaskSnapshot>> parts = ReadSavepointFile(store_, path_);
    ASSERT_FALSE(parts) << "byte " << i;
    EXPECT_EQ(parts.error().code(), StatusCode::kCorruption);
    EXPECT_NE(parts.error().message().find(path_), std::string::npos);
  }
}

TEST_F(SavepointFileTest, EveryCutIsFound) {
  Write();
  const std::string whole = Bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    Replace(whole.substr(0, size));
    Result<std::vector<SubtaskSnapshot>> parts = ReadSavepointFile(store_, path_);
    ASSERT_FALSE(parts) << size << " bytes";
    EXPECT_EQ(parts.error().code(), StatusCode::kCorruption);
  }
}

TEST_F(SavepointFileTest, MissingFileIsNamed) {
  Result<std::vector<SubtaskSnapshot>> parts = ReadSavepointFile(store_, path_);
  ASSERT_FALSE(parts);
  EXPECT_EQ(parts.error().code(), StatusCode::kNotFound);
  EXPECT_NE(parts.error().ToString().find(path_), std::string::npos) << parts.error().ToString();
}

TEST_F(SavepointFileTest, LaterVersionIsRefusedByNumber) {
  Write();
  ByteWriter out;
  out.Raw("PENSTOCK-SAVEPOINT");
  out.Fixed(uint32_t{7});
  out.Raw("whatever version 7 holds");
  out.Fixed(HashKey(out.bytes()));
  Replace(out.Take());
  Result<std::vector<SubtaskSnapshot>> parts = ReadSavepointFile(store_, path_);
  ASSERT_FALSE(parts);
  EXPECT_NE(parts.error().message().find("version 7"), std::string::npos) << parts.error().message();
}

TEST_F(SavepointFileTest, StateOfAnOperatorThatIsGoneIsNotDroppedSilently) {
  JobGraph graph;
  JobVertex vertex;
  vertex.uid = "source@t";
  graph.AddVertex(vertex);
  SubtaskSnapshot stays = Part("source@t", 0, "", {}, {{"t-0", "5"}});
  SubtaskSnapshot gone = Part("aggregate@s", 0, "keyed bytes", {}, {});
  SystemClock clock;
  ByteWriter none;
  ASSERT_TRUE(MakeHashBackend({}, &clock)->Snapshot(none).ok());
  SubtaskSnapshot nothing = Part("calc@s", 0, none.Take(), {}, {});
  EXPECT_TRUE(CheckRestorable(nullptr, graph, {stays, nothing}, "it").ok());
  EXPECT_TRUE(CheckRestorable(nullptr, graph, {nothing}, "it").ok());
  SubtaskSnapshot uncommitted;
  uncommitted.uid = "sink@s";
  uncommitted.committables = {"a hidden file"};
  Status status = CheckRestorable(nullptr, graph, {stays, gone, nothing, uncommitted}, "it");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.number(), ErrorNumber::kStateNotRestorable);
  EXPECT_NE(status.message().find("aggregate@s, sink@s"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace penstock
