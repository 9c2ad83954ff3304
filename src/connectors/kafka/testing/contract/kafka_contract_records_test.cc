// The contract of Kafka clients: records that are written and read, without transactions.
#include <atomic>
#include <set>

#include "connectors/kafka/testing/contract/kafka_contract.h"

namespace penstock {

TEST_P(KafkaContract, RecordsComeBackAsTheyWereWritten) {
  std::string topic = Topic();
  auto producer = Producer();
  std::string bytes("a\0b\xff", 4);
  KafkaRecord whole = Record(topic, bytes);
  whole.key = bytes;
  whole.timestamp_ms = 1'234'567'890'123;
  whole.headers = {{"name", "value"}, {"empty", ""}, {"null", std::nullopt}, {"name", "again"}};
  KafkaRecord tombstone = Record(topic, "");
  tombstone.key = "key";
  tombstone.value = std::nullopt;
  KafkaRecord empty = Record(topic, "");
  empty.key = "";
  KafkaRecord keyless = Record(topic, "keyless");
  int64_t before_ms = world_->clock().NowMicros() / 1000;
  for (const KafkaRecord& record : {whole, tombstone, empty, keyless})
    ASSERT_TRUE(producer->Produce(record).ok());
  ASSERT_TRUE(producer->Flush(kLongMs).ok());

  std::vector<ReadRecord> read = All(topic);
  ASSERT_EQ(read.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(read[i].offset, static_cast<int64_t>(i));
  EXPECT_EQ(read[0].key, bytes);
  EXPECT_EQ(read[0].value, bytes);
  EXPECT_EQ(read[0].timestamp_ms, 1'234'567'890'123);
  EXPECT_EQ(read[0].timestamp_type, KafkaTimestampType::kCreateTime);
  using Headers = decltype(ReadRecord::headers);
  EXPECT_EQ(read[0].headers,
            (Headers{{"name", "value"}, {"empty", ""}, {"null", std::nullopt}, {"name", "again"}}));
  EXPECT_EQ(read[1].key, "key");
  EXPECT_EQ(read[1].value, std::nullopt) << "null is not empty";
  EXPECT_TRUE(read[1].headers.empty());
  EXPECT_EQ(read[2].key, "") << "empty is not null";
  EXPECT_EQ(read[2].value, "");
  EXPECT_EQ(read[3].key, std::nullopt);
  EXPECT_GE(read[3].timestamp_ms, before_ms);
  EXPECT_LE(read[3].timestamp_ms, world_->clock().NowMicros() / 1000);
}

TEST_P(KafkaContract, APartitionKeepsTheOrderOfItsProducer) {
  std::string topic = Topic(2);
  auto producer = Producer();
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(producer->Produce(Record(topic, std::to_string(i), i % 2)).ok());
  ASSERT_TRUE(producer->Flush(kLongMs).ok());
  auto consumer = Consumer();
  ASSERT_TRUE(
      consumer->Assign({{4, {topic, 0}, kKafkaEarliest, -1}, {9, {topic, 1}, kKafkaEarliest, -1}}).ok());
  for (int partition = 0; partition < 2; ++partition) {
    int64_t end = 0;
    std::vector<ReadRecord> read = ToEnd(*consumer, partition == 0 ? 4 : 9, &end, 70);
    ASSERT_EQ(read.size(), 1000u);
    EXPECT_EQ(end, 1000);
    for (int i = 0; i < 1000; ++i) {
      EXPECT_EQ(read[static_cast<size_t>(i)].offset, i);
      EXPECT_EQ(read[static_cast<size_t>(i)].value, std::to_string(2 * i + partition));
    }
  }
}

// From the partitioner of Kafka's Java client: murmur2 of the key, without its sign, modulo 7.
TEST_P(KafkaContract, KeysGoToThePartitionsOfJavasProducer) {
  std::string topic = Topic(7);
  const std::vector<std::pair<std::string, int32_t>> expected = {
      {"21", (-973932308 & 0x7fffffff) % 7},
      {"foobar", (-790332482 & 0x7fffffff) % 7},
      {"a-little-bit-long-string", (-985981536 & 0x7fffffff) % 7},
      {"a-little-bit-longer-string", (-1486304829 & 0x7fffffff) % 7},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", (-58897971 & 0x7fffffff) % 7},
      {"abc", 479470107 % 7}};
  auto producer = Producer();
  auto transactional = Begun("a");
  for (const auto& [key, partition] : expected) {
    KafkaRecord record = Record(topic, "v", -1);
    record.key = key;
    ASSERT_TRUE(producer->Produce(record).ok());
    ASSERT_TRUE(transactional->Produce(record, &deliveries_).ok());
  }
  ASSERT_TRUE(producer->Flush(kLongMs).ok());
  ASSERT_TRUE(transactional->Commit(kLongMs).ok());
  ASSERT_TRUE(Settled(topic));
  std::multiset<std::pair<std::string, int32_t>> read;
  for (int32_t partition = 0; partition < 7; ++partition) {
    for (const ReadRecord& record : All(topic, partition)) read.emplace(*record.key, partition);
  }
  std::multiset<std::pair<std::string, int32_t>> twice(expected.begin(), expected.end());
  twice.insert(expected.begin(), expected.end());
  EXPECT_EQ(read, twice);
}

TEST_P(KafkaContract, RecordsWithoutAKeyGoToAnyPartition) {
  std::string topic = Topic(3);
  auto producer = Producer();
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(producer->Produce(Record(topic, std::to_string(i), -1)).ok());
  ASSERT_TRUE(producer->Flush(kLongMs).ok());
  std::set<std::string> values;
  for (int32_t partition = 0; partition < 3; ++partition) {
    for (const std::string& value : Committed(topic, partition)) values.insert(value);
  }
  EXPECT_EQ(values.size(), 60u);
}

TEST_P(KafkaContract, WhatIsUnderWayIsCountedUntilItIsAcknowledged) {
  std::string topic = Topic();
  auto producer = Producer();
  EXPECT_EQ(producer->records_in_flight(), 0);
  KafkaRecord record = Record(topic, "12345");
  record.key = "123";
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(producer->Produce(record).ok());
  EXPECT_EQ(producer->records_in_flight(), 3);
  EXPECT_EQ(producer->bytes_in_flight(), 24);
  EXPECT_TRUE(Await([&] {
    EXPECT_TRUE(producer->Serve().ok());
    return producer->records_in_flight() == 0;
  })) << "without Flush";
  EXPECT_EQ(producer->bytes_in_flight(), 0);
  EXPECT_TRUE(producer->Flush(0).ok());
  EXPECT_EQ(All(topic).size(), 3u);
}

TEST_P(KafkaContract, ARecordThatCannotBeDeliveredIsToldAgainAndAgain) {
  std::string topic = Topic(2);
  auto producer = Producer();
  ASSERT_EQ(producer->CountPartitions(topic).value(), 2);
  // Either at once or when its turn comes.
  Status sent = producer->Produce(Record(topic, "x", 2));
  if (sent.ok()) {
    EXPECT_TRUE(Await([&] { return !(sent = producer->Serve()).ok(); }));
    EXPECT_EQ(producer->Serve().code(), StatusCode::kNotFound);
    EXPECT_EQ(producer->Flush(kLongMs).code(), StatusCode::kNotFound);
  }
  EXPECT_EQ(sent.code(), StatusCode::kNotFound) << sent.ToString();
}

TEST_P(KafkaContract, TheEndIsToldOnceUntilThereIsMore) {
  std::string topic = Topic();
  auto producer = Producer();
  auto consumer = Consumer();
  ASSERT_TRUE(consumer->Assign({{0, {topic, 0}, kKafkaEarliest, -1}}).ok());
  int64_t end = kNoKafkaOffset;
  EXPECT_TRUE(ToEnd(*consumer, 0, &end).empty());
  EXPECT_EQ(end, 0);
  for (int i = 0; i < 5; ++i) {
    auto fetch = consumer->Fetch(0, 10).value();
    EXPECT_TRUE(fetch->messages.empty());
    EXPECT_EQ(fetch->end_offset, kNoKafkaOffset);
    world_->Wait(&bell_, 5);
  }
  ASSERT_TRUE(Write(*producer, Record(topic, "a")).ok());
  ASSERT_TRUE(Write(*producer, Record(topic, "b")).ok());
  std::vector<std::string> values;
  while (values.size() < 2) {  // the end may be told in between
    for (const std::string& value : Values(ToEnd(*consumer, 0, &end))) values.push_back(value);
  }
  EXPECT_EQ(values, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(end, 2);
}

TEST_P(KafkaContract, ASleeperIsWokenWhenAnEmptyPartitionHasMessagesAgain) {
  std::string topic = Topic();
  auto producer = Producer();
  std::atomic<int> rung = 0;
  auto consumer = Consumer({}, [&rung] { ++rung; });
  ASSERT_TRUE(consumer->Assign({{0, {topic, 0}, kKafkaEarliest, -1}}).ok());
  EXPECT_TRUE(ToEnd(*consumer, 0).empty());
  rung = 0;
  ASSERT_TRUE(Write(*producer, Record(topic, "x")).ok());
  EXPECT_TRUE(Await([&] { return rung > 0; })) << "without a look at the partition";
  EXPECT_EQ(Values(ToEnd(*consumer, 0)), std::vector<std::string>{"x"});
}

TEST_P(KafkaContract, ReadingStartsWhereItIsAskedTo) {
  std::string topic = Topic();
  auto producer = Producer();
  for (const char* value : {"a", "b", "c"}) ASSERT_TRUE(Write(*producer, Record(topic, value)).ok());
  auto consumer = Consumer();
  auto from = [&](int handle, int64_t offset) {
    Status assigned = consumer->Assign({{handle, {topic, 0}, offset, -1}});
    EXPECT_TRUE(assigned.ok()) << assigned.ToString();
    std::vector<std::string> values = Values(ToEnd(*consumer, handle));
    EXPECT_TRUE(consumer->Release(handle).ok());
    return values;
  };
  EXPECT_EQ(from(0, 1), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(from(1, kKafkaLatest), std::vector<std::string>{});
  EXPECT_EQ(from(2, 3), std::vector<std::string>{}) << "the end is a place to start at";
  EXPECT_EQ(from(2, kKafkaEarliest), (std::vector<std::string>{"a", "b", "c"})) << "again, by the same name";
}

TEST_P(KafkaContract, AnOffsetThatIsNotThereFailsOrIsReset) {
  std::string topic = Topic();
  auto producer = Producer();
  for (const char* value : {"a", "b"}) ASSERT_TRUE(Write(*producer, Record(topic, value)).ok());
  auto strict = Consumer();
  ASSERT_TRUE(strict->Assign({{0, {topic, 0}, 5, -1}}).ok());
  Status failed;
  EXPECT_TRUE(Await([&] {
    Result<std::unique_ptr<KafkaFetch>> fetch = strict->Fetch(0, 10);
    failed = fetch.status();
    return !fetch;
  }));
  EXPECT_EQ(failed.code(), StatusCode::kIo) << failed.ToString();
  EXPECT_FALSE(failed.retryable());
  EXPECT_FALSE(strict->Fetch(0, 10)) << "again and again";
  auto lenient = Consumer({{"auto.offset.reset", "earliest"}});
  ASSERT_TRUE(lenient->Assign({{0, {topic, 0}, 5, -1}}).ok());
  EXPECT_EQ(Values(ToEnd(*lenient, 0)), (std::vector<std::string>{"a", "b"}));
}

}  // namespace penstock
