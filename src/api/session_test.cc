// The public interface as an application uses it: only public headers.
#include "penstock/penstock.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace {

using penstock::QueryResult;
using penstock::Result;
using penstock::RowWriter;
using penstock::Session;
using penstock::SessionOptions;
using penstock::Status;
using penstock::StatusCode;
using penstock::Value;

std::unique_ptr<Session> Open(penstock::ClockMode clock = penstock::ClockMode::kManual) {
  SessionOptions options;
  options.clock = clock;
  options.start_micros = 1'000'000'000'000;  // 1970-01-12 13:46:40
  Result<std::unique_ptr<Session>> session = Session::Open(std::move(options));
  EXPECT_TRUE(session) << session.error().ToString();
  return std::move(*session);
}

// The rows that are there now, as text.
std::vector<std::string> Rows(QueryResult& query) {
  std::vector<std::string> rows;
  while (true) {
    Result<bool> more = query.Next();
    EXPECT_TRUE(more) << more.error().ToString();
    if (!more || !*more) return rows;
    rows.push_back(query.row().ToString());
  }
}

std::vector<std::string> RowsOf(Session& session, const std::string& sql) {
  Result<QueryResult> query = session.Query(sql);
  EXPECT_TRUE(query) << query.error().ToString();
  return query ? Rows(*query) : std::vector<std::string>();
}

// Hands out what the test puts in.
struct Feed {
  std::deque<std::pair<std::string, int64_t>> rows;
  bool ended = false;
};

class FeedSource : public penstock::Source {
 public:
  explicit FeedSource(Feed* feed) : feed_(feed) {}
  Result<penstock::SourceState> Poll(int64_t max_rows, RowWriter& rows) override {
    for (; !feed_->rows.empty() && rows.rows() < max_rows; feed_->rows.pop_front())
      rows.Text(feed_->rows.front().first).Int(feed_->rows.front().second).EndRow();
    return feed_->ended ? penstock::SourceState::kEnd : penstock::SourceState::kIdle;
  }

 private:
  Feed* feed_;
};

