// Words and random strings.
#include "connectors/nexmark/event_text.h"

#include <cmath>

namespace penstock {

namespace {

constexpr std::string_view kFirstNames[] = {"Ada",   "Bruno", "Carla", "Dmitri", "Elena", "Farid",
                                            "Greta", "Hugo",  "Ines",  "Jakob",  "Kaori"};
constexpr std::string_view kLastNames[] = {"Almeida", "Becker", "Costa",  "Dubois", "Eriksen",
                                           "Fischer", "Garcia", "Hansen", "Ito"};
constexpr std::string_view kCities[] = {"Phoenix",  "Tucson", "Los Angeles", "San Diego", "Boise",
                                        "Portland", "Salem",  "Seattle",     "Tacoma",    "Cheyenne"};
constexpr std::string_view kStates[] = {"AZ", "CA", "ID", "OR", "WA", "WY"};
constexpr std::string_view kHotChannels[] = {"Google", "Facebook", "Baidu", "Apple"};
constexpr int kOtherChannels = 10'000;

// Parts of NexmarkRandom: 1 is the event's numbers.
enum Part : uint64_t { kEmail = 2, kCard = 3, kItem = 4, kDescription = 5, kExtra = 6, kUrl = 7 };

// `count` letters; four from each draw, each uniform up to one part in 2,000.
void AppendLetters(Random& random, size_t count, std::string* out) {
  size_t at = out->size();
  out->resize(at + count);
  char* to = out->data() + at;
  for (size_t i = 0; i < count;) {
    uint64_t bits = random.Next();
    for (size_t end = std::min(count, i + 4); i < end; ++i, bits >>= 16)
      to[i] = static_cast<char>('a' + ((bits & 0xffff) * 26 >> 16));
  }
}

// 3 to max - 1 characters, one in 13 of them `special`; without spaces at its ends.
void AppendWord(Random& random, uint64_t max, char special, std::string* out) {
  size_t begin = out->size();
  for (uint64_t left = 3 + random.Below(max - 3); left > 0; --left) {
    uint64_t bits = random.Next();
    bool is_special = (bits & 0xffff) * 13 >> 16 == 0;
    out->push_back(is_special ? special : static_cast<char>('a' + ((bits >> 16 & 0xffff) * 26 >> 16)));
  }
  while (out->size() > begin && out->back() == ' ') out->pop_back();
  size_t spaces = 0;
  while (begin + spaces < out->size() && (*out)[begin + spaces] == ' ') ++spaces;
  out->erase(begin, spaces);
}

std::string MakeUrl(uint64_t seed, int channel) {
  Random random = NexmarkRandom(seed, channel, kUrl);
  std::string url = "https://www.nexmark.com/";
  for (int i = 0; i < 3; ++i) {
    AppendWord(random, 5, '_', &url);
    url += '/';
  }
  url += "item.htm?query=1";
  int number = channel - static_cast<int>(std::size(kHotChannels));
  if (number < 0 || random.Below(10) == 0) return url;
  uint32_t reversed = 0;
  for (int bit = 0; bit < 32; ++bit) reversed |= (static_cast<uint32_t>(number) >> bit & 1U) << (31 - bit);
  return url +
         "&channel_id=" + std::to_string(std::abs(static_cast<int64_t>(static_cast<int32_t>(reversed))));
}

}  // namespace

NexmarkVocabulary::NexmarkVocabulary(uint64_t seed) {
  for (std::string_view hot : kHotChannels) channels_.emplace_back(hot);
  for (int i = 0; i < kOtherChannels; ++i) channels_.push_back("channel-" + std::to_string(i));
  for (int i = 0; i < static_cast<int>(channels_.size()); ++i) urls_.push_back(MakeUrl(seed, i));
}

void AppendPersonName(const NexmarkPerson& person, std::string* out) {
  out->append(kFirstNames[person.first_name]);
  out->push_back(' ');
  out->append(kLastNames[person.last_name]);
}

std::string_view PersonCity(const NexmarkPerson& person) { return kCities[person.city]; }
std::string_view PersonState(const NexmarkPerson& person) { return kStates[person.state]; }

void AppendEmail(uint64_t seed, int64_t event_id, std::string* out) {
  Random random = NexmarkRandom(seed, event_id, kEmail);
  AppendWord(random, 7, ' ', out);
  out->push_back('@');
  AppendWord(random, 5, ' ', out);
  out->append(".com");
}

void AppendCreditCard(uint64_t seed, int64_t event_id, std::string* out) {
  Random random = NexmarkRandom(seed, event_id, kCard);
  for (int group = 0; group < 4; ++group) {
    if (group > 0) out->push_back(' ');
    uint64_t digits = random.Below(10'000);
    for (uint64_t unit = 1000; unit > 0; unit /= 10)
      out->push_back(static_cast<char>('0' + digits / unit % 10));
  }
}

void AppendItemName(uint64_t seed, int64_t event_id, std::string* out) {
  Random random = NexmarkRandom(seed, event_id, kItem);
  AppendWord(random, 20, ' ', out);
}

void AppendDescription(uint64_t seed, int64_t event_id, std::string* out) {
  Random random = NexmarkRandom(seed, event_id, kDescription);
  AppendWord(random, 100, ' ', out);
}

void AppendExtra(uint64_t seed, const NexmarkEvent& event, size_t size, std::string* out) {
  size_t wanted = event.kind == NexmarkKind::kPerson ? 200 : event.kind == NexmarkKind::kAuction ? 500 : 100;
  if (size > wanted) return;
  wanted -= size;
  auto delta = static_cast<uint64_t>(std::llround(static_cast<double>(wanted) * 0.2));
  Random random = NexmarkRandom(seed, event.id, kExtra);
  AppendLetters(random, wanted - delta + random.Below(2 * delta), out);
}

size_t CountedSize(uint64_t seed, const NexmarkEvent& event, const NexmarkPerson& person) {
  if (event.kind == NexmarkKind::kBid) return 32;
  std::string text;
  if (event.kind == NexmarkKind::kAuction) {
    AppendItemName(seed, event.id, &text);
    AppendDescription(seed, event.id, &text);
    return 48 + text.size();
  }
  AppendPersonName(person, &text);
  AppendEmail(seed, event.id, &text);
  AppendCreditCard(seed, event.id, &text);
  return 8 + text.size() + PersonCity(person).size() + PersonState(person).size();
}

}  // namespace penstock
