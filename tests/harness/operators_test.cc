// Every registered operator in the OperatorHarness: queries over small tables run once, with what each
// operator receives recorded; then each operator alone goes through the recorded history, and through
// variations of it, disturbed in every way.
#include <gtest/gtest.h>

#include <set>

#include "engine/session.h"
#include "env/files/memory_file_system.h"
#include "stream/testing/forwarding_operator.h"
#include "stream/testing/operator_harness.h"

namespace penstock {
namespace {

// What one operator subtask of a job was and received.
struct Recording {
  std::string factory;
  JobVertex vertex;
  OperatorContext context;
  EvalContext eval;
  OperatorScript script;
};

class Recorder : public ForwardingOperator {
 public:
  Recorder(std::unique_ptr<Operator> inner, Recording* recording)
      : ForwardingOperator(std::move(inner)), recording_(recording) {}
  Status Open(OperatorContext* context) override {
    recording_->context = *context;
    recording_->eval = *context->eval;
    return ForwardingOperator::Open(context);
  }
  Result<Progress> Process(int input, const Batch& batch, Output& out) override {
    recording_->script.AddBatch(input, batch);
    return ForwardingOperator::Process(input, batch, out);
  }
  Result<Progress> OnEndOfInput(int input, bool drained, Output& out) override {
    recording_->script.AddEnd(input);
    return ForwardingOperator::OnEndOfInput(input, drained, out);
  }

