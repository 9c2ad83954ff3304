// A topic -> copies and windows in topics, a running count in an upsert topic, windows in files: all exactly
// once, over a simulated cluster whose answers get lost and whose requests are late.
#include <fmt/format.h>

#include "campaign.h"
#include "connectors/kafka/kafka_connector.h"
#include "connectors/kafka/testing/simulated_kafka.h"

namespace penstock::sim {

namespace {

// Reads read_committed what is new in a topic, each time it is asked.
class TopicReader {
 public:
  TopicReader(SimulatedBroker* broker, std::string topic) : broker_(broker), topic_(std::move(topic)) {}

  template <typename F>
  std::string ForNew(F take) {
    for (int32_t p = 0; p < broker_->partitions(topic_); ++p) {
      KafkaPartition partition{topic_, p};
      int64_t end = broker_->LastStable(partition);
      for (int64_t& next = next_[p]; next < end; ++next) {
        const SimulatedBroker::Record& record = broker_->log(partition)[static_cast<size_t>(next)];
        if (!broker_->Visible(record)) continue;
        if (std::string wrong = take(record); !wrong.empty()) return wrong;
      }
    }
    return "";
  }

 private:
  SimulatedBroker* broker_;
  std::string topic_;
  std::map<int32_t, int64_t> next_;
};

class KafkaJob : public SimulatedJob {
 public:
  explicit KafkaJob(uint64_t seed) : random_(seed ^ 0x6b61666b61) {
    keys_ = static_cast<int64_t>(1 + random_.Below(5));
    parallelism_ = static_cast<int>(1 + random_.Below(3));
    rescales_ = random_.Below(4) == 0;
    window_ms_ = static_cast<int64_t>(1000 * (1 + random_.Below(20)));
    events_ = DrawEvents(&random_, keys_);
    interval_ms_ = static_cast<int64_t>(3 + random_.Below(40));
    retained_ = 1 + random_.Below(3);
    tolerable_ = random_.Below(3);
    partitions_ = static_cast<int32_t>(1 + random_.Below(3));
    expected_ = ExpectedRows(events_, window_ms_);
  }

  std::string script() const override {
    return fmt::format(
        "SET 'execution.checkpointing.interval' = '{} ms';\nSET 'execution.checkpointing.timeout' = '10 s';\n"
        "SET 'execution.checkpointing.dir' = '/checkpoints';\n"
        "SET 'execution.checkpointing.num-retained' = '{}';\n"
        "SET 'execution.checkpointing.tolerable-failed-checkpoints' = '{}';\n"
        "SET 'restart-strategy.type' = 'fixed-delay';\nSET 'restart-strategy.fixed-delay.attempts' = '10';\n"
        "SET 'restart-strategy.fixed-delay.delay' = '0 s';\nSET 'pipeline.uid' = 'job';\n"
        "CREATE TABLE events (id BIGINT, k BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '{}' "
        "SECOND(5)) WITH ('connector' = 'kafka', {kafka}, 'topic' = 'events', 'format' = 'json', "
        "'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');\n"
        "CREATE TABLE copies (id BIGINT, k BIGINT) WITH ('connector' = 'kafka', {kafka}, 'topic' = 'copies', "
        "{sink}, 'format' = 'json');\n"
        "CREATE TABLE windows (w TIMESTAMP(3), k BIGINT, n BIGINT, s BIGINT) WITH ('connector' = 'kafka', "
        "{kafka}, 'topic' = 'windows', {sink}, 'format' = 'json');\n"
        "CREATE TABLE counts (k BIGINT, n BIGINT, s BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' "
        "= "
        "'upsert-kafka', {kafka}, 'topic' = 'counts', {sink}, 'key.format' = 'json', 'value.format' = "
        "'json');\n"
        "CREATE TABLE files (w TIMESTAMP(3), k BIGINT, n BIGINT, s BIGINT) WITH ('connector' = 'filesystem', "
        "'format' = 'json', 'path' = '/out/windows');\n"
        "CREATE VIEW in_windows AS SELECT window_start, k, COUNT(*), SUM(id) FROM TABLE(TUMBLE(TABLE events, "
        "DESCRIPTOR(ts), INTERVAL '{}' SECOND)) GROUP BY window_start, window_end, k;\n"
        "EXECUTE STATEMENT SET BEGIN\n"
        "INSERT INTO copies SELECT id, k FROM events;\nINSERT INTO windows SELECT * FROM in_windows;\n"
        "INSERT INTO files SELECT * FROM in_windows;\n"
        "INSERT INTO counts SELECT k, COUNT(*), SUM(id) FROM events GROUP BY k;\nEND;\n",
        interval_ms_, retained_, tolerable_, rescales_ ? 86400 : 1, window_ms_ / 1000,
        fmt::arg("kafka",
                 "'properties.bootstrap.servers' = 'simulated:9092', 'properties.transaction.timeout.ms' = "
                 "'60000'"),
        fmt::arg("sink", "'sink.delivery-guarantee' = 'exactly-once'"));
  }

