// Facts about live tables and the texts of terminals.
#include "engine/output/live_table.h"

#include <gtest/gtest.h>

#include "data/column_builder.h"
#include "engine/output/terminal_screen.h"

namespace penstock {
namespace {

using Lines = std::vector<std::string>;

// Rows of a STRING and a BIGINT column.
struct Change {
  RowKind kind;
  std::string name;
  int64_t number;
};
Batch BatchOf(const std::vector<Change>& changes) {
  ColumnBuilder names(DataType::String()), numbers(DataType::BigInt());
  auto kinds = std::make_shared<std::vector<RowKind>>();
  for (const Change& change : changes) {
    names.AppendString(change.name);
    numbers.Append<int64_t>(change.number);
    kinds->push_back(change.kind);
  }
  Batch batch(static_cast<int64_t>(changes.size()), {names.Finish(), numbers.Finish()});
  batch.kinds = kinds;
  return batch;
}

LiveTable::Options TableOptions() {
  LiveTable::Options options;
  options.schema = Schema{{"name", DataType::String()}, {"n", DataType::BigInt()}};
  return options;
}

// The rows alone, without the box.
Lines RowsOf(const LiveTable& table, int64_t rows = -1) {
  Lines lines = table.Render(rows, -1, false);
  return Lines(lines.begin() + 3, lines.end() - 2);
}

TEST(LiveTable, AnUpdateKeepsItsPlace) {
  LiveTable table(TableOptions());
  table.Apply(BatchOf({{RowKind::kInsert, "a", 1}, {RowKind::kInsert, "b", 1}}));
  table.Apply(BatchOf({{RowKind::kUpdateBefore, "a", 1}, {RowKind::kUpdateAfter, "a", 2}}));
  EXPECT_EQ(RowsOf(table), (Lines{"| a    | 2 |", "| b    | 1 |"}));
}

TEST(LiveTable, ADeletionTakesOneOfEqualRows) {
  LiveTable table(TableOptions());
  table.Apply(BatchOf({{RowKind::kInsert, "a", 1}, {RowKind::kInsert, "a", 1}, {RowKind::kDelete, "a", 1}}));
  EXPECT_EQ(RowsOf(table), (Lines{"| a    | 1 |"}));
}

TEST(LiveTable, RowsReplaceEachOtherByKey) {
  LiveTable::Options options = TableOptions();
  options.key = {0};
  LiveTable table(options);
  table.Apply(BatchOf(
      {{RowKind::kUpdateAfter, "a", 1}, {RowKind::kUpdateAfter, "b", 5}, {RowKind::kUpdateAfter, "a", 7}}));
  EXPECT_EQ(RowsOf(table), (Lines{"| a    | 7 |", "| b    | 5 |"}));
  table.Apply(BatchOf({{RowKind::kDelete, "a", 0}}));
  EXPECT_EQ(RowsOf(table), (Lines{"| b    | 5 |"}));
}

TEST(LiveTable, ShowsTheNewestRowsOrTheFirstOfItsOrder) {
  std::vector<Change> changes;
  for (int64_t i = 0; i < 9; ++i) changes.push_back({RowKind::kInsert, "r", i});
  LiveTable arrival(TableOptions());
  arrival.Apply(BatchOf(changes));
  EXPECT_EQ(RowsOf(arrival, 2), (Lines{"| r    | 7 |", "| r    | 8 |"}));
  EXPECT_EQ(arrival.Render(2, -1, false).back(), "2 of 9 rows");
  LiveTable::Options options = TableOptions();
  options.order = {{1, false}};
  LiveTable sorted(options);
  sorted.Apply(BatchOf(changes));
  EXPECT_EQ(RowsOf(sorted, 2), (Lines{"| r    | 0 |", "| r    | 1 |"}));
}

TEST(LiveTable, TooManyRowsGoAndAreCounted) {
  LiveTable::Options options = TableOptions();
  options.rows_max = 10;
  LiveTable table(options);
  std::vector<Change> changes;
  for (int64_t i = 0; i < 100; ++i) changes.push_back({RowKind::kInsert, "r", i});
  table.Apply(BatchOf(changes));
  EXPECT_EQ(RowsOf(table).size(), 10U);
  EXPECT_EQ(RowsOf(table, 1), (Lines{"| r    | 99 |"}));
  EXPECT_EQ(table.Render(1, -1, false).back(), "1 of 100 rows");
}

TEST(TerminalText, EscapesAndContinuationsTakeNoColumn) {
  EXPECT_EQ(TextColumns("\x1b[1mäö\x1b[0m"), 2U);
  EXPECT_EQ(ClippedTo("\x1b[1mäöü\x1b[0m", 2), "\x1b[1mäö\x1b[0m");
}

TEST(TerminalText, WideCharactersTakeTwoColumns) {
  EXPECT_EQ(TextColumns("東京 e\u0301 🚀"), 9U);
  EXPECT_EQ(ClippedTo("東京", 3), "東");
  EXPECT_EQ(TextColumns("\xff\xc3"), 2U);
}

TEST(TerminalText, DigitsAreGrouped) {
  EXPECT_EQ(GroupedDigits(0), "0");
  EXPECT_EQ(GroupedDigits(-123456), "-123,456");
  EXPECT_EQ(GroupedDigits(1234567), "1,234,567");
}

}  // namespace
}  // namespace penstock