 private:
  Recording* recording_;
};

// Its parts leave before every barrier, so what is cut where depends on the disturbance; the text tests
// compare what the parts add up to.
constexpr std::string_view kCutsAtWill = "partial_aggregate";

class SilentHandler : public ResultHandler {
 public:
  void OnColumns(int, const Schema&) override {}
  void OnRows(int, const Batch&) override {}
  void OnOk(int) override {}
  void OnError(int statement, StatementPhase, const Status& status) override {
    error = "statement " + std::to_string(statement) + ": " + status.ToString();
  }
  std::string error;
};

const char* const kTables = R"(
CREATE TABLE t (id BIGINT, k STRING, v INT, ts TIMESTAMP(3), at AS PROCTIME(),
  WATERMARK FOR ts AS ts - INTERVAL '3' SECOND) WITH ('connector' = 'values', 'path' = '/t');
CREATE TABLE u (id BIGINT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '2' SECOND) WITH ('connector' = 'values', 'path' = '/u');
CREATE TABLE o (id BIGINT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '3' SECOND) WITH ('connector' = 'values', 'path' = '/o');
CREATE TABLE c (id BIGINT, k STRING, v INT)
  WITH ('connector' = 'values', 'path' = '/c', 'changelog-mode' = 'I,UB,UA,D');
CREATE TABLE d (id BIGINT, k STRING, v INT)
  WITH ('connector' = 'values', 'path' = '/d', 'changelog-mode' = 'I,UB,UA,D');
CREATE TABLE p (id BIGINT, k STRING, v INT, PRIMARY KEY (id) NOT ENFORCED)
  WITH ('connector' = 'values', 'path' = '/p', 'changelog-mode' = 'I,UA,D');
CREATE TABLE versions (k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts,
  PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'values', 'path' = '/versions');
CREATE TABLE keyed (k STRING NOT NULL, n BIGINT, PRIMARY KEY (k) NOT ENFORCED)
  WITH ('connector' = 'values', 'path' = '/keyed');
CREATE TABLE q (id BIGINT, k STRING, v INT, PRIMARY KEY (id) NOT ENFORCED)
  WITH ('connector' = 'values', 'path' = '/c', 'changelog-mode' = 'I,UB,UA,D');
CREATE TABLE by_id (id BIGINT, v INT, PRIMARY KEY (id) NOT ENFORCED)
  WITH ('connector' = 'values', 'path' = '/by_id');
CREATE TABLE xs (id BIGINT, a ARRAY<INT>) WITH ('connector' = 'values', 'path' = '/xs');
)";

struct Case {
  const char* name;
  const char* sql;
};

#define W(window) "FROM TABLE(" window ") GROUP BY window_start, window_end"

const Case kCases[] = {
    {"Filter", "SELECT id + 1, UPPER(k) FROM t WHERE v > 3"},
    {"GroupAggregate", "SELECT k, COUNT(*), SUM(v), MIN(v), COUNT(DISTINCT v) FROM c GROUP BY k"},
    {"GlobalAggregate", "SELECT COUNT(*) FILTER (WHERE v > 3), MAX(v) FROM c"},
    {"GroupingSets", "SELECT k, v, COUNT(*) FROM t GROUP BY CUBE (k, v)"},
    {"Tumble", "SELECT window_start, SUM(v), COUNT(DISTINCT k) " W(
                   "TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND)")},
    {"Hop",
     "SELECT window_start, k, MAX(v) FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND, "
     "INTERVAL '6' SECOND)) GROUP BY window_start, window_end, k"},
    {"Cumulate", "SELECT window_end, COUNT(*), AVG(v) " W(
                     "CUMULATE(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '6' SECOND)")},
    {"ProcessingTimeWindow",
     "SELECT window_start, COUNT(*) " W("TUMBLE(TABLE t, DESCRIPTOR(at), INTERVAL '5' SECOND)")},
    {"Session",
     "SELECT k, window_start, window_end, SUM(v) FROM TABLE(SESSION(TABLE t PARTITION BY k, "
     "DESCRIPTOR(ts), INTERVAL '2' SECOND)) GROUP BY k, window_start, window_end"},
    {"WindowFunction",
     "SELECT id, window_start FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND))"},
    {"WindowTopN",
     "SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY v DESC) AS "
     "n "
     "FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND))) WHERE n <= 2"},
    {"WindowDeduplicate",
     "SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, k ORDER BY ts DESC) "
     "AS n FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND))) WHERE n = 1"},
    {"WindowJoin",
     "SELECT a.id, b.id FROM (SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND))) a "
     "FULL JOIN (SELECT * FROM TABLE(TUMBLE(TABLE u, DESCRIPTOR(ts), INTERVAL '5' SECOND))) b "
     "ON a.k = b.k AND a.window_start = b.window_start AND a.window_end = b.window_end"},
    {"InnerJoin", "SELECT c.id, d.id FROM c JOIN d ON c.k = d.k"},
    {"LeftJoin", "SELECT c.id, d.id FROM c LEFT JOIN d ON c.k = d.k AND c.v < d.v"},
    {"FullJoin", "SELECT c.id, d.id FROM c FULL JOIN d ON c.k = d.k"},
    {"SemiJoin", "SELECT id FROM c WHERE EXISTS (SELECT * FROM d WHERE d.k = c.k)"},
    {"AntiJoin", "SELECT id FROM c WHERE NOT EXISTS (SELECT * FROM d WHERE d.k = c.k)"},
    {"IntervalJoin",
     "SELECT t.id, u.id FROM t FULL JOIN u ON t.k = u.k AND u.ts BETWEEN t.ts - INTERVAL '2' "
     "SECOND AND t.ts + INTERVAL '3' SECOND"},
    {"TemporalJoin",
     "SELECT t.id, r.v FROM t LEFT JOIN versions FOR SYSTEM_TIME AS OF t.ts AS r ON t.k = r.k"},
    {"LookupJoin", "SELECT t.id, r.id FROM t LEFT JOIN u FOR SYSTEM_TIME AS OF t.at AS r ON t.k = r.k"},
    {"Unnest", "SELECT id, x FROM xs LEFT JOIN UNNEST(a) AS y (x) ON TRUE"},
    {"TopNOfInserts",
     "SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n FROM t) WHERE n <= 2"},
    {"TopNOfChanges",
     "SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n FROM c) WHERE n <= 2"},
    {"TopNOfSums",
     "SELECT k, s FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY s DESC) AS n FROM (SELECT k, "
     "SUM(v) AS s FROM t GROUP BY k)) WHERE n <= 2"},
    {"LastRow",
     "SELECT id, k FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts DESC) AS n FROM t) "
     "WHERE n = 1"},
    {"FirstRow",
     "SELECT id, k FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY at) AS n FROM t) "
     "WHERE n = 1"},
    {"OverRows",
     "SELECT id, SUM(v) OVER (PARTITION BY k ORDER BY ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) "
     "FROM o"},
    {"OverRange",
     "SELECT id, SUM(v) OVER (PARTITION BY k ORDER BY ts RANGE BETWEEN INTERVAL '3' SECOND "
     "PRECEDING AND CURRENT ROW), COUNT(*) OVER (PARTITION BY k ORDER BY ts RANGE BETWEEN INTERVAL "
     "'3' SECOND PRECEDING AND CURRENT ROW) FROM o"},
    {"OverArrival", "SELECT id, COUNT(*) OVER (PARTITION BY k ORDER BY at) FROM t"},
    {"OverChanges", "SELECT id, SUM(v) OVER (PARTITION BY k ORDER BY v) FROM c"},
    {"Union", "SELECT id, v FROM t UNION ALL SELECT id, v FROM u"},
    {"Intersect", "SELECT k FROM c INTERSECT SELECT k FROM d"},
    {"ExceptAll", "SELECT k FROM c EXCEPT ALL SELECT k FROM d"},
    {"SortByTime", "SELECT id FROM t ORDER BY ts"},
    {"Limit", "SELECT id FROM t LIMIT 7"},
    {"Upserts", "SELECT k, SUM(v) FROM p GROUP BY k"},
    {"KeyedSink", "INSERT INTO keyed SELECT k, id FROM c WHERE k IS NOT NULL ON CONFLICT DO DEDUPLICATE"},
    {"WithoutUpdateBefore", "INSERT INTO by_id SELECT id, v FROM q"},
    {"HotKeyWatch",
     "SET 'penstock.hot-keys' = 'dedicated'; SET 'parallelism.default' = '2'; "
     "SELECT k, COUNT(*) FROM t GROUP BY k"},
    {"HotKeySalt",
     "SET 'penstock.hot-keys' = 'salt'; SET 'parallelism.default' = '2'; SELECT k, window_end, COUNT(*), "
     "SUM(v) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY k, window_start, "
     "window_end"},
    {"OverUnbounded",
     "SELECT id, SUM(v) OVER (PARTITION BY k ORDER BY ts), LAG(v) OVER (PARTITION BY k ORDER BY "
     "ts) FROM o"},
};

class Operators : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    WriteTable("/t", false, 6);
    WriteTable("/u", false, 6);
    // Without late rows: OVER lets a row behind the watermark wait for the next one, and the watermark that a
    // restored operator is told anew is one.
    WriteTable("/o", false, 3);
    WriteTable("/c", true, 0);
    WriteTable("/d", true, 0);
    Write("/p", R"({"kind":"+I","row":[1,"a",5]}
{"kind":"+U","row":[1,"b",6]}
{"kind":"+I","row":[2,"a",1]}
{"kind":"-D","row":[1,"b",6]}
{"kind":"+U","row":[2,"a",9]}
)");
    Write("/versions", R"({"kind":"+I","row":["a",1,"2020-01-01 00:00:02"]}
{"kind":"+I","row":["b",2,"2020-01-01 00:00:03"]}
{"kind":"+I","row":["a",3,"2020-01-01 00:00:07"]}
{"kind":"+I","row":["c",4,"2020-01-01 00:00:11"]}
{"kind":"+I","row":["a",5,"2020-01-01 00:00:15"]}
)");
    Write("/xs", R"({"kind":"+I","row":[1,[3,4,5]]}
{"kind":"+I","row":[2,[]]}
{"kind":"+I","row":[3,null]}
{"kind":"+I","row":[4,[6]]}
)");
  }

  void Write(const std::string& path, std::string_view text) {
    ASSERT_TRUE(files_.OpenForWrite(path, WriteMode::kReplace).value()->Append(text).ok());
  }
  // 40 rows of few keys; with changes, some rows are taken back; times are out of order by less than
  // `disorder` seconds, 0 for no times. With `emptied` all rows are taken back in the end.
  void WriteTable(const std::string& path, bool changes, uint64_t disorder, bool emptied = false) {
    std::string text;
    std::vector<std::string> live;
    for (int i = 0; i < 40; ++i) {
      if (changes && live.size() > 3 && random_.Below(3) == 0) {
        size_t gone = random_.Below(live.size());
        text += R"({"kind":"-D","row":)" + live[gone] + "}\n";
        live.erase(live.begin() + static_cast<int64_t>(gone));
        continue;
      }
      std::string key = random_.Below(9) == 0 ? "null" : std::string("\"") + "abcd"[random_.Below(4)] + "\"";
      std::string row = "[" + std::to_string(i) + "," + key + "," + std::to_string(random_.Below(10));
      if (disorder > 0) {
        auto second = static_cast<int>(i / 2 + static_cast<int>(random_.Below(disorder)));
        row += std::string(",\"2020-01-01 00:00:") + (second < 10 ? "0" : "") + std::to_string(second) + "\"";
      }
      live.push_back(row + "]");
      text += R"({"kind":"+I","row":)" + live.back() + "}\n";
    }
    for (size_t i = 0; emptied && i < live.size(); ++i) text += R"({"kind":"-D","row":)" + live[i] + "}\n";
    Write(path, text);
  }

  // Runs the statement and keeps what its operators received.
  std::vector<std::unique_ptr<Recording>> Record(Session& session, const std::string& sql) {
    std::vector<std::unique_ptr<Recording>> recordings;
    factories_ = session.registry().operators();
    for (const auto& [name, make] : factories_) {
      session.registry().AddOperator(
          name, [&recordings, name, make](std::string_view spec) -> Result<std::unique_ptr<Operator>> {
            ASSIGN_OR_RETURN(std::unique_ptr<Operator> inner, make(spec));
            Recording* recording = recordings.emplace_back(std::make_unique<Recording>()).get();
            recording->factory = name;
            recording->vertex.spec = std::string(spec);
            return std::unique_ptr<Operator>(new Recorder(std::move(inner), recording));
          });
    }
    SilentHandler handler;
    EXPECT_TRUE(session.ExecuteScript(kTables + sql + ";", &handler)) << handler.error;
    return recordings;
  }

  ManualClock clock_{1'600'000'000'000'000};
  MemoryFileSystem files_;
  Random random_{42};
  std::map<std::string, FactoryRegistry::MakeOperator> factories_;
};

