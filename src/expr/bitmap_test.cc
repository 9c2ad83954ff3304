// The Roaring format is read as it is written, for sparse, dense and empty sets.
#include "expr/bitmap.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(BitmapTest, RoaringBytesReadBackTheSame) {
  BitmapMembers dense = {7, 4294967295u};
  for (uint32_t i = 65536; i < 65536 + 5000; ++i) dense.insert(dense.end() - 1, i);
  for (const BitmapMembers& members : {BitmapMembers{}, BitmapMembers{0, 1, 70000}, dense}) {
    std::string stored = EncodeBitmap(members);
    EXPECT_EQ(BitmapFromRoaring(BitmapToRoaring(stored)), stored);
  }
}

TEST(BitmapTest, TheEmptyBitmapIsTheCookieAndACountOfZero) {
  EXPECT_EQ(BitmapToRoaring(""), std::string("\x3a\x30\0\0\0\0\0\0", 8));
}

TEST(BitmapTest, MalformedBytesAreRefused) {
  EXPECT_FALSE(BitmapFromRoaring("").has_value());
  EXPECT_FALSE(BitmapFromRoaring("invalid").has_value());
}

}  // namespace
}  // namespace penstock
