// Filesystem tables end to end: exact positions, compressed and partitioned files, bad rows, part files.
#include <gtest/gtest.h>
#include <zlib.h>

#include "connectors/filesystem/filesystem_connector.h"
#include "data/column_builder.h"
#include "data/value_text.h"
#include "stream/table_spec.h"

namespace penstock {
namespace {

class FilesystemTest : public testing::Test {
 protected:
  FilesystemTest() {
    FilesystemConnector::Register(&registry_);
    root_ = testing::TempDir() + "/" + testing::UnitTest::GetInstance()->current_test_info()->name();
    RemoveBelow(root_);
    CHECK(files_.CreateDirectories(root_).ok());
    spec_.table = "t";
    spec_.options = {{"path", root_}, {"format", "csv"}};
    spec_.stored = {{"k", DataType::String(), ""}, {"n", DataType::Int(), ""}};
    spec_.columns = spec_.stored;
  }
  void RemoveBelow(const std::string& directory) {
    Result<std::vector<FileInfo>> entries = files_.List(directory);
    if (!entries) return;
    for (const FileInfo& entry : *entries) {
      if (entry.directory)
        RemoveBelow(entry.path);
      else
        CHECK(files_.Remove(entry.path).ok());
    }
  }
  void Put(const std::string& name, const std::string& text) {
    std::string path = root_ + "/" + name;
    CHECK(files_.CreateDirectories(path.substr(0, path.rfind('/'))).ok());
    CHECK(WriteFileAtomically(files_, path, text).ok());
  }
  JobVertex Vertex() const {
    JobVertex vertex;
    vertex.factory = "filesystem";
    vertex.spec = spec_.Serialize();
    return vertex;
  }
  SourceContext MakeContext() {
    SourceContext context;
    context.clock = &clock_;
    context.files = &files_;
    context.bad_rows = &bad_rows_;
    return context;
  }
  // A reader with the given splits, or with all files there are.
  std::unique_ptr<SplitReader> Reader(const std::vector<SourceSplit>* splits = nullptr) {
    source_ = registry_.NewSource(Vertex()).value();
    std::unique_ptr<SplitReader> reader = source_->MakeReader(MakeContext()).value();
    std::vector<SourceSplit> found =
        splits != nullptr ? *splits : source_->MakeEnumerator(MakeContext()).value()->Discover().value();
    CHECK(reader->AddSplits(found).ok());
    return reader;
  }
  // One poll as text; "end" or the error's message.
  std::string Poll(SplitReader& reader, int64_t max_rows = 1000) {
    Result<PollResult> polled = reader.Poll(max_rows);
    if (!polled) return polled.error().message();
    if (polled->state != PollState::kRows) return "end";
    std::string text;
    for (int64_t row = 0; row < polled->batch.rows; ++row) {
      for (size_t i = 0; i < spec_.columns.size(); ++i) {
        text += (i > 0 ? "," : "") +
                ValueToText(polled->batch.columns[i]->ValueAt(row), spec_.columns[i].type, TimeZone::Utc());
      }
      text += ";";
    }
    return text;
  }
  std::string All(SplitReader& reader) {
    std::string text;
    for (std::string more = Poll(reader); more != "end"; more = Poll(reader)) text += more;
    return text;
  }

