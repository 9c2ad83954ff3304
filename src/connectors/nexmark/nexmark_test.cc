// Distributions of the events, repeatability, splits, replay from memory, restored positions.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "connectors/nexmark/nexmark_connector.h"
#include "connectors/nexmark/nexmark_reader.h"
#include "connectors/print/row_text.h"

namespace penstock {
namespace {

std::vector<NexmarkEvent> Events(const NexmarkOptions& options, int64_t splits = 1, int64_t index = 0) {
  NexmarkSplit split(options, index, splits);
  std::vector<NexmarkEvent> events;
  for (int64_t n = 0; n < split.events(); ++n) events.push_back(split.At(n));
  return events;
}

NexmarkOptions WithEvents(int64_t events) {
  NexmarkOptions options;
  options.events = events;
  return options;
}

TEST(NexmarkModel, OfFiftyEventsOneIsAPersonAndThreeAreAuctions) {
  std::map<NexmarkKind, int> kinds;
  for (const NexmarkEvent& event : Events(WithEvents(50'000))) ++kinds[event.kind];
  EXPECT_EQ(kinds[NexmarkKind::kPerson], 1000);
  EXPECT_EQ(kinds[NexmarkKind::kAuction], 3000);
  EXPECT_EQ(kinds[NexmarkKind::kBid], 46'000);
}

TEST(NexmarkModel, IdsFollowFromTheEventNumber) {
  std::vector<NexmarkEvent> events = Events(WithEvents(200));
  EXPECT_EQ(events[0].id, 2);
  EXPECT_EQ(events[0].kind, NexmarkKind::kAuction);
  EXPECT_EQ(events[48].id, 50);
  EXPECT_EQ(events[48].kind, NexmarkKind::kPerson);
  EXPECT_EQ(NewestPerson(99), 1);
  EXPECT_EQ(NewestPerson(100), 2);
  EXPECT_EQ(NewestAuction(54), 5);   // a bid: 3 * (e / 50) + 2
  EXPECT_EQ(NewestAuction(100), 5);  // a person: the last of the round before
  EXPECT_EQ(NewestAuction(101), 6);
  NexmarkOptions options = WithEvents(200);
  EXPECT_EQ(MakePerson(options, events[98]).id, 1002);
  EXPECT_EQ(MakeAuction(options, events[49]).id, 1003);
}

TEST(NexmarkModel, TimeAdvancesAtTheRate) {
  NexmarkOptions options = WithEvents(1'000'000);
  options.rate = 30'000;
  NexmarkSplit split(options, 0, 1);
  EXPECT_EQ(split.At(0).time_ms, options.base_ms);
  EXPECT_EQ(split.At(29).time_ms, options.base_ms);  // 966.6 us
  EXPECT_EQ(split.At(30).time_ms, options.base_ms + 1);
  EXPECT_EQ(split.At(999'999).time_ms, options.base_ms + 33'333);
}

TEST(NexmarkModel, SplitsRunThroughTheSameTimeWithIdsOfTheirOwn) {
  NexmarkOptions options = WithEvents(1001);
  options.rate = 1000;
  std::vector<NexmarkEvent> first = Events(options, 2, 0), second = Events(options, 2, 1);
  ASSERT_EQ(first.size(), 500u);
  ASSERT_EQ(second.size(), 501u);
  EXPECT_EQ(second[0].id, first.back().id + 1);
  EXPECT_EQ(second[0].time_ms, first[0].time_ms);
  EXPECT_EQ(first[10].time_ms, options.base_ms + 20);  // half the rate each
}

TEST(NexmarkModel, InterleavedSplitsMakeTheSameEventsAtAnyParallelism) {
  NexmarkOptions options = WithEvents(1000);
  options.interleaved = true;
  std::set<std::pair<int64_t, int64_t>> one, three;
  for (const NexmarkEvent& event : Events(options)) one.emplace(event.id, event.time_ms);
  for (int64_t index = 0; index < 3; ++index) {
    for (const NexmarkEvent& event : Events(options, 3, index)) three.emplace(event.id, event.time_ms);
  }
  EXPECT_EQ(one.size(), 1000u);
  EXPECT_EQ(one, three);
}

TEST(NexmarkModel, HalfOfTheBidsGoToTheHotAuctionAndThreeQuartersComeFromTheHotBidder) {
  NexmarkOptions options = WithEvents(200'000);
  int bids = 0, hot_auction = 0, hot_bidder = 0, ahead = 0, hot_channel = 0;
  for (const NexmarkEvent& event : Events(options)) {
    if (event.kind != NexmarkKind::kBid || event.id < 100'000) continue;
    NexmarkBid bid = MakeBid(options, event);
    int64_t newest = NewestAuction(event.id) + 1000, person = NewestPerson(event.id) + 2000;
    ++bids;
    hot_auction += bid.auction % 100 == 0 && bid.auction == newest / 100 * 100 ? 1 : 0;
    hot_bidder += bid.bidder == (person - 2000) / 100 * 100 + 2001 ? 1 : 0;
    ahead += bid.auction > newest ? 1 : 0;
    hot_channel += bid.channel < 4 ? 1 : 0;
    EXPECT_GE(bid.auction, newest - 100);
    EXPECT_LE(bid.auction, newest + 10);
    EXPECT_GT(bid.bidder, person - 1000);
    EXPECT_LE(bid.bidder, person + 10);
  }
  auto share = [&](int count) { return static_cast<double>(count) / bids; };
  EXPECT_NEAR(share(hot_auction), 0.5 + 0.5 / 111, 0.01);
  EXPECT_NEAR(share(hot_bidder), 0.75, 0.01);
  EXPECT_NEAR(share(ahead), 0.5 * 10 / 111, 0.005);  // auctions that do not exist yet
  EXPECT_NEAR(share(hot_channel), 0.5, 0.01);
}

TEST(NexmarkModel, SellersAreHotThreeTimesOfFour) {
  NexmarkOptions options = WithEvents(200'000);
  int auctions = 0, hot = 0;
  for (const NexmarkEvent& event : Events(options)) {
    if (event.kind != NexmarkKind::kAuction || event.id < 100'000) continue;
    NexmarkAuction auction = MakeAuction(options, event);
    ++auctions;
    hot += auction.seller == NewestPerson(event.id) / 100 * 100 + 1000 ? 1 : 0;
    EXPECT_GE(auction.category, 10);
    EXPECT_LT(auction.category, 15);
    EXPECT_GE(auction.reserve, auction.initial_bid + 100);
    EXPECT_GT(auction.expires_ms, event.time_ms);
    EXPECT_LE(auction.expires_ms, event.time_ms + 2 * 17);  // 1,666 events at 100,000 a second
  }
  EXPECT_NEAR(static_cast<double>(hot) / auctions, 0.75, 0.02);
}

TEST(NexmarkModel, PricesAreLogUniform) {
  NexmarkOptions options = WithEvents(100'000);
  int bids = 0, low = 0, middle = 0;
  for (const NexmarkEvent& event : Events(options)) {
    if (event.kind != NexmarkKind::kBid) continue;
    int64_t price = MakeBid(options, event).price;
    ASSERT_GE(price, 100);
    ASSERT_LE(price, 100'000'000);
    ++bids;
    low += price < 10'000 ? 1 : 0;
    middle += price >= 10'000 && price < 1'000'000 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(low) / bids, 1.0 / 3, 0.01);
  EXPECT_NEAR(static_cast<double>(middle) / bids, 1.0 / 3, 0.01);
}

TEST(NexmarkModel, UniquePricesDifferWithinAMillisecond) {
  for (bool interleaved : {false, true}) {
    NexmarkOptions options = WithEvents(50'000);
    options.unique_prices = true;
    options.interleaved = interleaved;
    std::set<std::pair<int64_t, int64_t>> seen;
    int bids = 0;
    for (int64_t index = 0; index < 3; ++index) {
      for (const NexmarkEvent& event : Events(options, 3, index)) {
        if (event.kind != NexmarkKind::kBid) continue;
        ++bids;
        seen.emplace(event.time_ms, MakeBid(options, event).price);
      }
    }
    EXPECT_EQ(seen.size(), static_cast<size_t>(bids));
  }
}

TEST(NexmarkText, RecordsHaveTheirAverageSizes) {
  NexmarkOptions options = WithEvents(100'000);
  std::map<NexmarkKind, std::pair<double, double>> sizes;  // sum, count
  for (const NexmarkEvent& event : Events(options)) {
    NexmarkPerson person = event.kind == NexmarkKind::kPerson ? MakePerson(options, event) : NexmarkPerson();
    std::string extra;
    size_t size = CountedSize(options.seed, event, person);
    AppendExtra(options.seed, event, size, &extra);
    if (event.kind == NexmarkKind::kBid) {
      ASSERT_GE(extra.size(), 54u);
      ASSERT_LE(extra.size(), 81u);
    }
    auto& [sum, count] = sizes[event.kind];
    sum += static_cast<double>(size + extra.size());
    ++count;
  }
  auto mean = [&](NexmarkKind kind) { return sizes[kind].first / sizes[kind].second; };
  EXPECT_NEAR(mean(NexmarkKind::kPerson), 200, 2);
  EXPECT_NEAR(mean(NexmarkKind::kAuction), 500, 5);
  EXPECT_NEAR(mean(NexmarkKind::kBid), 100, 1);
}

TEST(NexmarkText, UrlsNameTheirChannelNineTimesOfTen) {
  NexmarkVocabulary vocabulary(42);
  EXPECT_EQ(vocabulary.channel(0), "Google");
  EXPECT_EQ(vocabulary.channel(4), "channel-0");
  EXPECT_EQ(vocabulary.channel(10'003), "channel-9999");
  int named = 0;
  for (int i = 0; i < 10'004; ++i) {
    EXPECT_TRUE(vocabulary.url(i).starts_with("https://www.nexmark.com/"));
    EXPECT_NE(vocabulary.url(i).find("/item.htm?query=1"), std::string_view::npos);
    named += vocabulary.url(i).find("&channel_id=") != std::string_view::npos ? 1 : 0;
  }
  EXPECT_NEAR(named, 9000, 150);
  EXPECT_EQ(vocabulary.url(0).find("&channel_id="), std::string_view::npos);
}

class NexmarkSourceTest : public testing::Test {
 protected:
  NexmarkSourceTest() {
    NexmarkConnector::Register(&registry_);
    spec_.table = "t";
    spec_.options = {{"events.num", "5000"}};
    spec_.columns = {
        {"event_type", DataType::Int(), ""},
        {"person", DataType::Row({{"id", DataType::BigInt()}, {"emailAddress", DataType::String()}}), ""},
        {"auction", DataType::Row({{"itemName", DataType::String()}, {"expires", DataType::Timestamp(3)}}),
         ""},
        {"bid", DataType::Row({{"price", DataType::BigInt()}, {"url", DataType::String()}}), ""}};
  }
  std::unique_ptr<SplitReader> Reader(const std::vector<SourceSplit>* splits = nullptr, int parallelism = 1) {
    JobVertex vertex;
    vertex.factory = "nexmark";
    vertex.spec = spec_.Serialize();
    sources_.push_back(registry_.NewSource(vertex).value());
    SourceContext context;
    context.clock = &clock_;
    context.parallelism = parallelism;
    std::vector<SourceSplit> all = sources_.back()->MakeEnumerator(context).value()->Discover().value();
    std::unique_ptr<SplitReader> reader = sources_.back()->MakeReader(context).value();
    CHECK(reader->AddSplits(splits != nullptr ? *splits : all).ok());
    return reader;
  }
  // Up to `batches` batches as text.
  std::vector<std::string> Rows(SplitReader& reader, int64_t max_rows, int batches = INT32_MAX) const {
    std::vector<std::string> rows;
    for (int i = 0; i < batches; ++i) {
      PollResult polled = reader.Poll(max_rows).value();
      if (polled.state == PollState::kEnd) break;
      for (int64_t row = 0; row < polled.batch.rows; ++row) {
        rows.push_back(JavaRowText(polled.batch, row, spec_.schema().types()));
      }
    }
    return rows;
  }
  ManualClock clock_{1'000'000'000};
  FactoryRegistry registry_;
  TableSpec spec_;
  std::vector<std::unique_ptr<Source>> sources_;
};

TEST_F(NexmarkSourceTest, RepeatsWithItsSeed) {
  std::vector<std::string> rows = Rows(*Reader(), 1024);
  EXPECT_EQ(rows.size(), 5000u);
  EXPECT_EQ(Rows(*Reader(), 7), rows);
  spec_.options["seed"] = "43";
  EXPECT_NE(Rows(*Reader(), 1024), rows);
}

TEST_F(NexmarkSourceTest, AFieldIsTheSameWithoutTheOthers) {
  std::unique_ptr<SplitReader> all = Reader();
  int64_t price = all->Poll(100).value().batch.column(3)->child(0)->ValueAt(60).as_int();
  spec_.columns = {{"bid", DataType::Row({{"price", DataType::BigInt()}}), ""}};
  EXPECT_EQ(Reader()->Poll(100).value().batch.column(0)->child(0)->ValueAt(60).as_int(), price);
}

TEST_F(NexmarkSourceTest, ReplaysFromMemoryWhatItWouldMake) {
  std::vector<std::string> rows = Rows(*Reader(), 1024);
  spec_.options["preload"] = "true";
  EXPECT_EQ(Rows(*Reader(), 1024), rows);
  EXPECT_EQ(Rows(*Reader(), 100), rows);
}

TEST_F(NexmarkSourceTest, ARestartedReaderSharesTheBatchesInMemory) {
  spec_.options["preload"] = "true";
  auto first_column = [&] { return Reader()->Poll(1024).value().batch.column(0); };
  ColumnPtr first = first_column();
  EXPECT_EQ(first_column(), first);
  spec_.options["seed"] = "7";
  EXPECT_NE(first_column(), first);
}

TEST_F(NexmarkSourceTest, GoesOnFromASnapshot) {
  for (const char* preload : {"false", "true"}) {
    spec_.options["preload"] = preload;
    std::vector<std::string> all = Rows(*Reader(nullptr, 2), 1000);
    std::unique_ptr<SplitReader> reader = Reader(nullptr, 2);
    std::vector<std::string> rows = Rows(*reader, 1000, 3);
    std::vector<SourceSplit> splits = reader->Snapshot();
    std::unique_ptr<SplitReader> restored = Reader(&splits);
    std::vector<std::string> rest = Rows(*restored, 1000);
    rows.insert(rows.end(), rest.begin(), rest.end());
    EXPECT_EQ(std::multiset<std::string>(rows.begin(), rows.end()),
              std::multiset<std::string>(all.begin(), all.end()));
  }
}

TEST_F(NexmarkSourceTest, FollowsTheClockWhenARateIsGiven) {
  spec_.options["rows-per-second"] = "1000";
  std::unique_ptr<SplitReader> reader = Reader();
  EXPECT_EQ(reader->Poll(1024).value().batch.rows, 10);
  PollResult early = reader->Poll(1024).value();
  EXPECT_EQ(early.state, PollState::kNothing);
  EXPECT_TRUE(early.sleeping);
  clock_.AdvanceMicros(10'000);
  EXPECT_EQ(reader->Poll(1024).value().batch.rows, 10);
}

TEST(NexmarkOptionsTest, WrongOnesAreNamed) {
  auto error = [](std::map<std::string, std::string> options) {
    return ParseNexmarkOptions(options).error().ToString();
  };
  EXPECT_NE(error({{"preload", "true"}}).find("events.num"), std::string::npos);
  EXPECT_NE(error({{"splits", "some"}}).find("splits"), std::string::npos);
  EXPECT_NE(error({{"next-event.rate", "0"}}).find("next-event.rate"), std::string::npos);
  EXPECT_NE(error({{"base-time", "now"}}).find("base-time"), std::string::npos);
  EXPECT_EQ(ParseNexmarkOptions({{"base-time", "1970-01-01 00:00:01.500"}}).value().base_ms, 1500);
}

TEST_F(NexmarkSourceTest, AColumnOfAnotherTypeIsRefused) {
  NexmarkOptions options;
  auto refused = [&](const Field& column) { return !NexmarkBatchMaker::Check({column}).ok(); };
  EXPECT_TRUE(refused({"event_type", DataType::BigInt()}));
  EXPECT_TRUE(refused({"bids", DataType::Row({})}));
  EXPECT_TRUE(refused({"bid", DataType::Row({{"price", DataType::String()}})}));
  EXPECT_TRUE(refused({"bid", DataType::Row({{"seller", DataType::BigInt()}})}));
  EXPECT_FALSE(refused({"bid", DataType::Row({{"url", DataType::VarChar(10)}})}));
}

}  // namespace
}  // namespace penstock
