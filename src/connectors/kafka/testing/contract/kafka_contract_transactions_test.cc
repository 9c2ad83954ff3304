// The contract of Kafka clients: transactions, what readers of both levels see of them, and who is shut out.
#include "connectors/kafka/testing/contract/kafka_contract.h"

namespace penstock {

using Strings = std::vector<std::string>;

TEST_P(KafkaContract, RowsOfATransactionAreSeenTogetherOnceItIsCommitted) {
  std::string one = Topic(2), other = Topic();
  auto producer = Begun("a");
  ASSERT_TRUE(Write(*producer, Record(one, "a", 0)).ok());
  ASSERT_TRUE(Write(*producer, Record(one, "b", 1)).ok());
  ASSERT_TRUE(Write(*producer, Record(other, "c")).ok());
  EXPECT_EQ(Committed(one, 0), Strings{});
  EXPECT_EQ(Committed(one, 1), Strings{});
  EXPECT_EQ(Committed(other), Strings{});
  ASSERT_TRUE(producer->Commit(kLongMs).ok());
  ASSERT_TRUE(Settled(one) && Settled(other));
  EXPECT_EQ(Committed(one, 0), Strings{"a"});
  EXPECT_EQ(Committed(one, 1), Strings{"b"});
  EXPECT_EQ(Committed(other), Strings{"c"});
}

TEST_P(KafkaContract, AnOpenTransactionHidesWhatIsBehindItFromReadersOfCommittedRows) {
  std::string topic = Topic();
  auto plain = Producer();
  ASSERT_TRUE(Write(*plain, Record(topic, "before")).ok());
  auto slow = Begun("slow"), fast = Begun("fast");
  ASSERT_TRUE(Write(*slow, Record(topic, "slow")).ok());
  ASSERT_TRUE(Write(*fast, Record(topic, "fast")).ok());
  ASSERT_TRUE(fast->Commit(kLongMs).ok());
  ASSERT_TRUE(Write(*plain, Record(topic, "after")).ok());
  ASSERT_TRUE(Await([&] { return Latest(topic, false) == 5; })) << "four records and a marker";
  EXPECT_EQ(Latest(topic, true), 1) << "the last stable offset";
  int64_t end = 0;
  EXPECT_EQ(Values(All(topic, 0, true, &end)), Strings{"before"});
  EXPECT_EQ(end, 1);
  EXPECT_EQ(Values(All(topic, 0, false, &end)), (Strings{"before", "slow", "fast", "after"}));
  EXPECT_EQ(end, 5);
  ASSERT_TRUE(slow->Abort(kLongMs).ok());
  ASSERT_TRUE(Settled(topic));
  EXPECT_EQ(Values(All(topic, 0, true, &end)), (Strings{"before", "fast", "after"}));
  EXPECT_EQ(end, 6);
  EXPECT_EQ(Latest(topic, true), 6);
}

TEST_P(KafkaContract, RowsThatWereTakenBackAreNeverReadAsCommitted) {
  std::string topic = Topic();
  auto producer = Begun("a");
  ASSERT_TRUE(Write(*producer, Record(topic, "gone")).ok());
  ASSERT_TRUE(producer->Abort(kLongMs).ok());
  ASSERT_TRUE(Settled(topic));
  int64_t end = 0;
  EXPECT_EQ(Values(All(topic, 0, true, &end)), Strings{});
  EXPECT_EQ(end, 2) << "behind the marker";
  EXPECT_EQ(Values(All(topic, 0, false)), Strings{"gone"});
  // The same producer goes on.
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(Write(*producer, Record(topic, "stays")).ok());
  ASSERT_TRUE(producer->Commit(kLongMs).ok());
  ASSERT_TRUE(Settled(topic));
  std::vector<ReadRecord> read = All(topic, 0, true, &end);
  EXPECT_EQ(Values(read), Strings{"stays"});
  EXPECT_EQ(read[0].offset, 2);
  EXPECT_EQ(end, 4);
}

// A reader that waits at an open transaction goes on by itself.
TEST_P(KafkaContract, AReaderPassesATransactionWhenThatEnds) {
  std::string topic = Topic();
  auto consumer = Consumer();
  ASSERT_TRUE(consumer->Assign({{0, {topic, 0}, kKafkaEarliest, -1}}).ok());
  auto first = Begun("first"), second = Begun("second");
  ASSERT_TRUE(Write(*first, Record(topic, "gone")).ok());
  ASSERT_TRUE(Write(*second, Record(topic, "stays")).ok());
  int64_t end = 0;
  EXPECT_EQ(Values(ToEnd(*consumer, 0, &end)), Strings{});
  EXPECT_EQ(end, 0);
  ASSERT_TRUE(second->Commit(kLongMs).ok());
  ASSERT_TRUE(first->Abort(kLongMs).ok());
  ASSERT_TRUE(Settled(topic));
  Strings values;
  while (end < 4) {  // the end is told wherever the reader has stopped
    for (const std::string& value : Values(ToEnd(*consumer, 0, &end))) values.push_back(value);
  }
  EXPECT_EQ(values, Strings{"stays"});
  EXPECT_EQ(end, 4);
}

TEST_P(KafkaContract, InitShutsOutTheProducerBeforeAndTakesItsRowsBack) {
  std::string topic = Topic();
  auto before = Begun("a");
  ASSERT_TRUE(Write(*before, Record(topic, "lost")).ok());
  EXPECT_EQ(Latest(topic, true), 0);
  auto after = Initialised("a");
  EXPECT_EQ(before->Commit(kLongMs).code(), StatusCode::kFenced);
  ASSERT_TRUE(Settled(topic));
  EXPECT_EQ(Committed(topic), Strings{});
  ASSERT_TRUE(after->Begin().ok());
  ASSERT_TRUE(Write(*after, Record(topic, "stays")).ok());
  ASSERT_TRUE(after->Commit(kLongMs).ok());
  ASSERT_TRUE(Settled(topic));
  EXPECT_EQ(Committed(topic), Strings{"stays"});
}

TEST_P(KafkaContract, OneThatWasShutOutHearsOfItWhereItWritesToo) {
  std::string topic = Topic();
  auto before = Begun("a");
  auto other = Begun("b");
  ASSERT_TRUE(Write(*before, Record(topic, "one")).ok());
  ASSERT_TRUE(Write(*other, Record(topic, "other")).ok());
  auto after = Initialised("a");
  Status sent = before->Produce(Record(topic, "two"), &deliveries_);
  if (sent.ok()) sent = before->Flush(kLongMs);
  EXPECT_EQ(sent.code(), StatusCode::kFenced) << sent.ToString();
  EXPECT_EQ(before->Serve().status().code(), StatusCode::kFenced);
  EXPECT_EQ(before->Serve().status().code(), StatusCode::kFenced) << "again and again";
  EXPECT_EQ(before->Commit(kLongMs).code(), StatusCode::kFenced);
  ASSERT_TRUE(other->Commit(kLongMs).ok()) << "another id is none of its business";
  ASSERT_TRUE(Settled(topic));
  EXPECT_EQ(Committed(topic), Strings{"other"});
  EXPECT_EQ(deliveries_.records, 0);
}

// As KafkaTransactions does: each is asked again after a little while, and goes on in between.
TEST_P(KafkaContract, InitialisationsByTurnsComeToAnEnd) {
  std::string topic = Topic();
  std::vector<Transactional> before, after;
  for (const char* id : {"a", "b"}) {
    before.push_back(Begun(id));
    ASSERT_TRUE(Write(*before.back(), Record(topic, id)).ok());
    after.push_back(Raw(id));
  }
  std::vector<bool> done(2);
  EXPECT_TRUE(Await([&] {
    for (size_t i = 0; i < 2; ++i) {
      if (done[i]) continue;
      Status turn = after[i]->Init(20);
      EXPECT_TRUE(turn.ok() || (turn.retryable() && turn.code() == StatusCode::kUnavailable))
          << turn.ToString();
      done[i] = turn.ok();
    }
    return done[0] && done[1];
  }));
  ASSERT_TRUE(Settled(topic));
  EXPECT_EQ(Committed(topic), Strings{});
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(before[i]->Commit(kLongMs).code(), StatusCode::kFenced);
    ASSERT_TRUE(after[i]->Begin().ok());
    ASSERT_TRUE(Write(*after[i], Record(topic, std::to_string(i))).ok());
    ASSERT_TRUE(after[i]->Commit(kLongMs).ok());
  }
  ASSERT_TRUE(Settled(topic));
  EXPECT_EQ(Committed(topic), (Strings{"0", "1"}));
}

