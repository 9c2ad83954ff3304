// Set operations on bitmaps and the Roaring format: containers of 2^16 values each, as a sorted array of up
// to 4096 low halves, a bit set of 8 KiB, or (only read) runs.
#include "expr/bitmap.h"

#include <algorithm>

namespace penstock {

namespace {

constexpr uint32_t kCookieWithRuns = 12347;
constexpr uint32_t kCookieNoRuns = 12346;
constexpr size_t kArrayMax = 4096;
constexpr size_t kBitSetBytes = 8192;
constexpr size_t kNoOffsetThreshold = 4;

template <typename T>
void AppendFixed(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// Reads little-endian numbers and remembers when there were too few bytes.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  T Read() {
    T value{};
    std::string_view part = Bytes(sizeof(T));
    if (ok_) std::memcpy(&value, part.data(), sizeof(T));
    return value;
  }
  std::string_view Bytes(size_t count) {
    if (count > bytes_.size()) ok_ = false;
    if (!ok_) return {};
    std::string_view part = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return part;
  }
  bool ok() const { return ok_; }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

void ReadContainer(Reader* in, uint32_t base, size_t cardinality, bool run, BitmapMembers* out) {
  if (run) {
    auto runs = in->Read<uint16_t>();
    for (uint16_t r = 0; r < runs && in->ok(); ++r) {
      auto start = in->Read<uint16_t>();
      auto more = in->Read<uint16_t>();
      for (uint32_t i = 0; i <= more && in->ok(); ++i) out->push_back(base + start + i);
    }
  } else if (cardinality > kArrayMax) {
    std::string_view bits = in->Bytes(kBitSetBytes);
    for (uint32_t i = 0; i < bits.size() * 8; ++i) {
      if ((static_cast<uint8_t>(bits[i / 8]) >> (i % 8) & 1) != 0) out->push_back(base + i);
    }
  } else {
    for (size_t i = 0; i < cardinality && in->ok(); ++i) out->push_back(base + in->Read<uint16_t>());
  }
}

void AppendContainer(const uint32_t* begin, const uint32_t* end, std::string* out) {
  if (static_cast<size_t>(end - begin) <= kArrayMax) {
    for (const uint32_t* m = begin; m != end; ++m) AppendFixed(static_cast<uint16_t>(*m), out);
    return;
  }
  std::string bits(kBitSetBytes, '\0');
  for (const uint32_t* m = begin; m != end; ++m) {
    uint32_t low = *m & 0xffff;
    bits[low / 8] = static_cast<char>(bits[low / 8] | 1 << (low % 8));
  }
  out->append(bits);
}

}  // namespace

BitmapMembers DecodeBitmap(std::string_view stored) {
  BitmapMembers members(stored.size() / sizeof(uint32_t));
  if (!members.empty()) std::memcpy(members.data(), stored.data(), members.size() * sizeof(uint32_t));
  return members;
}

std::string EncodeBitmap(const BitmapMembers& members) {
  return {reinterpret_cast<const char*>(members.data()), members.size() * sizeof(uint32_t)};
}

std::string CombineBitmaps(BitmapOp op, std::string_view a, std::string_view b) {
  BitmapMembers x = DecodeBitmap(a), y = DecodeBitmap(b), out;
  auto to = std::back_inserter(out);
  switch (op) {
    case BitmapOp::kAnd: std::set_intersection(x.begin(), x.end(), y.begin(), y.end(), to); break;
    case BitmapOp::kOr: std::set_union(x.begin(), x.end(), y.begin(), y.end(), to); break;
    case BitmapOp::kXor: std::set_symmetric_difference(x.begin(), x.end(), y.begin(), y.end(), to); break;
    case BitmapOp::kAndNot: std::set_difference(x.begin(), x.end(), y.begin(), y.end(), to); break;
  }
  return EncodeBitmap(out);
}

std::string BitmapToText(std::string_view stored) {
  std::string text = "{";
  for (uint32_t member : DecodeBitmap(stored)) {
    if (text.size() > 1) text += ',';
    text += std::to_string(member);
  }
  return text + "}";
}

std::string BitmapToRoaring(std::string_view stored) {
  BitmapMembers members = DecodeBitmap(stored);
  std::string descriptions, offsets, containers;
  uint32_t count = 0;
  std::vector<size_t> starts;
  for (size_t begin = 0; begin < members.size(); ++count) {
    size_t end = begin;
    while (end < members.size() && members[end] >> 16 == members[begin] >> 16) ++end;
    AppendFixed(static_cast<uint16_t>(members[begin] >> 16), &descriptions);
    AppendFixed(static_cast<uint16_t>(end - begin - 1), &descriptions);
    starts.push_back(containers.size());
    AppendContainer(members.data() + begin, members.data() + end, &containers);
    begin = end;
  }
  std::string out;
  AppendFixed(kCookieNoRuns, &out);
  AppendFixed(count, &out);
  size_t base = out.size() + descriptions.size() + starts.size() * sizeof(uint32_t);
  for (size_t start : starts) AppendFixed(static_cast<uint32_t>(base + start), &offsets);
  return out + descriptions + offsets + containers;
}

std::optional<std::string> BitmapFromRoaring(std::string_view bytes) {
  Reader in(bytes);
  auto cookie = in.Read<uint32_t>();
  bool has_runs = (cookie & 0xffff) == kCookieWithRuns;
  if (!in.ok() || (!has_runs && cookie != kCookieNoRuns)) return std::nullopt;
  size_t count = has_runs ? (cookie >> 16) + 1 : in.Read<uint32_t>();
  if (count > 65536) return std::nullopt;
  std::string_view runs = has_runs ? in.Bytes((count + 7) / 8) : std::string_view();
  std::vector<std::pair<uint16_t, size_t>> keys;
  for (size_t i = 0; i < count && in.ok(); ++i) {
    auto key = in.Read<uint16_t>();
    keys.emplace_back(key, size_t{in.Read<uint16_t>()} + 1);
  }
  if (!has_runs || count >= kNoOffsetThreshold) in.Bytes(count * sizeof(uint32_t));
  BitmapMembers members;
  for (size_t i = 0; i < keys.size() && in.ok(); ++i) {
    bool run = has_runs && (static_cast<uint8_t>(runs[i / 8]) >> (i % 8) & 1) != 0;
    ReadContainer(&in, uint32_t{keys[i].first} << 16, keys[i].second, run, &members);
  }
  bool sorted = std::adjacent_find(members.begin(), members.end(), std::greater_equal<>()) == members.end();
  if (!in.ok() || !sorted) return std::nullopt;
  return EncodeBitmap(members);
}

}  // namespace penstock
