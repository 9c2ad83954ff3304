// The account of bytes, and sizes of memory as text.
#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace penstock {
namespace {

TEST(MemoryBudgetTest, GivesNoMoreThanItsLimit) {
  MemoryBudget budget(100);
  EXPECT_TRUE(budget.TryTake(60));
  EXPECT_FALSE(budget.TryTake(41));
  EXPECT_EQ(budget.used(), 60);
  EXPECT_TRUE(budget.TryTake(40));
  budget.Give(100);
  EXPECT_EQ(budget.used(), 0);
}

TEST(MemoryBudgetTest, WhatMustBeIsTakenAndFelt) {
  MemoryBudget budget(100);
  budget.Take(150);
  EXPECT_FALSE(budget.TryTake(1));
  budget.Give(100);
  EXPECT_TRUE(budget.TryTake(50));
}

TEST(MemoryBudgetTest, WithoutALimitEverythingFits) {
  MemoryBudget budget;
  EXPECT_FALSE(budget.limited());
  EXPECT_TRUE(budget.TryTake(int64_t{1} << 60));
}

TEST(MemorySizeTest, UnitsAreThoseOfFlink) {
  long long bytes = 0;
  EXPECT_TRUE(ParseMemorySize("512 mb", &bytes));
  EXPECT_EQ(bytes, 512LL << 20);
  EXPECT_TRUE(ParseMemorySize("2G", &bytes));
  EXPECT_EQ(bytes, 2LL << 30);
  EXPECT_TRUE(ParseMemorySize("1024", &bytes));
  EXPECT_EQ(bytes, 1024);
  EXPECT_FALSE(ParseMemorySize("much", &bytes));
  EXPECT_FALSE(ParseMemorySize("-1 mb", &bytes));
  EXPECT_FALSE(ParseMemorySize("9999999999 tb", &bytes));
}

}  // namespace
}  // namespace penstock