TEST_P(KafkaContract, CommittedRowsStayWhoeverComesNext) {
  std::string topic = Topic();
  auto producer = Begun("a");
  ASSERT_TRUE(Write(*producer, Record(topic, "stays")).ok());
  ASSERT_TRUE(producer->Commit(kLongMs).ok());
  auto next = Initialised("a");
  ASSERT_TRUE(Settled(topic));
  EXPECT_EQ(Committed(topic), Strings{"stays"});
}

TEST_P(KafkaContract, AnExpiredTransactionIsTakenBackAndItsProducerIsShutOut) {
  std::string topic = Topic();
  auto producer = Begun("a", 1000);
  ASSERT_TRUE(Write(*producer, Record(topic, "late")).ok());
  EXPECT_FALSE(producer->disturbed());
  // The broker looks every ten seconds.
  ASSERT_TRUE(Await([&] { return Latest(topic, true) == 2; }, 40'000));
  EXPECT_EQ(producer->Commit(kLongMs).code(), StatusCode::kFenced);
  EXPECT_EQ(Committed(topic), Strings{});
  auto next = Begun("a");
  ASSERT_TRUE(Write(*next, Record(topic, "stays")).ok());
  ASSERT_TRUE(next->Commit(kLongMs).ok());
  ASSERT_TRUE(Settled(topic));
  EXPECT_EQ(Committed(topic), Strings{"stays"});
}

TEST_P(KafkaContract, ATransactionMayBeEmpty) {
  std::string topic = Topic();
  auto producer = Begun("a");
  EXPECT_TRUE(producer->Commit(kLongMs).ok());
  ASSERT_TRUE(producer->Begin().ok());
  EXPECT_TRUE(producer->Abort(kLongMs).ok());
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(Write(*producer, Record(topic, "x")).ok());
  EXPECT_TRUE(producer->Commit(kLongMs).ok());
  ASSERT_TRUE(Settled(topic));
  EXPECT_EQ(Latest(topic, false), 2) << "one record, one marker: nothing of the empty ones";
}

TEST_P(KafkaContract, WritersThatShareAProducerAreToldOfTheirOwnRecords) {
  std::string topic = Topic();
  auto producer = Begun("a");
  KafkaDeliveries one, other;
  KafkaRecord record = Record(topic, "12345");
  record.key = "k";
  ASSERT_TRUE(producer->Produce(record, &one).ok());
  ASSERT_TRUE(producer->Produce(record, &one).ok());
  ASSERT_TRUE(producer->Produce(Record(topic, "abc"), &other).ok());
  EXPECT_EQ(one.records, 2);
  EXPECT_EQ(one.bytes, 12);
  EXPECT_EQ(other.records, 1);
  EXPECT_EQ(other.bytes, 3);
  bool any = false;
  EXPECT_TRUE(Await([&] {
    Result<bool> served = producer->Serve();
    EXPECT_TRUE(served);
    any = any || *served;
    return one.records == 0 && other.records == 0;
  }));
  EXPECT_TRUE(any);
  EXPECT_EQ(one.bytes + other.bytes, 0);
  EXPECT_FALSE(*producer->Serve()) << "nothing is left to be told";
  ASSERT_TRUE(producer->Commit(kLongMs).ok());
}

TEST_P(KafkaContract, CommitSendsWhatIsStillQueued) {
  std::string topic = Topic();
  auto producer = Begun("a");
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(producer->Produce(Record(topic, std::to_string(i)), &deliveries_).ok());
  ASSERT_TRUE(producer->Commit(kLongMs).ok());
  EXPECT_FALSE(producer->disturbed());
  ASSERT_TRUE(Settled(topic));
  Strings values = Committed(topic);
  ASSERT_EQ(values.size(), 300u);
  for (size_t i = 0; i < 300; ++i) EXPECT_EQ(values[i], std::to_string(i));
}

TEST_P(KafkaContract, AbortForgetsWhatIsStillQueued) {
  std::string topic = Topic();
  auto producer = Begun("a");
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(producer->Produce(Record(topic, std::to_string(i)), &deliveries_).ok());
  ASSERT_TRUE(producer->Abort(kLongMs).ok());
  EXPECT_EQ(deliveries_.records, 0);
  EXPECT_EQ(deliveries_.bytes, 0);
  Result<bool> served = producer->Serve();
  EXPECT_TRUE(served) << served.error().ToString();
  ASSERT_TRUE(Settled(topic));
  EXPECT_EQ(Committed(topic), Strings{});
  ASSERT_TRUE(producer->Begin().ok());
  Status sent = Write(*producer, Record(topic, "stays"));
  ASSERT_TRUE(sent.ok()) << sent.ToString();
  ASSERT_TRUE(producer->Commit(kLongMs).ok());
  ASSERT_TRUE(Settled(topic));
  EXPECT_EQ(Committed(topic), Strings{"stays"});
}

// Nothing needs to be asked about it.
TEST_P(KafkaContract, AnEmptyTransactionIsCommittedByOneThatWasShutOutToo) {
  auto before = Begun("a");
  auto after = Initialised("a");
  Status committed = before->Commit(kLongMs);
  EXPECT_TRUE(committed.ok()) << committed.ToString();
}

TEST_P(KafkaContract, ATransactionWhoseRecordCannotBeDeliveredIsLeftToTheNextProducer) {
  std::string topic = Topic(2);
  auto producer = Begun("a");
  ASSERT_EQ(producer->CountPartitions(topic).value(), 2);
  ASSERT_TRUE(Write(*producer, Record(topic, "good")).ok());
  Status sent = producer->Produce(Record(topic, "bad", 2), &deliveries_);
  if (sent.ok()) sent = producer->Flush(kLongMs);
  EXPECT_EQ(sent.code(), StatusCode::kNotFound) << sent.ToString();
  producer.reset();  // of no use any more
  auto next = Initialised("a");
  ASSERT_TRUE(Settled(topic));
  EXPECT_EQ(Committed(topic), Strings{});
}

TEST_P(KafkaContract, AKeyedTombstoneAndHeadersGoThroughATransactionToo) {
  std::string topic = Topic();
  auto producer = Begun("a");
  KafkaRecord record = Record(topic, "");
  record.key = "k";
  record.value = std::nullopt;
  record.timestamp_ms = 1'700'000'000'123;
  record.headers = {{"h", "v"}};
  ASSERT_TRUE(Write(*producer, record).ok());
  ASSERT_TRUE(producer->Commit(kLongMs).ok());
  ASSERT_TRUE(Settled(topic));
  std::vector<ReadRecord> read = All(topic);
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].key, "k");
  EXPECT_EQ(read[0].value, std::nullopt);
  EXPECT_EQ(read[0].timestamp_ms, 1'700'000'000'123);
  ASSERT_EQ(read[0].headers.size(), 1u);
  EXPECT_EQ(read[0].headers[0].second, "v");
}