void RegisterFeed(Session& session, Feed* feed) {
  Status status = session.RegisterSource("feed", {}, [feed](const penstock::TableInfo&) {
    return Result<std::unique_ptr<penstock::Source>>(std::make_unique<FeedSource>(feed));
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  status = session.Execute(
      "CREATE TABLE clicks (page STRING, n BIGINT, at AS PROCTIME()) WITH ('connector' = 'feed')");
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(SessionTest, QueryGivesColumnsAndRowsAndEnds) {
  auto session = Open(penstock::ClockMode::kMachine);
  Result<QueryResult> query =
      session->Query("SELECT 1 AS a, CAST(NULL AS STRING) AS b, CAST(1.5 AS DECIMAL(4, 2)) AS c");
  ASSERT_TRUE(query) << query.error().ToString();
  ASSERT_EQ(query->columns().size(), 3u);
  EXPECT_EQ(query->columns()[0].name, "a");
  EXPECT_EQ(query->columns()[0].type, "INT NOT NULL");
  EXPECT_EQ(query->columns()[2].type, "DECIMAL(4, 2) NOT NULL");
  ASSERT_TRUE(*query->Next());
  EXPECT_EQ(query->row().kind(), penstock::RowKind::kInsert);
  EXPECT_EQ(query->row().Int(0), 1);
  EXPECT_TRUE(query->row().IsNull(1));
  EXPECT_EQ(query->row().Get(2), Value::Text("1.50"));
  EXPECT_FALSE(*query->Next());
  EXPECT_TRUE(query->ended());
}

TEST(SessionTest, ChangelogRowsCarryTheirKinds) {
  auto session = Open(penstock::ClockMode::kMachine);
  EXPECT_EQ(RowsOf(*session, "SELECT k, COUNT(*) FROM (VALUES ('a'), ('b'), ('a')) AS t(k) GROUP BY k"),
            (std::vector<std::string>{"+I[a, 1]", "+I[b, 1]", "-U[a, 1]", "+U[a, 2]"}));
}

TEST(SessionTest, ErrorsTellNumberAndPlace) {
  auto session = Open();
  Result<QueryResult> query = session->Query("SELECT\n  nonsense FROM (VALUES (1)) AS t(x)");
  ASSERT_FALSE(query);
  EXPECT_EQ(query.error().number(), 2002);
  EXPECT_EQ(query.error().line(), 2);
  EXPECT_EQ(query.error().column(), 3);
  EXPECT_EQ(session->Execute("SELEKT 1").number(), 1001);
  EXPECT_EQ(session->Query("SELECT 1; SELECT 2").error().code(), StatusCode::kInvalidArgument);
}

TEST(SessionTest, ProcessingTimeWindowFiresWhenTheClockIsAdvanced) {
  auto session = Open();
  Feed feed;
  RegisterFeed(*session, &feed);
  Result<QueryResult> query = session->Query(
      "SELECT window_start, page, SUM(n) FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(at), INTERVAL '1' "
      "MINUTE)) "
      "GROUP BY window_start, window_end, page");
  ASSERT_TRUE(query) << query.error().ToString();
  feed.rows = {{"home", 2}, {"home", 3}};
  EXPECT_TRUE(Rows(*query).empty());
  ASSERT_TRUE(session->AdvanceTime(std::chrono::seconds(19)).ok());
  EXPECT_TRUE(Rows(*query).empty());  // 13:46:59
  ASSERT_TRUE(session->AdvanceTime(std::chrono::seconds(1)).ok());
  EXPECT_EQ(Rows(*query), (std::vector<std::string>{"+I[1970-01-12 13:46:00.000, home, 5]"}));

  // A long step fires each window at its own instant: rows that come in between go where they belong.
  feed.rows = {{"home", 7}};
  ASSERT_TRUE(session->AdvanceTime(std::chrono::minutes(10)).ok());
  EXPECT_EQ(Rows(*query), (std::vector<std::string>{"+I[1970-01-12 13:47:00.000, home, 7]"}));
  EXPECT_FALSE(query->ended());
  EXPECT_EQ(session->now_micros(), 1'000'620'000'000);
}

TEST(SessionTest, SourceEndsTheQueryWhenItEnds) {
  auto session = Open();
  Feed feed;
  RegisterFeed(*session, &feed);
  Result<QueryResult> query = session->Query("SELECT page, n FROM clicks WHERE n > 1");
  ASSERT_TRUE(query) << query.error().ToString();
  feed.rows = {{"a", 1}, {"b", 2}};
  EXPECT_EQ(Rows(*query), (std::vector<std::string>{"+I[b, 2]"}));
  EXPECT_FALSE(query->ended());
  feed.rows = {{"c", 3}};
  feed.ended = true;
  EXPECT_EQ(Rows(*query), (std::vector<std::string>{"+I[c, 3]"}));
  EXPECT_TRUE(query->ended());
}

// Keeps what it is given as text.
class ListSink : public penstock::Sink {
 public:
  explicit ListSink(std::vector<std::string>* to) : to_(to) {}
  Status Write(const penstock::RowBatch& rows) override {
    for (int64_t i = 0; i < rows.rows(); ++i) to_->push_back(penstock::Row(rows, i).ToString());
    return Status::Ok();
  }
  Status Close(bool success) override {
    to_->push_back(success ? "closed" : "abandoned");
    return Status::Ok();
  }

 private:
  std::vector<std::string>* to_;
};

Status RegisterList(Session& session, std::vector<std::string>* to) {
  return session.RegisterSink("list", [to](const penstock::TableInfo&) {
    return Result<std::unique_ptr<penstock::Sink>>(std::make_unique<ListSink>(to));
  });
}

TEST(SessionTest, SinkGetsRowsAndTheEnd) {
  auto session = Open(penstock::ClockMode::kMachine);
  std::vector<std::string> got;
  ASSERT_TRUE(RegisterList(*session, &got).ok());
  Status status = session->Execute(
      "CREATE TABLE kept (a INT, b STRING) WITH ('connector' = 'list');"
      "INSERT INTO kept VALUES (1, 'x'), (2, CAST(NULL AS STRING))");
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(got, (std::vector<std::string>{"+I[1, x]", "+I[2, NULL]", "closed"}));
  EXPECT_EQ(session->Execute("SELECT * FROM kept").number(), 4006);
  EXPECT_EQ(RegisterList(*session, &got).code(), StatusCode::kAlreadyExists);
}

TEST(SessionTest, BackgroundInsertGoesOnUnderAManualClock) {
  auto session = Open();
  Feed feed;
  RegisterFeed(*session, &feed);
  std::vector<std::string> got;
  ASSERT_TRUE(RegisterList(*session, &got).ok());
  ASSERT_TRUE(session
                  ->Execute("CREATE TABLE kept (page STRING, n BIGINT) WITH ('connector' = 'list');"
                            "INSERT INTO kept SELECT page, n FROM clicks")
                  .ok());
  feed.rows = {{"a", 1}};
  ASSERT_TRUE(session->AdvanceTime(std::chrono::milliseconds(1)).ok());
  EXPECT_EQ(got, (std::vector<std::string>{"+I[a, 1]"}));
  session.reset();
  EXPECT_EQ(got.back(), "abandoned");
}

TEST(SessionTest, RowFunctionTakesNullsAndFails) {
  auto session = Open();
  ASSERT_TRUE(
      session
          ->RegisterFunction<double(double, int64_t)>(
              "discount",
              [](double price, int64_t percent) { return price * static_cast<double>(100 - percent) / 100; })
          .ok());
  ASSERT_TRUE(session
                  ->RegisterFunction<std::string(std::optional<std::string_view>)>(
                      "or_none",
                      [](std::optional<std::string_view> text) { return std::string(text.value_or("none")); })
                  .ok());
  ASSERT_TRUE(session
                  ->RegisterFunction<Result<int64_t>(int64_t)>(
                      "only_even",
                      [](int64_t n) -> Result<int64_t> {
                        if (n % 2 != 0)
                          return Status(StatusCode::kInvalidData, std::to_string(n) + " is odd");
                        return n;
                      })
                  .ok());
  EXPECT_EQ(RowsOf(*session,
                   "SELECT discount(200, 25), or_none(x), discount(CAST(NULL AS INT), 1) "
                   "FROM (VALUES ('a'), (CAST(NULL AS STRING))) AS t(x)"),
            (std::vector<std::string>{"+I[150.0, a, NULL]", "+I[150.0, none, NULL]"}));
  Result<QueryResult> query = session->Query("SELECT only_even(x) FROM (VALUES (2), (3)) AS t(x)");
  ASSERT_TRUE(query) << query.error().ToString();
  Result<bool> row = query->Next();
  while (row && *row) row = query->Next();
  ASSERT_FALSE(row);
  EXPECT_NE(row.error().ToString().find("3 is odd"), std::string::npos) << row.error().ToString();
  EXPECT_EQ(session->Query("SELECT discount('x')").error().number(), 2005);
  EXPECT_EQ(session->RegisterFunction<int64_t(int64_t)>("abs", [](int64_t n) { return n; }).code(),
            StatusCode::kAlreadyExists);
}

TEST(SessionTest, BatchFunctionTakesAnyType) {
  auto session = Open();
  penstock::ScalarFunction function;
  function.name = "describe_row";
  function.argument_types = {"ROW<a INT, b ARRAY<STRING>>", "DECIMAL(10, 2)"};
  function.result_type = "DECIMAL(12, 3)";
  function.evaluate = [](const penstock::RowBatch& rows, RowWriter& results) {
    for (int64_t i = 0; i < rows.rows(); ++i) {
      Value row = rows.Get(i, 0);
      EXPECT_EQ(row.as_list()[1].as_list().size(), 2u);
      results.Text(rows.Get(i, 1).as_text() + std::to_string(row.as_list()[0].as_int())).EndRow();
    }
    return Status::Ok();
  };
  ASSERT_TRUE(session->RegisterFunction(function).ok());
  EXPECT_EQ(RowsOf(*session,
                   "SELECT describe_row(CAST(ROW(7, ARRAY['x', 'y']) AS ROW<a INT, b ARRAY<STRING>>), "
                   "CAST(1.25 AS DECIMAL(10, 2)))"),
            (std::vector<std::string>{"+I[1.257]"}));
}

TEST(SessionTest, WrongCellOfASourceFailsTheQueryAndNamesTheColumn) {
  auto session = Open();
  class Wrong : public penstock::Source {
    Result<penstock::SourceState> Poll(int64_t, RowWriter& rows) override {
      rows.Text("no number").EndRow();
      return penstock::SourceState::kEnd;
    }
  };
  ASSERT_TRUE(session
                  ->RegisterSource("wrong", {},
                                   [](const penstock::TableInfo&) {
                                     return Result<std::unique_ptr<penstock::Source>>(
                                         std::make_unique<Wrong>());
                                   })
                  .ok());
  ASSERT_TRUE(session->Execute("CREATE TABLE t (x BIGINT) WITH ('connector' = 'wrong')").ok());
  Result<QueryResult> query = session->Query("SELECT x FROM t");
  ASSERT_TRUE(query);
  Result<bool> row = query->Next();
  ASSERT_FALSE(row);
  EXPECT_NE(row.error().ToString().find("column 'x'"), std::string::npos) << row.error().ToString();
}

TEST(SessionTest, EndlessQueryIsReadSlowlyAndCancelled) {
  auto session = Open(penstock::ClockMode::kMachine);
  ASSERT_TRUE(session
                  ->Execute("CREATE TEMPORARY TABLE t (id BIGINT) WITH ('connector' = 'datagen', "
                            "'rows-per-second' = '100000000')")
                  .ok());
  Result<QueryResult> query = session->Query("SELECT id FROM t");
  ASSERT_TRUE(query) << query.error().ToString();
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(*query->Next());
  query->Cancel();
  EXPECT_FALSE(*query->Next());
  EXPECT_TRUE(query->ended());
}

}  // namespace
