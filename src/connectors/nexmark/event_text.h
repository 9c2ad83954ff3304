// The texts of Nexmark events: names, addresses, random words, and the padding that brings a record to its
// size. Each text of an event has randomness of its own, so that a query which reads one pays for one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/nexmark/event_model.h"

namespace penstock {

// Channels and their fixed URLs: four hot ones (0 to 3), then 10,000 others. Made once for a seed.
class NexmarkVocabulary {
 public:
  explicit NexmarkVocabulary(uint64_t seed);
  std::string_view channel(int index) const { return channels_[static_cast<size_t>(index)]; }
  std::string_view url(int index) const { return urls_[static_cast<size_t>(index)]; }

 private:
  std::vector<std::string> channels_, urls_;
};

// Each appends to `out`.
void AppendPersonName(const NexmarkPerson& person, std::string* out);
std::string_view PersonCity(const NexmarkPerson& person);
std::string_view PersonState(const NexmarkPerson& person);
void AppendEmail(uint64_t seed, int64_t event_id, std::string* out);
void AppendCreditCard(uint64_t seed, int64_t event_id, std::string* out);
void AppendItemName(uint64_t seed, int64_t event_id, std::string* out);
void AppendDescription(uint64_t seed, int64_t event_id, std::string* out);
// Padding to an average size of 200 (person), 500 (auction) or 100 (bid) bytes, give or take a fifth of what
// is missing. `size`: what the record's other fields count for.
void AppendExtra(uint64_t seed, const NexmarkEvent& event, size_t size, std::string* out);
// What the fields of a record count for; of bids the channel and the URL count for nothing.
size_t CountedSize(uint64_t seed, const NexmarkEvent& event, const NexmarkPerson& person);

}  // namespace penstock
