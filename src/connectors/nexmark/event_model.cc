// The arithmetic of ids, times and prices.
#include "connectors/nexmark/event_model.h"

#include <algorithm>
#include <cmath>

#include "base/int128.h"

namespace penstock {

namespace {

constexpr int64_t kPeople = 1, kAuctions = 3, kRound = 50;  // of 50 events in turn; the rest are bids
constexpr int64_t kFirstId = 1000;                          // of people and auctions
constexpr int64_t kFirstCategory = 10, kCategories = 5;
constexpr int64_t kHotStride = 100;      // the hot seller, bidder and auction move on by so many ids
constexpr int64_t kActivePeople = 1000;  // the others are uniform over the last so many
constexpr int64_t kActiveAuctions = 100;
constexpr int64_t kLead = 10;  // and the next ten, which do not exist yet
constexpr int64_t kEndlessEvents = 1'000'000'000'000'000;
constexpr int64_t kMinPrice = 100;

enum Part : uint64_t { kNumbers = 1 };

int64_t Uniform(Random& random, int64_t bound) {
  return static_cast<int64_t>(random.Below(static_cast<uint64_t>(bound)));
}

int64_t AnyPerson(Random& random, int64_t event_id) {
  int64_t people = NewestPerson(event_id) + 1;
  int64_t active = std::min(people, kActivePeople);
  return people - active + Uniform(random, active + kLead);
}

int64_t AnyAuction(Random& random, int64_t event_id) {
  int64_t newest = NewestAuction(event_id);
  int64_t oldest = std::max<int64_t>(newest - kActiveAuctions, 0);
  return oldest + Uniform(random, newest - oldest + 1 + kLead);
}

// Log-uniform between 100 and 100 million.
int64_t Price(Random& random) {
  return std::llround(static_cast<double>(kMinPrice) * std::pow(10.0, 6.0 * random.Unit()));
}

}  // namespace

Random NexmarkRandom(uint64_t seed, int64_t event_id, uint64_t part) {
  Random mix(seed * 0x9e3779b97f4a7c15ULL + static_cast<uint64_t>(event_id) * 16 + part);
  return Random(mix.Next());
}

NexmarkKind NexmarkKindOf(int64_t event_id) {
  int64_t turn = event_id % kRound;
  if (turn < kPeople) return NexmarkKind::kPerson;
  return turn < kPeople + kAuctions ? NexmarkKind::kAuction : NexmarkKind::kBid;
}

int64_t NewestPerson(int64_t event_id) { return event_id / kRound * kPeople; }

int64_t NewestAuction(int64_t event_id) {
  int64_t turn = event_id % kRound - kPeople;
  // Before the auctions of a round: the last of the round before.
  return event_id / kRound * kAuctions + std::clamp<int64_t>(turn, -1, kAuctions - 1);
}

NexmarkSplit::NexmarkSplit(const NexmarkOptions& options, int64_t index, int64_t splits)
    : rate_(options.rate), base_ms_(options.base_ms) {
  int64_t total = options.events < 0 ? kEndlessEvents : options.events;
  first_id_ = 2;  // the public generator's first
  if (options.interleaved) {
    start_ = index;
    step_ = splits;
    stretch_ = 1;
    events_ = index >= total ? 0 : (total - index + splits - 1) / splits;
  } else {
    int64_t share = total / splits;
    first_id_ += index * share;
    start_ = 0;
    step_ = 1;
    stretch_ = splits;
    events_ = index == splits - 1 ? total - index * share : share;
    tie_offset_ = index;
    tie_step_ = splits;
  }
  if (options.events < 0) events_ = INT64_MAX;
  // So many events of a timeline can be in one millisecond.
  int64_t per_milli = rate_ / (1000 * stretch_) + 2;
  ties_ = per_milli * tie_step_;
}

int64_t NexmarkSplit::MicrosAt(int64_t n) const {
  return static_cast<int64_t>(static_cast<int128_t>(n) * 1'000'000 * stretch_ / rate_);
}

NexmarkEvent NexmarkSplit::At(int64_t n) const {
  constexpr int64_t kAhead = kActiveAuctions * kRound / kAuctions;
  int64_t number = start_ + n * step_;
  NexmarkEvent event;
  event.id = first_id_ + number;
  event.kind = NexmarkKindOf(event.id);
  event.time_ms = base_ms_ + MicrosAt(number) / 1000;
  if (event.kind == NexmarkKind::kAuction)
    event.horizon_ms = base_ms_ + MicrosAt(number + kAhead) / 1000 - event.time_ms;
  event.ties = ties_;
  event.tie = number % (ties_ / tie_step_) * tie_step_ + tie_offset_;
  return event;
}

NexmarkPerson MakePerson(const NexmarkOptions& options, const NexmarkEvent& event) {
  Random random = NexmarkRandom(options.seed, event.id, kNumbers);
  NexmarkPerson person;
  person.id = NewestPerson(event.id) + kFirstId;
  person.first_name = static_cast<int>(random.Below(11));
  person.last_name = static_cast<int>(random.Below(9));
  person.city = static_cast<int>(random.Below(10));
  person.state = static_cast<int>(random.Below(6));
  return person;
}

NexmarkAuction MakeAuction(const NexmarkOptions& options, const NexmarkEvent& event) {
  Random random = NexmarkRandom(options.seed, event.id, kNumbers);
  NexmarkAuction auction;
  auction.id = NewestAuction(event.id) + kFirstId;
  bool hot = random.Below(4) > 0;
  auction.seller =
      kFirstId + (hot ? NewestPerson(event.id) / kHotStride * kHotStride : AnyPerson(random, event.id));
  auction.category = kFirstCategory + Uniform(random, kCategories);
  auction.initial_bid = Price(random);
  auction.reserve = auction.initial_bid + Price(random);
  auction.expires_ms = event.time_ms + 1 + Uniform(random, std::max<int64_t>(event.horizon_ms * 2, 1));
  return auction;
}

NexmarkBid MakeBid(const NexmarkOptions& options, const NexmarkEvent& event) {
  Random random = NexmarkRandom(options.seed, event.id, kNumbers);
  NexmarkBid bid;
  bool hot_auction = random.Below(2) > 0;
  bid.auction = kFirstId + (hot_auction ? NewestAuction(event.id) / kHotStride * kHotStride
                                        : AnyAuction(random, event.id));
  bool hot_bidder = random.Below(4) > 0;
  bid.bidder = 2 * kFirstId + (hot_bidder ? NewestPerson(event.id) / kHotStride * kHotStride + 1
                                          : AnyPerson(random, event.id));
  bid.price = Price(random);
  if (options.unique_prices) {
    int64_t over = bid.price - kMinPrice;
    bid.price = kMinPrice + over / event.ties * event.ties + event.tie;
  }
  bool hot_channel = random.Below(2) > 0;
  bid.channel = static_cast<int>(hot_channel ? random.Below(4) : 4 + random.Below(10'000));
  return bid;
}

}  // namespace penstock