  LocalFileSystem files_;
  ManualClock clock_{1'000'000};
  FactoryRegistry registry_;
  std::atomic<int64_t> bad_rows_{0};
  std::string root_;
  TableSpec spec_;
  std::unique_ptr<Source> source_;
};

std::string Gzip(const std::string& text) {
  std::string out(text.size() + 200, '\0');
  z_stream stream{};
  CHECK(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST_F(FilesystemTest, GoesOnExactlyWhereItWasSnapshotted) {
  Put("a.csv", "a,1\nb,2\nc,3");
  Put("b.csv.gz", Gzip("d,4\ne,5\n") + Gzip("f,6\n"));
  Put(".hidden", "x,0\n");
  Put("_logs/x", "x,0\n");
  for (int64_t before = 0; before < 7; ++before) {
    std::unique_ptr<SplitReader> reader = Reader();
    std::string text;
    for (int64_t i = 0; i < before && i < 6; ++i) text += Poll(*reader, 1);
    std::vector<SourceSplit> splits = reader->Snapshot();
    EXPECT_EQ(text + All(*Reader(&splits)), "a,1;b,2;c,3;d,4;e,5;f,6;") << before;
  }
}

TEST_F(FilesystemTest, PartitionAndMetadataColumnsComeFromThePath) {
  Put("day=2020-01-02/n=7/x.csv", "k\n");
  Put("day=__DEFAULT_PARTITION__/n=8/y.csv", "l\n");
  spec_.stored = {{"k", DataType::String(), ""},
                  {"n", DataType::Int(), ""},
                  {"day", DataType::Date(), ""},
                  {"file", DataType::String(), "file.name"},
                  {"size", DataType::BigInt(), "file.size"}};
  spec_.columns = {spec_.stored[3], spec_.stored[2], spec_.stored[0], spec_.stored[1], spec_.stored[4]};
  spec_.partition_keys = {"day", "n"};
  EXPECT_EQ(All(*Reader()), "x.csv,2020-01-02,k,7,2;y.csv,NULL,l,8,2;");
}

TEST_F(FilesystemTest, PatternsPickFiles) {
  Put("x1.csv", "a,1\n");
  Put("x2.txt", "b,2\n");
  Put("sub/x3.csv", "c,3\n");
  spec_.options["path"] = root_ + "/*.csv";
  EXPECT_EQ(All(*Reader()), "a,1;");
  spec_.options["path"] = "file://" + root_ + "/s*/x[0-9].csv";
  EXPECT_EQ(All(*Reader()), "c,3;");
}

TEST_F(FilesystemTest, BadRowsGoToTheirLaneOrFailTheJob) {
  Put("a.csv", "a,1\nb,?\nc,3\n");
  EXPECT_NE(Poll(*Reader()).find("a.csv:4"), std::string::npos);
  spec_.bad_rows_lane = true;
  std::unique_ptr<SplitReader> reader = Reader();
  EXPECT_EQ(Poll(*reader), "a,1;c,3;");
  Batch bad = reader->TakeBadRows();
  ASSERT_EQ(bad.rows, 1);
  EXPECT_EQ(bad.columns[0]->StringAt(0), "b,?");
  EXPECT_TRUE(bad.columns[2]->StringAt(0).ends_with("a.csv:4"));
  EXPECT_EQ(bad_rows_.load(), 1);
}

TEST_F(FilesystemTest, AFileThatVanishesIsAClearError) {
  Put("a.csv", "a,1\n");
  std::unique_ptr<SplitReader> reader = Reader();
  ASSERT_TRUE(files_.Remove(root_ + "/a.csv").ok());
  EXPECT_NE(Poll(*reader).find("vanished"), std::string::npos);
  Put("b.csv.gz", Gzip("a,1\nb,2\n").substr(0, 15));
  reader = Reader();
  EXPECT_NE((Poll(*reader) + Poll(*reader)).find("cut off"), std::string::npos);
}

TEST_F(FilesystemTest, PartFilesAppearWhenTheyAreCommitted) {
  spec_.partition_keys = {"k"};
  spec_.options["sink.compression"] = "zstd";
  spec_.options["sink.partition-commit.policy.kind"] = "success-file";
  std::unique_ptr<Sink> sink = registry_.NewSink(Vertex()).value();
  SinkContext context;
  context.clock = &clock_;
  context.files = &files_;
  std::unique_ptr<SinkWriter> writer = sink->MakeWriter(context).value();
  std::unique_ptr<Committer> committer = sink->MakeCommitter(context).value();
  ColumnBuilder k(DataType::String()), n(DataType::Int());
  for (int i = 0; i < 3; ++i) {
    if (i == 2)
      k.AppendNull();
    else
      k.AppendString(i == 0 ? "a/b" : "c");
    n.Append(i);
  }
  ASSERT_TRUE(writer->Write(Batch(3, {k.Finish(), n.Finish()})).ok());
  EXPECT_EQ(All(*Reader()), "");
  ASSERT_TRUE(writer->Flush().value());
  std::vector<std::string> prepared = writer->Prepare(1).value();
  EXPECT_EQ(prepared.size(), 3u);
  EXPECT_EQ(All(*Reader()), "");
  ASSERT_TRUE(committer->Commit(prepared).ok());
  ASSERT_TRUE(committer->Commit(prepared).ok());  // again, after a restart
  ASSERT_TRUE(writer->Close(true).ok());
  EXPECT_TRUE(files_.Stat(root_ + "/k=a%2Fb/_SUCCESS").has_value());
  EXPECT_EQ(All(*Reader()), "NULL,2;a/b,0;c,1;");
}

}  // namespace
}  // namespace penstock