std::set<std::string>& Covered() {
  static std::set<std::string> covered;
  return covered;
}

TEST_P(Operators, EmitTheSameHoweverTheyAreDisturbed) {
  SessionOptions options;
  options.seed = 1;
  Session session(options, &clock_, &files_);
  std::vector<std::unique_ptr<Recording>> recordings = Record(session, GetParam().sql);
  ASSERT_FALSE(recordings.empty());
  for (const std::unique_ptr<Recording>& recording : recordings) {
    if (recording->factory == kCutsAtWill) continue;
    Covered().insert(recording->factory);
    recording->context.eval = &recording->eval;
    OperatorHarness harness([&] { return factories_[recording->factory](recording->vertex.spec); },
                            recording->context);
    Status status = harness.Check(recording->script, 1);
    EXPECT_TRUE(status.ok()) << recording->factory << ": " << status.ToString();
    // An assigner's ticks are its own: they start anew with each instance.
    bool pauses = recording->factory != "watermark_assigner";
    for (uint64_t seed = 2; seed < 8; ++seed) {
      Status varied = harness.Check(recording->script.Vary(seed, pauses), seed);
      EXPECT_TRUE(varied.ok()) << recording->factory << ", variation " << seed << ": " << varied.ToString();
    }
  }
}

// The same queries over tables without late rows, whose changes are all taken back in the end.
class Properties : public Operators {
 protected:
  void SetUp() override {
    Operators::SetUp();
    WriteTable("/t", false, 3);
    WriteTable("/u", false, 2);
    WriteTable("/c", true, 0, true);
    WriteTable("/d", true, 0, true);
    Write("/p", R"({"kind":"+I","row":[1,"a",5]}
{"kind":"+U","row":[1,"b",6]}
{"kind":"+I","row":[2,"a",1]}
{"kind":"-D","row":[1,"b",6]}
{"kind":"+U","row":[2,"a",9]}
{"kind":"-D","row":[2,"a",9]}
)");
  }
};