// For readers of committed rows a time that lies behind an open transaction has no offset yet.
TEST_P(KafkaContract, OffsetsOfATimeEndBeforeAnOpenTransaction) {
  std::string topic = Topic();
  KafkaRecord plain = Record(topic, "plain");
  plain.timestamp_ms = 1'000'000;
  ASSERT_TRUE(Write(*Producer(), plain).ok());
  auto producer = Begun("a");
  KafkaRecord open = Record(topic, "open");
  open.timestamp_ms = 2'000'000;
  ASSERT_TRUE(Write(*producer, open).ok());
  auto at = [&](bool committed, int64_t time = 1'500'000) {
    auto admin = Admin({{"isolation.level", committed ? "read_committed" : "read_uncommitted"}});
    return admin->ListOffsets({{topic, 0}}, time).value()[0];
  };
  EXPECT_EQ(at(true), kNoKafkaOffset);
  EXPECT_EQ(at(false), 1);
  ASSERT_TRUE(producer->Commit(kLongMs).ok());
  ASSERT_TRUE(Settled(topic));
  EXPECT_EQ(at(true), 1);
  EXPECT_EQ(at(true, 2'000'001), 2) << "a marker has a time, too";
}

TEST_P(KafkaContract, NothingBeginsBeforeItIsInitialised) {
  auto producer = Raw("a");
  Status begun = producer->Begin();
  EXPECT_FALSE(begun.ok());
  EXPECT_FALSE(begun.retryable());
}

}  // namespace penstock