  void Configure(SimulationOptions* options) override {
    options->configure = [this](Session* session) {
      KafkaConnector::Register(&session->registry(), clients_.back().get());
    };
  }

  void Prepare(Simulation* simulation) override {
    broker_ = std::make_unique<SimulatedBroker>(&simulation->clock(), random_.Next());
    broker_->note = [simulation](const std::string& line) { simulation->Note(line); };
    broker_->on_wait = [simulation] { simulation->Interleave(); };
    broker_->configs[""]["transaction.max.timeout.ms"] = "900000";
    for (const char* topic : {"events", "copies", "windows", "counts"}) {
      broker_->CreateTopic(topic, partitions_, {});
      if (std::string(topic) != "events") readers_.emplace(topic, TopicReader(broker_.get(), topic));
    }
    for (const Event& event : events_) {
      broker_->Append(
          {"events", static_cast<int32_t>(random_.Below(static_cast<uint64_t>(partitions_)))},
          {std::nullopt,
           fmt::format(R"({{"id":{},"k":{},"ts":"{}"}})", event.id, event.key, TimeText(event.at_ms)),
           event.at_ms,
           {}});
    }
  }

  bool Passes(const std::string&) const override { return true; }
  bool rescales() const override { return rescales_; }
  int parallelism() const override { return parallelism_; }

