// The contract of FileLock and of creating a file that must be new.
#include "env/files/file_lock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "env/files/file_system.h"

namespace penstock {
namespace {

std::string Fresh(const char* name) {
  std::string path = testing::TempDir() + "/penstock-" + std::to_string(::getpid()) + "-" + name;
  ::unlink(path.c_str());
  return path;
}

TEST(FileLockTest, OneHolderAtATime) {
  std::string path = Fresh("lock");
  Result<std::unique_ptr<FileLock>> first = FileLock::Take(path);
  ASSERT_TRUE(first);
  Result<std::unique_ptr<FileLock>> second = FileLock::Take(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), StatusCode::kAlreadyExists);
  first->reset();
  EXPECT_TRUE(FileLock::Take(path));
}

TEST(FileSystemTest, OfTwoWhoCreateANewFileOneWins) {
  LocalFileSystem files;
  std::string path = Fresh("new");
  ASSERT_TRUE(files.OpenForWrite(path, WriteMode::kCreateNew));
  Result<std::unique_ptr<WritableFile>> again = files.OpenForWrite(path, WriteMode::kCreateNew);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace penstock
