// The numbers of Nexmark events: who sells, who bids on what, for how much, when. Pure arithmetic: event n of
// a split is a function of the options, the split and n alone, so that a restart goes on anywhere and every
// field can be made without the others. Texts are in event_text.h. The distributions are those of the public
// suite's generator (github.com/nexmark/nexmark): of 50 events 1 is a person, 3 are auctions, 46 are bids;
// half of the bids go to the hot auction and three quarters come from the hot bidder, both of which move on
// by 100 ids.
#pragma once

#include <cstdint>

#include "env/random.h"

namespace penstock {

struct NexmarkOptions {
  uint64_t seed = 42;
  int64_t events = -1;                  // of all splits; -1: without end
  int64_t rate = 100'000;               // events per second of event time, all splits together
  int64_t base_ms = 1'735'689'600'000;  // time of the first event: 2025-01-01T00:00:00Z
  bool interleaved = false;             // splits take turns on one timeline, see NexmarkSplit
  bool unique_prices = false;           // no two bids of the same millisecond have the same price
  bool preload = false;                 // batches are made before the job starts
  int64_t rows_per_second = 0;          // of wall time, all splits together; 0: as fast as it can
};

enum class NexmarkKind : uint8_t { kPerson = 0, kAuction = 1, kBid = 2 };

// What decides every field of an event.
struct NexmarkEvent {
  int64_t id = 0;
  NexmarkKind kind = NexmarkKind::kBid;
  int64_t time_ms = 0;
  int64_t horizon_ms = 0;  // how long 1,666 more events take: auctions last twice as long at most
  int64_t tie = 0;         // below `ties`; differs between the events of one millisecond
  int64_t ties = 1;
};

// One split of the source. As in the public suite each split runs through the whole span of event time with
// ids of its own, N/P events each (the last takes the rest): another parallelism gives other events. With
// `interleaved`, split s of P makes the events s, s + P, s + 2P, .. of the one sequence instead: the same
// events at any parallelism.
class NexmarkSplit {
 public:
  NexmarkSplit(const NexmarkOptions& options, int64_t index, int64_t splits);
  int64_t events() const { return events_; }  // INT64_MAX: without end
  // REQUIRES: 0 <= n < events(). Ascending in time.
  NexmarkEvent At(int64_t n) const;

 private:
  // Microseconds from the first event of this split's timeline to number n of that timeline.
  int64_t MicrosAt(int64_t n) const;

  int64_t rate_, base_ms_;
  int64_t first_id_;      // of the timeline
  int64_t start_, step_;  // event n of the split is number start_ + n * step_ of its timeline
  int64_t stretch_;       // timelines that share the rate
  int64_t tie_offset_ = 0, tie_step_ = 1, ties_ = 1;
  int64_t events_;
};

// Ids as they are printed: people and auctions count from 1000, bidders from 2000.
struct NexmarkPerson {
  int64_t id = 0;
  int first_name = 0, last_name = 0, city = 0, state = 0;
};
struct NexmarkAuction {
  int64_t id = 0;
  int64_t initial_bid = 0, reserve = 0;
  int64_t expires_ms = 0;
  int64_t seller = 0, category = 0;
};
struct NexmarkBid {
  int64_t auction = 0, bidder = 0, price = 0;
  int channel = 0;  // index for NexmarkVocabulary
};

NexmarkKind NexmarkKindOf(int64_t event_id);
// The newest person or auction when event `event_id` happens, counted from 0.
int64_t NewestPerson(int64_t event_id);
int64_t NewestAuction(int64_t event_id);

NexmarkPerson MakePerson(const NexmarkOptions& options, const NexmarkEvent& event);
NexmarkAuction MakeAuction(const NexmarkOptions& options, const NexmarkEvent& event);
NexmarkBid MakeBid(const NexmarkOptions& options, const NexmarkEvent& event);

// A source of randomness for one part (a number that the caller chooses) of one event.
Random NexmarkRandom(uint64_t seed, int64_t event_id, uint64_t part);

}  // namespace penstock
