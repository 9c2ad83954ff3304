// Files -> a copy, numbered rows of each key, windows -> files, in one job; checkpoints, input and output are
// on a disk or in a bucket.
#include <fmt/format.h>

#include <algorithm>

#include "campaign.h"
#include "simulated_bucket.h"

namespace penstock::sim {

namespace {

class FileJob : public SimulatedJob {
 public:
  FileJob(uint64_t seed, bool objects) : random_(seed ^ 0x66696c65), of_bucket_(seed ^ 0x73332e2e) {
    keys_ = static_cast<int64_t>(1 + random_.Below(6));
    parallelism_ = static_cast<int>(1 + random_.Below(3));
    rescales_ = random_.Below(3) == 0;
    window_ms_ = static_cast<int64_t>(1000 * (1 + random_.Below(20)));
    events_ = DrawEvents(&random_, keys_);
    if (random_.Below(4) == 0) {
      disordered_ = true;
      parallelism_ = 1;
      rescales_ = false;
      DisorderEvents(&events_, &random_);
    }
    expected_ = ExpectedRows(events_, window_ms_);
    if (disordered_) {
      expected_["windows"] = ExpectedRows(OnTime(events_, window_ms_), window_ms_)["windows"];
      expected_.erase("numbered");
    }
    interval_ms_ = static_cast<int64_t>(1 + random_.Below(random_.Below(3) == 0 ? 4 : 60));
    retained_ = 1 + random_.Below(3);
    tolerable_ = random_.Below(3);
    Random other(seed ^ 0x686f74);
    dedicated_ = other.Below(3) == 0;
    if (objects) PutIntoBucket();
  }

  std::string script() const override {
    std::string table = "WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = ";
    return fmt::format(
        "SET 'execution.checkpointing.interval' = '{} ms';\n"
        "SET 'execution.checkpointing.dir' = '{checkpoints}';\n"
        "SET 'execution.checkpointing.num-retained' = '{}';\n"
        "SET 'execution.checkpointing.tolerable-failed-checkpoints' = '{}';\n"
        "SET 'penstock.hot-keys' = '{hot_keys}';\nSET 'penstock.hot-keys.after' = '8';\n"
        "SET 'pipeline.auto-watermark-interval' = '0 ms';\nSET 'restart-strategy.type' = 'fixed-delay';\nSET "
        "'restart-strategy.fixed-delay.attempts' = '3';\n"
        "SET 'restart-strategy.fixed-delay.delay' = '0 s';\nSET 'pipeline.uid' = 'job';\n"
        "CREATE TABLE events (id BIGINT, k BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '{}' "
        "SECOND(5)) {table}'{in}');\n"
        "CREATE TABLE copies (id BIGINT, k BIGINT) {table}'{out}/copies');\n"
        "CREATE TABLE numbered (id BIGINT, k BIGINT, n BIGINT) {table}'{out}/numbered');\n"
        "CREATE TABLE windows (w TIMESTAMP(3), k BIGINT, n BIGINT, s BIGINT) {table}'{out}/windows');\n"
        "EXECUTE STATEMENT SET BEGIN\n"
        "INSERT INTO copies SELECT id, k FROM events;\n"
        "INSERT INTO numbered SELECT id, k, COUNT(*) OVER (PARTITION BY k ORDER BY ts) FROM events;\n"
        "INSERT INTO windows SELECT window_start, k, COUNT(*), SUM(id) FROM TABLE(TUMBLE(TABLE events, "
        "DESCRIPTOR(ts), INTERVAL '{}' SECOND)) GROUP BY window_start, window_end, k;\nEND;\n",
        interval_ms_, retained_, tolerable_, rescales_ ? 86400 : 1, window_ms_ / 1000,
        fmt::arg("table", table), fmt::arg("hot_keys", dedicated_ ? "dedicated" : "none"),
        fmt::arg("checkpoints", checkpoints_), fmt::arg("in", in_), fmt::arg("out", out_));
  }

  void Configure(SimulationOptions* options) override { options->objects = bucket_.get(); }