// Operators that must keep nothing: after the end of time, or when everything was taken back.
bool MustBeEmpty(const std::string& factory, const std::string& query) {
  static const std::set<std::string> by_time = {"session_window", "window_rank", "window_join",
                                                "interval_join",  "sort",        "window_aggregate"};
  static const std::set<std::string> by_changes = {"regular_join", "set_operation", "over_changes",
                                                   "changelog_normalize", "sink_materializer"};
  static const std::set<std::string> over_changes = {"GroupAggregate", "GlobalAggregate", "TopNOfChanges",
                                                     "Upserts"};
  if (query == "ProcessingTimeWindow") return false;  // the clock stands still
  return by_time.contains(factory) || by_changes.contains(factory) || over_changes.contains(query);
}

TEST_P(Properties, EveryOrderThatMayBeGivesTheSameTableAndLeavesNothing) {
  SessionOptions options;
  options.seed = 1;
  Session session(options, &clock_, &files_);
  for (const std::unique_ptr<Recording>& recording : Record(session, GetParam().sql)) {
    if (recording->factory == kCutsAtWill) continue;
    Covered().insert(recording->factory);
    recording->context.eval = &recording->eval;
    OperatorHarness harness([&] { return factories_[recording->factory](recording->vertex.spec); },
                            recording->context);
    Result<Settlement> plain = harness.Settle(recording->script);
    ASSERT_TRUE(plain) << recording->factory << ": " << plain.error().ToString();
    if (MustBeEmpty(recording->factory, GetParam().name)) {
      EXPECT_EQ(plain->states, std::vector<std::string>()) << recording->factory;
    }
    for (uint64_t seed = 1; seed < 12; ++seed) {
      Result<Settlement> other = harness.Settle(recording->script.Interleave(seed));
      ASSERT_TRUE(other) << recording->factory << ": " << other.error().ToString();
      EXPECT_EQ(plain->table, other->table) << recording->factory << ", order " << seed;
      EXPECT_EQ(plain->states, other->states) << recording->factory << ", order " << seed;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Properties, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(All, Operators, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

// After all cases: no registered operator was left out.
class EveryOperatorWasCovered : public testing::Environment {
 public:
  void TearDown() override {
    if (testing::UnitTest::GetInstance()->test_to_run_count() < static_cast<int>(std::size(kCases))) return;
    ManualClock clock(0);
    MemoryFileSystem files;
    Session session(SessionOptions(), &clock, &files);
    for (const auto& [name, make] : session.registry().operators()) {
      // Those of batch mode take no snapshots and emit at the end: the text tests run them.
      if (name.starts_with("batch_")) continue;
      if (name == kCutsAtWill) continue;
      EXPECT_TRUE(Covered().contains(name)) << "operator '" << name << "' is in no case";
    }
  }
};
[[maybe_unused]] testing::Environment* const kCoverage =
    testing::AddGlobalTestEnvironment(new EveryOperatorWasCovered);

}  // namespace
}  // namespace penstock
