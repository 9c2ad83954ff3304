// The progress topic.
#include "connectors/kafka/transactions/kafka_progress.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/strings.h"
#include "connectors/kafka/murmur2.h"
#include "data/key_codec.h"
#include "env/failpoint.h"

namespace penstock {

namespace {

Failpoint topic_there("kafka.progress-topic", "the topic of progress is there");
Failpoint progress_read("kafka.progress-read", "the topic of progress was read to its end");

SeededBug dirty_read("bug:kafka.dirty-read", "progress of transactions that were taken back counts, too");

constexpr std::string_view kMagic = "penstock-progress-1";
constexpr int64_t kPatienceMs = 60'000;  // for transactions of other jobs
constexpr int64_t kFetchRecords = 10'000;

// So that the log stays short enough to be read at every start.
const std::map<std::string, std::string> kTopicConfig = {
    {"cleanup.policy", "compact"}, {"segment.bytes", "16777216"}, {"min.cleanable.dirty.ratio", "0.1"}};

bool ParseHex(std::string_view text, uint64_t* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out, 16);
  return error == std::errc() && end == text.data() + text.size();
}

std::string Checked(const Decision& decision) {
  return fmt::format("{} {:016x} {:x} {:016x}", kMagic, decision.incarnation, decision.epoch,
                     decision.manifest_hash);
}

// Waits for the client's threads.
class Bell {
 public:
  void Ring() {
    std::lock_guard lock(mutex_);
    rung_ = true;
    changed_.notify_all();
  }
  void Wait(int64_t most_ms) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(most_ms), [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

Status Hidden(const KafkaPartition& partition) {
  return Status(StatusCode::kUnavailable, "the end of " + partition.ToString() +
                                              " is hidden behind an open transaction that is not this job's")
      .WithNumber(ErrorNumber::kRuntime)
      .WithHint(
          "start that job again, or wait until its transaction has timed out; one that stays open longer, "
          "behind a broker that was stopped in a commit, is aborted with kafka-transactions.sh");
}

Status Refused(const std::string& why, const std::string& remedy) {
  return Status(StatusCode::kInvalidArgument, std::string("topic '") + kProgressTopic + "' " + why)
      .WithNumber(ErrorNumber::kRuntime)
      .WithHint(remedy);
}

}  // namespace

int32_t ProgressPartition(const std::string& job) { return KafkaPartitionOf(job, kProgressPartitions); }

std::string WriteProgress(const Decision& decision) {
  std::string text = Checked(decision);
  return fmt::format("{} {:016x}", text, HashKey(text));
}

Result<Decision> ReadProgress(std::string_view bytes) {
  std::vector<std::string> words = Split(std::string(bytes), ' ');
  Decision decision;
  uint64_t checksum = 0;
  bool parsed = words.size() == 5 && words[0] == kMagic && ParseHex(words[1], &decision.incarnation) &&
                ParseHex(words[2], &decision.epoch) && ParseHex(words[3], &decision.manifest_hash) &&
                ParseHex(words[4], &checksum);
  if (parsed && checksum == HashKey(Checked(decision))) return decision;
  return Status::Corruption(std::string("a record of topic '") + kProgressTopic +
                            "' was not written by Penstock");
}

// Reads the topic from its start, as a consumer with threads of its own: what they fetch waits to be taken.
class KafkaProgress::Reader {
 public:
  Reader(std::unique_ptr<KafkaConsumer> consumer, std::shared_ptr<Bell> bell)
      : bell_(std::move(bell)), consumer_(std::move(consumer)) {}

  // Takes what has arrived; waits a little where nothing has. The last record of `job` goes into `last`.
  Status Read(const std::string& job, std::optional<Decision>* last) {
    RETURN_IF_ERROR(consumer_->Serve());
    ASSIGN_OR_RETURN(std::unique_ptr<KafkaFetch> fetch, consumer_->Fetch(0, kFetchRecords));
    for (const KafkaMessage& message : fetch->messages) {
      next_ = message.offset + 1;
      if (message.key != job || !message.value) continue;
      ASSIGN_OR_RETURN(*last, ReadProgress(*message.value));
    }
    // The reported end lies before the first open transaction, and behind the markers of those that are over.
    if (fetch->end_offset != kNoKafkaOffset) next_ = std::max(next_, fetch->end_offset);
    if (fetch->messages.empty() && fetch->end_offset == kNoKafkaOffset) bell_->Wait(20);
    return Status::Ok();
  }
  int64_t next() const { return next_; }

