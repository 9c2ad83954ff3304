// Protobuf's wire format: a cursor that reads it without ever going past its end, and the primitives of
// writing it. Source: protobuf.dev, "Encoding". Used by one thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace penstock {

enum class ProtoWire : uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5
};

// One field of a message as it stands in the bytes.
struct ProtoItem {
  uint32_t number = 0;
  ProtoWire wire = ProtoWire::kVarint;
  uint64_t bits = 0;       // of kVarint, kFixed64 and kFixed32
  std::string_view bytes;  // of kBytes; of kGroup what is inside it
};

class ProtoInput {
 public:
  explicit ProtoInput(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  bool at_end() const { return at_ == end_; }
  // Why a call returned false.
  const char* problem() const { return problem_; }

  // The next field. REQUIRES: !at_end().
  bool Next(ProtoItem* item) { return Read(item, 0); }
  bool Varint(uint64_t* value) {
    *value = 0;
    int shift = 0;
    for (; shift < 64 && at_ < end_; shift += 7) {
      auto byte = static_cast<uint8_t>(*at_++);
      *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return true;
    }
    return Fail(shift < 64 ? kShort : "a number of more than 64 bits");
  }
  template <typename T>
  bool Fixed(uint64_t* bits) {
    T value{};
    if (static_cast<size_t>(end_ - at_) < sizeof(T)) return Fail(kShort);
    std::memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    *bits = value;
    return true;
  }

 private:
  static constexpr const char* kShort = "the record ends too early";
  static constexpr int kGroupDepthMax = 64;

  bool Fail(const char* problem) {
    problem_ = problem;
    return false;
  }

  bool Read(ProtoItem* item, int depth) {
    uint64_t tag = 0, size = 0;
    if (!Varint(&tag)) return false;
    item->number = static_cast<uint32_t>(tag >> 3);
    item->wire = static_cast<ProtoWire>(tag & 7);
    if (item->number == 0 || tag >> 32 != 0) return Fail("a field without a number");
    switch (item->wire) {
      case ProtoWire::kVarint: return Varint(&item->bits);
      case ProtoWire::kFixed64: return Fixed<uint64_t>(&item->bits);
      case ProtoWire::kFixed32: return Fixed<uint32_t>(&item->bits);
      case ProtoWire::kBytes:
        if (!Varint(&size)) return false;
        if (size > static_cast<uint64_t>(end_ - at_)) return Fail(kShort);
        item->bytes = {at_, static_cast<size_t>(size)};
        at_ += size;
        return true;
      case ProtoWire::kGroup: return ReadGroup(item, depth);
      case ProtoWire::kEndGroup: return depth > 0 || Fail("a group ends that did not begin");
    }
    return Fail("an unknown wire type");
  }

  bool ReadGroup(ProtoItem* group, int depth) {
    if (depth >= kGroupDepthMax) return Fail("groups are nested too deep");
    const char* begin = at_;
    while (true) {
      const char* inside_end = at_;
      ProtoItem item;
      if (at_end()) return Fail(kShort);
      if (!Read(&item, depth + 1)) return false;
      if (item.wire != ProtoWire::kEndGroup) continue;
      group->bytes = {begin, static_cast<size_t>(inside_end - begin)};
      return item.number == group->number || Fail("a group ends that did not begin");
    }
  }

  const char* at_;
  const char* end_;
  const char* problem_ = "";
};

inline void AppendProtoVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}
inline void AppendProtoTag(uint32_t number, ProtoWire wire, std::string* out) {
  AppendProtoVarint(static_cast<uint64_t>(number) << 3 | static_cast<uint64_t>(wire), out);
}
inline void AppendProtoBytes(std::string_view bytes, std::string* out) {
  AppendProtoVarint(bytes.size(), out);
  out->append(bytes);
}
template <typename T>
void AppendProtoFixed(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}
inline uint64_t ProtoZigzag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t ProtoUnzigzag(uint64_t bits) {
  return static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1);
}

}  // namespace penstock
