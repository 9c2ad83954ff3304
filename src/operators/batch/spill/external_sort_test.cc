// External sort and spilled files over a file system in memory.
#include "operators/batch/spill/external_sort.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "env/files/memory_file_system.h"
#include "env/random.h"

namespace penstock {
namespace {

class ExternalSortTest : public testing::Test {
 protected:
  ExternalSortTest() {
    context_.files = &files_;
    context_.memory = &budget_;
    context_.work_directory = "/work";
    context_.metrics = &metrics_;
  }
  std::vector<std::string> Drain(const ExternalSort& sort) {
    std::vector<std::string> rows;
    std::unique_ptr<SortedCursor> cursor = sort.NewCursor().value();
    while (cursor->Next().value())
      rows.push_back(std::string(cursor->key()) + "=" + std::string(cursor->row()));
    return rows;
  }

  MemoryFileSystem files_;
  MemoryBudget budget_;
  OperatorMetrics metrics_;
  OperatorContext context_;
};

TEST_F(ExternalSortTest, RunsOnDiskGiveTheOrderOfMemory) {
  for (int64_t limit : {MemoryBudget::kUnlimited, int64_t{1}}) {
    budget_.set_limit(limit);
    {
      SpillSpace space(&context_);
      ExternalSort sort(&space);
      std::vector<std::string> expected;
      Random random(7);
      for (int i = 0; i < 20000; ++i) {
        std::string key = "k" + std::to_string(1000 + random.Below(3000));
        std::string row = std::to_string(100000 + i);  // rises: equal keys stay in the order they came
        ASSERT_TRUE(sort.Add(key, row).ok());
        expected.push_back(key + "=" + row);
      }
      ASSERT_TRUE(sort.Finish().ok());
      std::sort(expected.begin(), expected.end());
      EXPECT_EQ(Drain(sort), expected);
      EXPECT_EQ(Drain(sort), expected);
      EXPECT_EQ(metrics_.spilled_bytes > 0, limit == 1);
      EXPECT_EQ(sort.rows(), 20000);
    }
    EXPECT_EQ(budget_.used(), 0);
    EXPECT_TRUE(limit == MemoryBudget::kUnlimited || files_.List("/work").value().empty());
  }
}

TEST_F(ExternalSortTest, OnlyTheFirstRowsAreKeptWhereNoOthersAreAskedFor) {
  budget_.set_limit(1);
  SpillSpace space(&context_);
  ExternalSort sort(&space, 1, 2);
  for (int i = 0; i < 30000; ++i) ASSERT_TRUE(sort.Add("k" + std::to_string(200000 - i), "").ok());
  ASSERT_TRUE(sort.Finish().ok());
  std::vector<std::string> rows = Drain(sort);
  ASSERT_GE(rows.size(), 2);
  EXPECT_EQ(rows[0], "k170001=");
  EXPECT_EQ(rows[1], "k170002=");
  EXPECT_LT(metrics_.spilled_bytes, 10000);
}

TEST_F(ExternalSortTest, DamagedFilesAreNoticed) {
  SpillSpace space(&context_);
  std::unique_ptr<SpillWriter> writer = space.NewFile().value();
  ASSERT_TRUE(writer->Add("key", "value").ok());
  SpillFilePtr file = space.Finish(std::move(writer)).value();
  std::string bytes = ReadFile(files_, file->path()).value();
  bytes.back() ^= 1;
  ASSERT_TRUE(files_.OpenForWrite(file->path(), WriteMode::kReplace).value()->Append(bytes).ok());
  Result<bool> read = SpillReader::Open(file).value()->Next();
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code(), StatusCode::kCorruption);
  EXPECT_NE(read.error().ToString().find(file->path()), std::string::npos);
}

}  // namespace
}  // namespace penstock