 private:
  std::shared_ptr<Bell> bell_;
  std::unique_ptr<KafkaConsumer> consumer_;
  int64_t next_ = 0;
};

KafkaProgress::KafkaProgress(KafkaClient* client, KafkaProperties properties, std::string job,
                             const Clock* clock)
    : client_(client),
      properties_(std::move(properties)),
      job_(std::move(job)),
      partition_{kProgressTopic, ProgressPartition(job_)},
      clock_(clock) {}
KafkaProgress::~KafkaProgress() = default;

Status KafkaProgress::Open() {
  reader_.reset();
  // Ends are asked for behind all records, committed or not.
  KafkaProperties all = properties_;
  all["isolation.level"] = "read_uncommitted";
  ASSIGN_OR_RETURN(admin_, client_->MakeAdmin(all));
  Status created = admin_->CreateTopic(kProgressTopic, kProgressPartitions, kTopicConfig);
  if (created.code() != StatusCode::kAlreadyExists) return created;
  RETURN_IF_ERROR(Check());
  RETURN_IF_ERROR(StartReading());
  return topic_there.Hit();
}

Status KafkaProgress::Check() {
  ASSIGN_OR_RETURN(std::string policy, admin_->ConfigValue(kProgressTopic, "cleanup.policy"));
  if (policy != "compact") {
    return Refused("has the cleanup.policy '" + policy + "': it would forget how far jobs have come",
                   "set its cleanup.policy to 'compact'");
  }
  ASSIGN_OR_RETURN(std::vector<KafkaTopic> topics, admin_->DescribeTopics({kProgressTopic}));
  size_t partitions = topics[0].partitions.size();
  if (partitions < kProgressPartitions) {
    return Refused(fmt::format("has {} partitions, {} are needed", partitions, kProgressPartitions),
                   fmt::format("kafka-topics.sh --alter --topic {} --partitions {}", kProgressTopic,
                               kProgressPartitions));
  }
  return Status::Ok();
}

Status KafkaProgress::StartReading() {
  auto bell = std::make_shared<Bell>();
  KafkaProperties committed = properties_;
  committed["isolation.level"] = dirty_read.On() ? "read_uncommitted" : "read_committed";
  committed["auto.offset.reset"] = "earliest";
  // The end is only told when a fetch has found nothing: a start would wait for that.
  committed["fetch.wait.max.ms"] = "10";
  ASSIGN_OR_RETURN(std::unique_ptr<KafkaConsumer> consumer,
                   client_->MakeConsumer(committed, [bell] { bell->Ring(); }));
  // The number of the first record: to ask for it costs half a second and more.
  RETURN_IF_ERROR(consumer->Assign({{0, partition_, 0, -1}}));
  reader_ = std::make_unique<Reader>(std::move(consumer), std::move(bell));
  return Status::Ok();
}

Result<std::optional<Decision>> KafkaProgress::Last() {
  std::unique_ptr<KafkaAdmin> admin = std::move(admin_);
  ASSIGN_OR_RETURN(std::vector<int64_t> ends, admin->ListOffsets({partition_}, kKafkaLatest));
  std::optional<Decision> last;
  if (ends[0] <= 0) return last;
  if (!reader_) RETURN_IF_ERROR(StartReading());
  std::unique_ptr<Reader> reader = std::move(reader_);
  int64_t give_up_ms = clock_->MonotonicMillis() + kPatienceMs;
  while (reader->next() < ends[0]) {
    if (clock_->MonotonicMillis() > give_up_ms) return Hidden(partition_);
    RETURN_IF_ERROR(reader->Read(job_, &last));
  }
  RETURN_IF_ERROR(progress_read.Hit());
  return last;
}

}  // namespace penstock
