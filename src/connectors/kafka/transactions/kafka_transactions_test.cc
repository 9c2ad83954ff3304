// The transaction protocol against a broker in memory: what is sent in which order, what counts after a
// failure.
#include "connectors/kafka/transactions/kafka_transactions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "connectors/kafka/kafka_options.h"
#include "connectors/kafka/testing/fake_kafka.h"
#include "connectors/kafka/transactions/kafka_decisions.h"
#include "stream/table_spec.h"

namespace penstock {
namespace {

class KafkaTransactionsTest : public testing::Test {
 protected:
  KafkaTransactionsTest() { kafka_.configs[""]["transaction.max.timeout.ms"] = "900000"; }

  std::unique_ptr<KafkaTransactions> Make(KafkaProperties producer = {}, int64_t longest_epoch_ms = 601'000) {
    return MakeJob("job", std::move(producer), longest_epoch_ms);
  }
  std::unique_ptr<KafkaTransactions> MakeJob(const std::string& job, KafkaProperties producer = {},
                                             int64_t longest_epoch_ms = 601'000) {
    KafkaTransactionOptions options;
    options.producer = std::move(producer);
    options.id_prefix = "p";
    options.job = job;
    options.longest_epoch_ms = longest_epoch_ms;
    return std::make_unique<KafkaTransactions>(&kafka_, options, &clock_);
  }
  static Decision Of(uint64_t epoch) { return {7, epoch, 100 + epoch}; }
  static Status Write(KafkaTransactionWriter& writer, const std::string& value) {
    KafkaRecord record;
    record.topic = "t";
    record.value = value;
    return writer.Produce(record);
  }
  std::vector<std::string> Seen() const { return kafka_.Committed("t"); }
  ptrdiff_t PlaceOf(const std::string& call) const {
    return std::find(kafka_.calls.begin(), kafka_.calls.end(), call) - kafka_.calls.begin();
  }