  void Prepare(Simulation* simulation) override {
    MemoryFileSystem& disk = simulation->disk();
    CHECK(disk.CreateDirectories("/in").ok());
    size_t files = disordered_ ? 1 : 1 + random_.Below(6);
    for (size_t i = 0; i < files; ++i) {
      std::string text;
      for (size_t e = events_.size() * i / files; e < events_.size() * (i + 1) / files; ++e)
        text += fmt::format("{{\"id\":{},\"k\":{},\"ts\":\"{}\"}}\n", events_[e].id, events_[e].key,
                            TimeText(events_[e].at_ms));
      if (in_ != "/in")
        bucket_->Place(fmt::format("in/{}.json", i), text);
      else
        CHECK(WriteFileAtomically(disk, fmt::format("/in/{}.json", i), text).ok());
    }
  }

  void BeginLife(Simulation* simulation, bool undisturbed) override {
    if (bucket_ == nullptr) return;
    // What a process of before still has under way may end an undisturbed one, too: it is taken for
    // another's.
    if (undisturbed) bucket_->Settle();
    bucket_->BeginLife(simulation, undisturbed ? BucketPlan() : DrawBucketPlan(&of_bucket_));
  }
  std::map<std::string, int64_t> faults() const override {
    return bucket_ != nullptr ? bucket_->faults() : std::map<std::string, int64_t>();
  }
  bool RunIsOver(Simulation* simulation) override {
    if (checkpoints_ == "/checkpoints") return SimulatedJob::RunIsOver(simulation);
    bucket_->Settle();
    return !bucket_->Contents("checkpoints/simulation/finished-").empty();
  }

  bool Passes(const std::string& point) const override {
    static const std::set<std::string> kOfLogs = {"checkpoint.logged", "recovery.log-read", "store.marked"};
    return !point.starts_with("kafka.") && !kOfLogs.contains(point);
  }
  // Files change hands then: rows of one that is behind would be late, so nothing fires before the end.
  bool rescales() const override { return rescales_; }
  int parallelism() const override { return parallelism_; }

  std::string CheckUnderWay(Simulation* simulation) override { return Check(simulation->disk(), false); }
  std::string CheckEnd(Simulation* simulation) override { return Check(simulation->disk(), true); }

 private:
  void PutIntoBucket() {
    bucket_ = std::make_unique<SimulatedBucket>(of_bucket_.Next());
    uint64_t which = of_bucket_.Below(4);
    if (which != 0) checkpoints_ = "s3://bucket/checkpoints";
    if (which != 1) out_ = "s3://bucket/out";
    if (of_bucket_.Below(2) == 0) in_ = "s3://bucket/in";
  }

  std::vector<std::string> Lines(MemoryFileSystem& disk, const std::string& table) const {
    if (out_ == "/out") return VisibleLines(disk, "/out/" + table);
    std::vector<std::string> lines;
    for (const auto& [key, text] : bucket_->Contents("out/" + table + "/")) AddLines(text, &lines);
    return lines;
  }

  std::string Check(MemoryFileSystem& disk, bool complete) const {
    for (const auto& [table, rows] : expected_) {
      Rows found;
      for (const std::string& line : Lines(disk, table)) {
        if (std::string wrong = NoteRow(table, line, rows, &found); !wrong.empty()) return wrong;
      }
      if (!complete || found.size() == rows.size()) continue;
      for (const auto& [key, value] : rows) {
        if (!found.contains(key)) return table + " lacks the row of " + key;
      }
    }
    return "";
  }

  Random random_, of_bucket_;
  std::unique_ptr<SimulatedBucket> bucket_;  // null: everything is on the disk
  std::string checkpoints_ = "/checkpoints", in_ = "/in", out_ = "/out";
  std::vector<Event> events_;
  int64_t keys_, window_ms_, interval_ms_;
  int parallelism_;
  bool rescales_;
  bool disordered_ = false;
  bool dedicated_;  // keys may get subtasks of their own while the job runs
  std::map<std::string, Rows> expected_;
  uint64_t retained_, tolerable_;
};

}  // namespace

std::unique_ptr<SimulatedJob> MakeFileJob(uint64_t seed) { return std::make_unique<FileJob>(seed, false); }
std::unique_ptr<SimulatedJob> MakeObjectJob(uint64_t seed) { return std::make_unique<FileJob>(seed, true); }

}  // namespace penstock::sim
