// Options of kafka tables: start-up and bounded modes, keys, properties.
#include "connectors/kafka/kafka_options.h"

#include <gtest/gtest.h>

#include "connectors/kafka/kafka_properties.h"
#include "connectors/kafka/murmur2.h"
#include "connectors/kafka/topic_pattern.h"

namespace penstock {
namespace {

using Mode = KafkaPlace::Mode;

Result<KafkaOptions> Parse(std::map<std::string, std::string> options, KafkaUse use = KafkaUse::kSource) {
  options.insert({{"topic", "t"}, {"properties.bootstrap.servers", "localhost:9092"}, {"format", "json"}});
  return KafkaOptions::Parse("c.d.t", options, use);
}

TEST(Murmur2, GivesWhatTheJavaClientGives) {
  EXPECT_EQ(KafkaMurmur2("21"), -973932308);
  EXPECT_EQ(KafkaMurmur2("foobar"), -790332482);
  EXPECT_EQ(KafkaMurmur2("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(KafkaMurmur2("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(KafkaMurmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(KafkaMurmur2("abc"), 479470107);
  EXPECT_EQ(KafkaPartitionOf("21", 4), (-973932308 & 0x7fffffff) % 4);
}

TEST(KafkaOptions, GroupOffsetsAreTheDefaultAndNeedAGroupOrAReset) {
  EXPECT_EQ(Parse({}).status().number(), ErrorNumber::kMissingOption);
  Result<KafkaOptions> grouped = Parse({{"properties.group.id", "g"}});
  ASSERT_TRUE(grouped) << grouped.error().ToString();
  EXPECT_EQ(grouped->start.mode, Mode::kGroupOffsets);
  EXPECT_FALSE(grouped->bounded());
  EXPECT_TRUE(Parse({{"properties.auto.offset.reset", "earliest"}}));
  EXPECT_TRUE(Parse({}, KafkaUse::kSink));
}

TEST(KafkaOptions, StartAndEndAreParsedAlike) {
  Result<KafkaOptions> options =
      Parse({{"scan.startup.mode", "specific-offsets"},
             {"scan.startup.specific-offsets", "partition:0,offset:42; partition:3,offset:7"},
             {"scan.bounded.mode", "timestamp"},
             {"scan.bounded.timestamp-millis", "1700000000000"}});
  ASSERT_TRUE(options) << options.error().ToString();
  EXPECT_EQ(options->start.offsets, (std::map<int32_t, int64_t>{{0, 42}, {3, 7}}));
  EXPECT_EQ(options->end.timestamp_ms, 1700000000000);
  EXPECT_TRUE(options->bounded());
}

TEST(KafkaOptions, WrongPlacesAreRefused) {
  EXPECT_FALSE(Parse({{"scan.startup.mode", "first"}}));
  EXPECT_FALSE(Parse({{"scan.startup.mode", "timestamp"}}));
  EXPECT_FALSE(Parse({{"scan.startup.mode", "specific-offsets"}}));
  EXPECT_FALSE(Parse({{"scan.startup.mode", "specific-offsets"},
                      {"topic", "a;b"},
                      {"scan.startup.specific-offsets", "partition:0,offset:1"}}));
  for (const char* text : {"", "0:42", "partition:0", "partition:x,offset:1", "partition:0,offset:-1"}) {
    EXPECT_FALSE(ParseSpecificOffsets("k", text)) << text;
  }
}

TEST(KafkaOptions, KeysNeedFormatAndFields) {
  std::map<std::string, std::string> base = {{"scan.startup.mode", "earliest-offset"}};
  auto with = [&](std::map<std::string, std::string> more) {
    more.insert(base.begin(), base.end());
    return Parse(more).status().ok();
  };
  EXPECT_FALSE(with({{"key.format", "json"}}));
  EXPECT_FALSE(with({{"key.fields", "a"}}));
  EXPECT_TRUE(with({{"key.format", "json"}, {"key.fields", "a;b"}}));
  EXPECT_FALSE(with({{"key.format", "json"}, {"key.fields", "k_a"}, {"key.fields-prefix", "k_"}}));
  EXPECT_TRUE(with({{"key.format", "json"},
                    {"key.fields", "k_a"},
                    {"key.fields-prefix", "k_"},
                    {"value.fields-include", "EXCEPT_KEY"}}));
}

TEST(KafkaOptions, TheGuaranteeIsOneOfThree) {
  auto guarantee = [](const char* text) {
    return Parse({{"sink.delivery-guarantee", text}}, KafkaUse::kSink);
  };
  EXPECT_EQ(Parse({}, KafkaUse::kSink)->guarantee, KafkaGuarantee::kAtLeastOnce);
  EXPECT_EQ(guarantee("exactly-once")->guarantee, KafkaGuarantee::kExactlyOnce);
  EXPECT_EQ(guarantee("none")->guarantee, KafkaGuarantee::kNone);
  EXPECT_EQ(guarantee("twice").status().number(), ErrorNumber::kBadOption);
}

Result<KafkaOptions> ParseUpsert(std::map<std::string, std::string> options,
                                 std::vector<std::string> key = {"k"}) {
  options.insert({{"topic", "t"}, {"properties.bootstrap.servers", "localhost:9092"}});
  options.insert({{"key.format", "raw"}, {"value.format", "json"}});
  return KafkaOptions::ParseUpsert("c.d.t", options, key, KafkaUse::kSource);
}

TEST(KafkaOptions, AnUpsertTableIsReadFromItsFirstRecordByItsPrimaryKey) {
  Result<KafkaOptions> options = ParseUpsert({{"value.fields-include", "EXCEPT_KEY"}}, {"a", "b"});
  ASSERT_TRUE(options) << options.error().ToString();
  EXPECT_TRUE(options->upsert);
  EXPECT_EQ(options->start.mode, Mode::kEarliest);
  EXPECT_EQ(options->key_fields, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(ParseUpsert({}, {}).status().number(), ErrorNumber::kBadOption);
  EXPECT_EQ(ParseUpsert({{"key.format", ""}}).status().number(), ErrorNumber::kBadOption);
}

TEST(KafkaOptions, AnUpsertBufferNeedsBothItsLimits) {
  EXPECT_TRUE(ParseUpsert({{"sink.buffer-flush.max-rows", "9"}, {"sink.buffer-flush.interval", "1 s"}}));
  EXPECT_TRUE(ParseUpsert({{"sink.buffer-flush.max-rows", "0"}}));
  EXPECT_FALSE(ParseUpsert({{"sink.buffer-flush.max-rows", "9"}}));
  EXPECT_FALSE(ParseUpsert({{"sink.buffer-flush.max-rows", "nine"}}));
}

TEST(KafkaProperties, JavaNamesBecomeLibrdkafkas) {
  Result<KafkaProperties> consumer =
      TranslateProperties({{"properties.bootstrap.servers", "b:1"},
                           {"properties.fetch.max.wait.ms", "10"},
                           {"properties.acks", "1"},
                           {"properties.max.poll.records", "7"},
                           {"properties.sasl.jaas.config",
                            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" "
                            "password=\"p\\\"q\";"},
                           {"topic", "t"}},
                          KafkaRole::kConsumer);
  ASSERT_TRUE(consumer);
  EXPECT_EQ(*consumer, (KafkaProperties{{"bootstrap.servers", "b:1"},
                                        {"fetch.wait.max.ms", "10"},
                                        {"sasl.username", "u"},
                                        {"sasl.password", "p\"q"}}));
  EXPECT_EQ(TranslateProperties({{"properties.fetch.min.byte", "1"}}, KafkaRole::kConsumer).status().hint(),
            "did you mean 'properties.fetch.min.bytes'?");
}

TEST(TopicPattern, MatchesWholeNames) {
  Result<TopicPattern> pattern = TopicPattern::Make("orders-[0-9]+");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern->Matches("orders-12"));
  EXPECT_FALSE(pattern->Matches("orders-12-dead"));
  EXPECT_FALSE(TopicPattern::Make("orders-["));
}

}  // namespace
}  // namespace penstock