  void BeginLife(Simulation* simulation, bool undisturbed) override {
    KafkaFaults faults;
    if (!undisturbed && random_.Below(2) == 0) {
      for (uint64_t* fault : {&faults.lost_answer, &faults.lost_request}) *fault = random_.Below(300);
      for (uint64_t* fault : {&faults.answer_timeout, &faults.request_timeout, &faults.outage})
        *fault = random_.Below(3) == 0 ? random_.Below(150) : 0;
      faults.not_coordinator = random_.Below(300);
    }
    // Some are down for longer than a transaction lives.
    if (random_.Below(5) == 0)
      simulation->clock().AdvanceMicros(static_cast<int64_t>(random_.Below(200'000'000)));
    clients_.push_back(std::make_unique<SimulatedKafka>(broker_.get(), faults));
    hijack_step_ = !undisturbed && random_.Below(10) == 0 ? random_.Below(150) : 0;
    taken_.reset();
  }
  void OnStep(Simulation* simulation) override {
    clients_.back()->Work();
    if (hijack_step_ == 0 || --hijack_step_ > 0) return;
    simulation->Note("another process takes the transactional ids");
    Taken taken;
    for (const char* id : kIds) taken.epochs.push_back(broker_->InitProducer(id, 60'000));
    taken.visible = CountVisible();
    taken_ = taken;
    ++faults_["transactional ids taken"];
  }
  void OnDeath(Simulation*) override { clients_.back()->Kill(); }

  std::map<std::string, int64_t> faults() const override { return faults_; }

  // Whose ids were taken does not commit any more, and says so.
  std::string CheckLife(const Life& life, const LifePlan& plan) override {
    if (!StillTaken()) return "";
    if (std::string wrong = CheckTaken(); !wrong.empty()) return wrong;
    if (life.died || life.finished) return "";
    if (life.error.find("PS-5602") != std::string::npos) {
      ++faults_["transactional ids taken, and the process stopped"];
      return "";
    }
    bool disturbed = plan.fail_hit > 0 || plan.fail_file_operation > 0 || plan.full_operation > 0;
    return disturbed ? "" : "its ids were taken, and it ends with: " + life.error;
  }

  std::string CheckUnderWay(Simulation* simulation) override {
    if (std::string wrong = CheckTaken(); !wrong.empty()) return wrong;
    for (auto& [topic, reader] : readers_) {
      std::string wrong = reader.ForNew([&, &topic = topic](const SimulatedBroker::Record& record) {
        if (!record.value) return topic + " has a deletion";
        if (topic != "counts") return NoteRow(topic, *record.value, expected_[topic], &found_[topic]);
        // The count of each key goes up by one, and so no row is there twice, lost or out of order.
        std::string key = FieldOf(*record.value, "k");
        int64_t n = std::stoll(FieldOf(*record.value, "n"));
        if (n == ++counts_[key]) return std::string();
        return fmt::format("counts goes from {} to {} for key {}", counts_[key] - 1, n, key);
      });
      if (!wrong.empty()) return wrong;
    }
    Rows found;
    for (const std::string& line : VisibleLines(simulation->disk(), "/out/windows")) {
      std::string wrong = NoteRow("windows", line, expected_["windows"], &found);
      if (!wrong.empty()) return "files: " + wrong;
    }
    files_ = found.size();
    return "";
  }

  std::string CheckEnd(Simulation* simulation) override {
    clients_.back()->Kill();
    // What is still on its way arrives, and what is still open expires.
    for (const std::string& topic : broker_->topics()) {
      for (int32_t p = 0; p < broker_->partitions(topic); ++p) {
        if (broker_->LastStable({topic, p}) != broker_->End({topic, p}))
          return "a transaction is left open in " + topic;
      }
    }
    simulation->clock().AdvanceMicros(3'600'000'000);
    if (std::string wrong = CheckUnderWay(simulation); !wrong.empty()) return wrong;
    for (const char* topic : {"copies", "windows"}) {
      if (found_[topic].size() != expected_[topic].size())
        return fmt::format("{} lacks {} rows", topic, expected_[topic].size() - found_[topic].size());
    }
    if (files_ != expected_["windows"].size()) return "files lack windows";
    int64_t counted = 0;
    for (const auto& [key, count] : counts_) counted += count;
    return counted == std::ssize(events_) ? "" : fmt::format("counts add up to {}", counted);
  }

 private:
  static constexpr const char* kIds[] = {"penstock-job-0", "penstock-job-1"};
  struct Taken {
    std::vector<int> epochs;
    int64_t visible = 0;
  };

  int64_t CountVisible() {
    int64_t count = 0;
    for (const std::string& topic : broker_->topics()) {
      for (int32_t p = 0; p < broker_->partitions(topic); ++p) {
        for (const SimulatedBroker::Record& record : broker_->log({topic, p}))
          count += record.transaction != 0 && broker_->Visible(record) ? 1 : 0;
      }
    }
    return count;
  }
  // The job has not taken them back by starting again.
  bool StillTaken() const {
    if (!taken_) return false;
    for (size_t i = 0; i < std::size(kIds); ++i) {
      if (broker_->ids().at(kIds[i]).epoch != taken_->epochs[i]) return false;
    }
    return true;
  }
  std::string CheckTaken() {
    if (!StillTaken()) return "";
    int64_t more = CountVisible() - taken_->visible;
    return more == 0 ? "" : fmt::format("{} rows are visible of a process whose ids were taken", more);
  }

  Random random_;
  std::vector<Event> events_;
  std::optional<Taken> taken_;
  std::map<std::string, int64_t> faults_;
  std::map<std::string, Rows> expected_, found_;
  std::map<std::string, int64_t> counts_;
  size_t files_ = 0;
  int64_t keys_, window_ms_, interval_ms_;
  int parallelism_;
  bool rescales_;
  uint64_t retained_, tolerable_, hijack_step_ = 0;
  int32_t partitions_;
  std::unique_ptr<SimulatedBroker> broker_;
  std::map<std::string, TopicReader> readers_;
  std::vector<std::unique_ptr<SimulatedKafka>> clients_;
};

}  // namespace

std::unique_ptr<SimulatedJob> MakeKafkaJob(uint64_t seed) { return std::make_unique<KafkaJob>(seed); }

}  // namespace penstock::sim
