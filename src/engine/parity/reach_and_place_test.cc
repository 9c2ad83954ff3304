// How far a statement reaches in event time, and where its rows stand in it: of plans as a session binds them
// for a Rerun, which refuses to run them.
#include <gtest/gtest.h>

#include "engine/output/result_handler.h"
#include "engine/rerun/rerun.h"
#include "engine/session.h"
#include "env/files/memory_file_system.h"
#include "sql/rerun/row_place.h"
#include "sql/rerun/time_reach.h"

namespace penstock {
namespace {

using Kind = sql::RowPlace::Kind;

class Looker : public Rerun {
 public:
  Result<sql::ReadRange> Begin(const Job& job) override {
    reach = sql::ReachOf(job.context, job.plans.at(0));
    place = sql::PlaceOf(job.plans[0]);
    for (int column = 0; column < job.plans[0]->schema.size(); ++column) {
      std::string& text = origins.emplace_back();
      for (const sql::ColumnOrigin& origin : sql::OriginsOf(job.plans[0], column))
        text += (text.empty() ? "" : " ") + origin.table->path.object + "." + origin.column;
    }
    looked = true;
    return Status::Unsupported("it was only looked at");
  }
  Result<std::unique_ptr<SinkWriter>> MakeWriter(const std::string&) override {
    return Status::Internal("nothing runs");
  }
  sql::TimeReach reach;
  sql::RowPlace place;
  std::vector<std::string> origins;  // by column
  bool looked = false;
};

class Errors : public ResultHandler {
 public:
  void OnColumns(int, const Schema&) override {}
  void OnRows(int, const Batch&) override {}
  void OnOk(int) override {}
  void OnError(int, StatementPhase, const Status& status) override { error = status.ToString(); }
  std::string error;
};

class ReachAndPlace : public testing::Test {
 protected:
  // `columns`: of the sink, with their types.
  Looker Look(const std::string& columns, const std::string& query, const std::string& settings = "") {
    Looker looker;
    SessionOptions options;
    options.rerun = &looker;
    ManualClock clock(0);
    MemoryFileSystem files;
    Session session(options, &clock, &files);
    Errors errors;
    std::string script;
    for (const char* name : {"t", "u"}) {
      script += std::string("CREATE TABLE ") + name +
                " (k STRING, v INT, ts TIMESTAMP(3), at AS PROCTIME(), WATERMARK FOR ts AS ts) WITH "
                "('connector' = 'filesystem', 'path' = '/t', 'format' = 'json');\n";
    }
    script += "CREATE TABLE o (" + columns + ") WITH ('connector' = 'blackhole');\n" + settings;
    (void)session.ExecuteScript(script + "INSERT INTO o " + query + ";", &errors);
    EXPECT_TRUE(looker.looked) << errors.error;
    return looker;
  }
  static std::string Tumble(const std::string& table, int seconds) {
    return "TABLE(TUMBLE(TABLE " + table + ", DESCRIPTOR(ts), INTERVAL '" + std::to_string(seconds) +
           "' SECOND))";
  }
};

TEST_F(ReachAndPlace, RowsOfAQueryWithoutStateStandAtTheirTimeAndReachNowhere) {
  Looker looker = Look("k STRING, ts TIMESTAMP(3)", "SELECT k, ts FROM t WHERE v > 3");
  EXPECT_EQ(looker.reach.ms, 0);
  EXPECT_EQ(looker.reach.unbounded, "");
  EXPECT_EQ(looker.place.kind, Kind::kTime);
  EXPECT_EQ(looker.place.time, 1);
  EXPECT_EQ(looker.origins, (std::vector<std::string>{"t.k", "t.ts"}));
}

TEST_F(ReachAndPlace, ATimeMayBeConvertedButNotComputed) {
  Looker looker = Look("k STRING, ts TIMESTAMP(6)", "SELECT UPPER(k), CAST(ts AS TIMESTAMP(6)) FROM t");
  EXPECT_EQ(looker.place.kind, Kind::kTime);
  EXPECT_EQ(looker.place.time, 1);
  EXPECT_EQ(looker.origins, (std::vector<std::string>{"", ""})) << "the values are others";
  looker = Look("ts TIMESTAMP(3)", "SELECT ts + INTERVAL '1' HOUR FROM t");
  EXPECT_EQ(looker.place.kind, Kind::kNone);
}

TEST_F(ReachAndPlace, AWindowReachesAsFarAsItIsLong) {
  Looker looker = Look("s TIMESTAMP(3), e TIMESTAMP(3), k STRING, n BIGINT",
                       "SELECT window_start, window_end, k, COUNT(*) FROM " + Tumble("t", 5) +
                           " GROUP BY window_start, window_end, k");
  EXPECT_EQ(looker.reach.ms, 5000);
  EXPECT_EQ(looker.reach.unbounded, "");
  EXPECT_EQ(looker.place.kind, Kind::kWindow);
  EXPECT_EQ(looker.place.start, 0);
  EXPECT_EQ(looker.place.end, 1);
  EXPECT_EQ(looker.place.window.size, 5000);
  EXPECT_EQ(looker.origins[2], "t.k");
  looker = Look("e TIMESTAMP(3), n BIGINT",
                "SELECT window_end, COUNT(*) FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND, "
                "INTERVAL '6' SECOND)) GROUP BY window_start, window_end");
  EXPECT_EQ(looker.reach.ms, 6000);
  EXPECT_EQ(looker.place.kind, Kind::kWindow) << "the end and the size tell the start";
  EXPECT_EQ(looker.place.start, -1);
  EXPECT_EQ(looker.place.end, 0);
}

TEST_F(ReachAndPlace, ASessionStandsNowhereWithoutBothItsBounds) {
  const std::string from =
      " FROM TABLE(SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), INTERVAL '3' SECOND)) "
      "GROUP BY k, window_start, window_end";
  Looker both = Look("k STRING, s TIMESTAMP(3), e TIMESTAMP(3)", "SELECT k, window_start, window_end" + from);
  EXPECT_EQ(both.reach.ms, 3000);
  EXPECT_EQ(both.place.kind, Kind::kWindow);
  Looker one = Look("k STRING, s TIMESTAMP(3)", "SELECT k, window_start" + from);
  EXPECT_EQ(one.place.kind, Kind::kNone);
}

TEST_F(ReachAndPlace, WindowsOfWindowsAddUp) {
  Looker looker =
      Look("s TIMESTAMP(3), e TIMESTAMP(3), n BIGINT",
           "SELECT window_start, window_end, SUM(n) FROM TABLE(TUMBLE(TABLE w, DESCRIPTOR(ts), INTERVAL '10' "
           "SECOND)) GROUP BY window_start, window_end",
           "CREATE VIEW w AS SELECT window_time AS ts, COUNT(*) AS n FROM " + Tumble("t", 5) +
               " GROUP BY window_start, window_end, window_time;\n");
  EXPECT_EQ(looker.reach.ms, 15'000);
  EXPECT_EQ(looker.place.window.size, 10'000);
}

TEST_F(ReachAndPlace, JoinsReachAsFarAsTheirBounds) {
  Looker interval = Look("k STRING, ts TIMESTAMP(3)",
                         "SELECT t.k, t.ts FROM t JOIN u ON t.k = u.k AND u.ts BETWEEN t.ts - INTERVAL '2' "
                         "SECOND AND t.ts + INTERVAL '7' SECOND");
  EXPECT_EQ(interval.reach.ms, 7000);
  EXPECT_EQ(interval.reach.unbounded, "");
  Looker windows = Look("k STRING", "SELECT a.k FROM (SELECT * FROM " + Tumble("t", 5) +
                                        ") a JOIN (SELECT * FROM " + Tumble("u", 5) +
                                        ") b ON a.k = b.k AND a.window_start = b.window_start AND "
                                        "a.window_end = b.window_end");
  EXPECT_EQ(windows.reach.ms, 5000);
  EXPECT_EQ(windows.reach.unbounded, "");
  Looker regular = Look("k STRING", "SELECT t.k FROM t JOIN u ON t.k = u.k");
  EXPECT_EQ(regular.reach.unbounded, "a regular join");
  EXPECT_EQ(regular.place.kind, Kind::kNone);
}

TEST_F(ReachAndPlace, StateHasNoBoundUnlessItLivesForATime) {
  const std::string query = "SELECT k, COUNT(*) FROM t GROUP BY k";
  EXPECT_EQ(Look("k STRING, n BIGINT", query).reach.unbounded, "GROUP BY without a window");
  Looker lives = Look("k STRING, n BIGINT", query, "SET 'table.exec.state.ttl' = '1 h';\n");
  EXPECT_EQ(lives.reach.unbounded, "");
  EXPECT_EQ(lives.reach.ms, 3'600'000);
  Looker hinted = Look("k STRING",
                       "SELECT /*+ STATE_TTL('t' = '1 min', 'u' = '2 min') */ t.k FROM t JOIN u "
                       "ON t.k = u.k");
  EXPECT_EQ(hinted.reach.unbounded, "");
  EXPECT_EQ(hinted.reach.ms, 120'000) << "the longer one";
}

TEST_F(ReachAndPlace, OverReachesAsFarAsItsRange) {
  auto over = [&](const std::string& frame) {
    return Look("k STRING, ts TIMESTAMP(3), s INT", "SELECT k, ts, SUM(v) OVER (PARTITION BY k ORDER BY ts " +
                                                        frame + " PRECEDING AND CURRENT ROW) FROM t");
  };
  Looker range = over("RANGE BETWEEN INTERVAL '4' SECOND");
  EXPECT_EQ(range.reach.ms, 4000);
  EXPECT_EQ(range.reach.unbounded, "");
  EXPECT_EQ(range.place.time, 1);
  EXPECT_NE(over("ROWS BETWEEN 2").reach.unbounded, "");
  EXPECT_NE(over("RANGE BETWEEN UNBOUNDED").reach.unbounded, "");
}

TEST_F(ReachAndPlace, WhatARowIsLookedUpInIsNotReadOverTheRange) {
  Looker looker =
      Look("k STRING, ts TIMESTAMP(3), n BIGINT",
           "SELECT t.k, t.ts, r.n FROM t LEFT JOIN r FOR SYSTEM_TIME AS OF t.ts AS r ON t.k = r.k",
           "CREATE TABLE r (k STRING, n BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts, PRIMARY KEY (k) NOT "
           "ENFORCED) WITH ('connector' = 'filesystem', 'path' = '/r', 'format' = 'debezium-json');\n");
  EXPECT_EQ(looker.reach.ms, 0);
  EXPECT_EQ(looker.reach.unbounded, "");
  EXPECT_EQ(looker.place.kind, Kind::kTime);
}

TEST_F(ReachAndPlace, RowsOfAUnionStandWhereAllOfThemDo) {
  Looker both = Look("k STRING, ts TIMESTAMP(3)", "SELECT k, ts FROM t UNION ALL SELECT k, ts FROM u");
  EXPECT_EQ(both.place.kind, Kind::kTime);
  EXPECT_EQ(both.origins, (std::vector<std::string>{"t.k u.k", "t.ts u.ts"}));
  Looker half = Look("k STRING, ts TIMESTAMP(3)",
                     "SELECT k, ts FROM t UNION ALL SELECT k, ts - INTERVAL '1' SECOND FROM u");
  EXPECT_EQ(half.place.kind, Kind::kNone);
  Looker distinct = Look("k STRING", "SELECT k FROM t UNION SELECT k FROM u");
  EXPECT_NE(distinct.reach.unbounded, "");
}

}  // namespace
}  // namespace penstock