  FakeKafka kafka_;
  ManualClock clock_{0};
};

using Values = std::vector<std::string>;

TEST_F(KafkaTransactionsTest, RowsAreSeenWithTheDecisionAboutTheirEpoch) {
  auto transactions = Make();
  EXPECT_EQ(transactions->Recover().value(), std::nullopt);
  auto writer = transactions->MakeWriter([] {});
  ASSERT_TRUE(Write(*writer, "a").ok());
  ASSERT_TRUE(writer->Serve().ok());
  ASSERT_TRUE(writer->Pass(1).ok());
  ASSERT_TRUE(Write(*writer, "b").ok());
  EXPECT_EQ(Seen(), Values{});
  ASSERT_TRUE(transactions->Decide(Of(1)).ok());
  EXPECT_EQ(Seen(), Values{"a"});
  ASSERT_TRUE(writer->Pass(2).ok());
  ASSERT_TRUE(transactions->Decide(Of(2)).ok());
  EXPECT_EQ(Seen(), (Values{"a", "b"}));
  writer.reset();
  EXPECT_EQ(transactions->Recover().value(), Of(2));
}

TEST_F(KafkaTransactionsTest, TheTwoProducersTakeTurns) {
  auto transactions = Make();
  ASSERT_TRUE(transactions->Recover());
  auto writer = transactions->MakeWriter([] {});
  for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
    ASSERT_TRUE(Write(*writer, "x").ok());
    ASSERT_TRUE(writer->Pass(epoch).ok());
    ASSERT_TRUE(transactions->Decide(Of(epoch)).ok());
  }
  Values commits;
  std::copy_if(kafka_.calls.begin(), kafka_.calls.end(), std::back_inserter(commits),
               [](const std::string& call) { return call.starts_with("commit"); });
  EXPECT_EQ(commits, (Values{"commit p-job-0", "commit p-job-1", "commit p-job-0"}));
}

TEST_F(KafkaTransactionsTest, RowsBehindABarrierWaitUntilEveryWriterHasPassedIt) {
  auto transactions = Make();
  ASSERT_TRUE(transactions->Recover());
  int woken = 0;
  auto first = transactions->MakeWriter([&] { ++woken; });
  auto second = transactions->MakeWriter([] {});
  ASSERT_TRUE(Write(*first, "a1").ok());
  ASSERT_TRUE(first->Pass(1).ok());
  EXPECT_TRUE(first->waits());
  ASSERT_TRUE(Write(*second, "a2").ok());
  EXPECT_FALSE(transactions->Decide(Of(1)).ok());
  woken = 0;
  ASSERT_TRUE(second->Pass(1).ok());
  EXPECT_GT(woken, 0);
  EXPECT_FALSE(first->waits());
  ASSERT_TRUE(Write(*first, "b1").ok());
  ASSERT_TRUE(transactions->Decide(Of(1)).ok());
  EXPECT_EQ(Seen(), (Values{"a1", "a2"}));
}

TEST_F(KafkaTransactionsTest, AWriterThatHasEndedHoldsNobodyBack) {
  auto transactions = Make();
  ASSERT_TRUE(transactions->Recover());
  auto first = transactions->MakeWriter([] {});
  auto second = transactions->MakeWriter([] {});
  ASSERT_TRUE(Write(*first, "a").ok());
  ASSERT_TRUE(first->Pass(kLastEpoch).ok());
  ASSERT_TRUE(second->Pass(1).ok());
  EXPECT_FALSE(second->waits());
  ASSERT_TRUE(transactions->Decide(Of(1)).ok());
  EXPECT_EQ(Seen(), Values{"a"});
  ASSERT_TRUE(Write(*second, "b").ok());
  ASSERT_TRUE(second->Pass(kLastEpoch).ok());
  EXPECT_FALSE(second->waits());
  ASSERT_TRUE(transactions->Decide(Of(2)).ok());
  EXPECT_EQ(Seen(), (Values{"a", "b"}));
}

TEST_F(KafkaTransactionsTest, AnAcknowledgementCountsForTheWriterThatSentTheRecord) {
  auto transactions = Make();
  ASSERT_TRUE(transactions->Recover());
  auto first = transactions->MakeWriter([] {});
  auto second = transactions->MakeWriter([] {});
  kafka_.hold_acknowledgements = true;
  ASSERT_TRUE(Write(*first, "a").ok());
  ASSERT_TRUE(second->Serve().ok());
  EXPECT_EQ(first->records_in_flight(), 1);
  EXPECT_EQ(second->records_in_flight(), 0);
  kafka_.hold_acknowledgements = false;
  ASSERT_TRUE(second->Serve().ok());
  EXPECT_EQ(first->records_in_flight(), 0);
}

TEST_F(KafkaTransactionsTest, TheRecordOfProgressIsTheLastOfItsTransaction) {
  auto transactions = Make();
  ASSERT_TRUE(transactions->Recover());
  auto writer = transactions->MakeWriter([] {});
  ASSERT_TRUE(Write(*writer, "a").ok());
  ASSERT_TRUE(writer->Pass(1).ok());
  ASSERT_TRUE(transactions->Decide(Of(1)).ok());
  EXPECT_LT(PlaceOf("init p-job-1"), PlaceOf("begin p-job-0"));
  EXPECT_LT(PlaceOf("write p-job-0 t"), PlaceOf("write p-job-0 penstock-progress"));
  EXPECT_LT(PlaceOf("write p-job-0 penstock-progress"), PlaceOf("commit p-job-0"));
}

TEST_F(KafkaTransactionsTest, AnEpochWithoutRowsIsDecidedToo) {
  auto transactions = Make();
  ASSERT_TRUE(transactions->Recover());
  auto writer = transactions->MakeWriter([] {});
  ASSERT_TRUE(writer->Pass(1).ok());
  ASSERT_TRUE(transactions->Decide(Of(1)).ok());
  writer.reset();
  EXPECT_EQ(transactions->Recover().value(), Of(1));
}

TEST_F(KafkaTransactionsTest, AnAbandonedEpochBecomesPartOfTheNext) {
  auto transactions = Make();
  ASSERT_TRUE(transactions->Recover());
  auto first = transactions->MakeWriter([] {});
  auto second = transactions->MakeWriter([] {});
  ASSERT_TRUE(Write(*first, "a").ok());
  ASSERT_TRUE(first->Pass(1).ok());
  ASSERT_TRUE(transactions->Abandon(1).ok());
  EXPECT_FALSE(first->waits());
  ASSERT_TRUE(Write(*first, "b").ok());
  ASSERT_TRUE(second->Pass(1).ok());  // the barrier was still under way
  ASSERT_TRUE(Write(*second, "c").ok());
  ASSERT_TRUE(first->Pass(2).ok());
  ASSERT_TRUE(second->Pass(2).ok());
  ASSERT_TRUE(transactions->Decide(Of(2)).ok());
  EXPECT_EQ(Seen(), (Values{"a", "b", "c"}));
}

TEST_F(KafkaTransactionsTest, AnEpochCannotBeAbandonedOnceRowsBehindItAreWritten) {
  auto transactions = Make();
  ASSERT_TRUE(transactions->Recover());
  auto writer = transactions->MakeWriter([] {});
  ASSERT_TRUE(Write(*writer, "a").ok());
  ASSERT_TRUE(writer->Pass(1).ok());
  ASSERT_TRUE(Write(*writer, "b").ok());
  EXPECT_EQ(transactions->Abandon(1).code(), StatusCode::kUnavailable);
  writer.reset();
  EXPECT_EQ(transactions->Recover().value(), std::nullopt);
  EXPECT_EQ(Seen(), Values{});
}

TEST_F(KafkaTransactionsTest, OnlyTheTopicKnowsWhatBecameOfACommitWithoutAnswer) {
  for (auto fault : {FakeKafka::Fault::kLostAnswer, FakeKafka::Fault::kNotDone}) {
    auto transactions = Make();
    std::optional<Decision> before = transactions->Recover().value();
    auto writer = transactions->MakeWriter([] {});
    ASSERT_TRUE(writer->Pass(5).ok());
    kafka_.next_commit = fault;
    EXPECT_EQ(transactions->Decide(Of(5)).code(), StatusCode::kUnavailable);
    writer.reset();
    std::optional<Decision> after = transactions->Recover().value();
    EXPECT_EQ(after, fault == FakeKafka::Fault::kLostAnswer ? Of(5) : before);
    kafka_.log({kProgressTopic, ProgressPartition("job")}).clear();
  }
}

TEST_F(KafkaTransactionsTest, AJobWhoseIdsAreTakenStops) {
  auto transactions = Make();
  ASSERT_TRUE(transactions->Recover());
  auto writer = transactions->MakeWriter([] {});
  ASSERT_TRUE(Write(*writer, "a").ok());
  ASSERT_TRUE(writer->Pass(1).ok());
  auto hijacker = Make();
  ASSERT_TRUE(hijacker->Recover());
  EXPECT_EQ(transactions->Decide(Of(1)).number(), ErrorNumber::kTakenOver);
  EXPECT_EQ(writer->Serve().code(), StatusCode::kFenced);
  EXPECT_EQ(Seen(), Values{});
}

TEST_F(KafkaTransactionsTest, AnExpiredTransactionIsNotTakenForAHijackedOne) {
  auto transactions = Make();
  ASSERT_TRUE(transactions->Recover());
  auto writer = transactions->MakeWriter([] {});
  ASSERT_TRUE(Write(*writer, "a").ok());
  ASSERT_TRUE(writer->Pass(1).ok());
  clock_.AdvanceMicros(901'000'000);
  kafka_.next_commit = FakeKafka::Fault::kFenced;
  EXPECT_EQ(transactions->Decide(Of(1)).code(), StatusCode::kUnavailable);
}

TEST_F(KafkaTransactionsTest, AProducerWhoseConnectionWasDisturbedIsInitialisedAgain) {
  auto transactions = Make();
  ASSERT_TRUE(transactions->Recover());
  auto writer = transactions->MakeWriter([] {});
  ASSERT_TRUE(writer->Pass(1).ok());
  kafka_.disturbed = true;
  ASSERT_TRUE(transactions->Decide(Of(1)).ok());
  EXPECT_EQ(kafka_.epochs["p-job-0"], 2);
  EXPECT_EQ(kafka_.epochs["p-job-1"], 1);
}

TEST_F(KafkaTransactionsTest, ATopicThatForgetsIsRefused) {
  kafka_.partitions[kProgressTopic] = kProgressPartitions;
  kafka_.configs[kProgressTopic]["cleanup.policy"] = "delete";
  EXPECT_EQ(Make()->Recover().status().code(), StatusCode::kInvalidArgument);
}

TEST_F(KafkaTransactionsTest, ATopicWithTooFewPartitionsIsRefused) {
  kafka_.configs[kProgressTopic]["cleanup.policy"] = "compact";
  kafka_.partitions[kProgressTopic] = kProgressPartitions - 1;
  EXPECT_EQ(Make()->Recover().status().code(), StatusCode::kInvalidArgument);
}

TEST_F(KafkaTransactionsTest, AJobStartsBesideOneThatDiedInItsDecision) {
  ASSERT_NE(ProgressPartition("job"), ProgressPartition("another"));
  auto dead = Make();
  ASSERT_TRUE(dead->Recover());
  KafkaRecord record;  // its process ends before EndTxn
  record.topic = kProgressTopic;
  record.partition = ProgressPartition("job");
  ASSERT_TRUE(dead->MakeWriter([] {})->Produce(record).ok());
  EXPECT_EQ(MakeJob("another")->Recover().value(), std::nullopt);
}

TEST_F(KafkaTransactionsTest, TransactionsMustOutliveEveryEpoch) {
  EXPECT_EQ(Make({}, 900'000)->Recover().status().number(), ErrorNumber::kTransactionTimeout);
  EXPECT_EQ(Make({{"transaction.timeout.ms", "600000"}})->Recover().status().number(),
            ErrorNumber::kTransactionTimeout);
  EXPECT_EQ(Make({{"transaction.timeout.ms", "1000000"}})->Recover().status().number(),
            ErrorNumber::kTransactionTimeout);
  EXPECT_TRUE(Make({{"transaction.timeout.ms", "700000"}})->Recover());
}

TEST_F(KafkaTransactionsTest, JobsOfOneClusterDoNotSeeEachOther) {
  auto transactions = Make();
  ASSERT_TRUE(transactions->Recover());
  auto writer = transactions->MakeWriter([] {});
  ASSERT_TRUE(writer->Pass(1).ok());
  ASSERT_TRUE(transactions->Decide(Of(1)).ok());
  EXPECT_EQ(MakeJob("another")->Recover().value(), std::nullopt);
}

TEST(KafkaProgress, RecordsAreReadAsTheyWereWritten) {
  Decision decision{0xfedcba9876543210, 12, 34};
  std::string text = WriteProgress(decision);
  EXPECT_EQ(ReadProgress(text).value(), decision);
  text[30] = text[30] == '1' ? '2' : '1';
  EXPECT_FALSE(ReadProgress(text));
  EXPECT_FALSE(ReadProgress(""));
}

JobVertex SinkOf(int id, const std::string& servers, const std::string& guarantee) {
  TableSpec spec;
  spec.table = "t" + std::to_string(id);
  spec.options = {{"properties.bootstrap.servers", servers}, {kDeliveryGuaranteeOption, guarantee}};
  JobVertex vertex;
  vertex.id = id;
  vertex.kind = VertexKind::kSink;
  vertex.factory = "kafka";
  vertex.spec = spec.Serialize();
  return vertex;
}

TEST(KafkaDecisions, SinksOfTwoClustersCannotBeDecidedTogether) {
  KafkaDecisions decisions(nullptr);
  JobGraph graph;
  graph.vertices = {SinkOf(0, "a:1", "at-least-once")};
  EXPECT_FALSE(decisions.Plan(graph).value().has_value());
  graph.vertices.push_back(SinkOf(1, "b:1", "exactly-once"));
  EXPECT_EQ(decisions.Plan(graph).value()->table, "t1");
  graph.vertices.push_back(SinkOf(2, "c:1", "exactly-once"));
  EXPECT_EQ(decisions.Plan(graph).status().number(), ErrorNumber::kNotDecidedTogether);
}

}  // namespace
}  // namespace penstock
