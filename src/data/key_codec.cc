// The memcomparable encoding. A value is a marker byte (0 NULL, 1 present) and its payload: integers
// big-endian with the sign bit flipped; floats by the usual order-preserving bit trick; strings with 0x00
// escaped as 00 FF and ended by 00 01; lists as (01 element)* 00; rows as their fields; maps as lists of
// entries sorted by key.
#include "data/key_codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace penstock {

uint64_t HashKey(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }

namespace {
template <typename U>
void AppendBigEndian(U value, std::string* out) {
  char bytes[sizeof(U)];
  for (size_t i = 0; i < sizeof(U); ++i) bytes[i] = static_cast<char>(value >> (8 * (sizeof(U) - 1 - i)));
  out->append(bytes, sizeof(U));
}

template <typename U>
U ReadBigEndian(std::string_view* in) {
  U value = 0;
  for (size_t i = 0; i < sizeof(U); ++i)
    value = static_cast<U>(static_cast<U>(value << (sizeof(U) > 1 ? 8 : 0)) | static_cast<uint8_t>((*in)[i]));
  in->remove_prefix(sizeof(U));
  return value;
}

template <typename S, typename U>
void AppendSigned(S value, std::string* out) {
  AppendBigEndian<U>(static_cast<U>(value) ^ (U(1) << (sizeof(U) * 8 - 1)), out);
}

template <typename S, typename U>
S ReadSigned(std::string_view* in) {
  return static_cast<S>(static_cast<U>(ReadBigEndian<U>(in) ^ static_cast<U>(U(1) << (sizeof(U) * 8 - 1))));
}

template <typename F, typename U>
void AppendFloat(F value, std::string* out) {
  if (value == 0) value = 0;
  if (std::isnan(value)) value = std::numeric_limits<F>::quiet_NaN();
  U bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  U sign = U(1) << (sizeof(U) * 8 - 1);
  AppendBigEndian<U>((bits & sign) != 0 ? ~bits : bits | sign, out);
}

template <typename F, typename U>
F ReadFloat(std::string_view* in) {
  U bits = ReadBigEndian<U>(in);
  U sign = U(1) << (sizeof(U) * 8 - 1);
  bits = (bits & sign) != 0 ? bits ^ sign : ~bits;
  F value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

void AppendEscaped(std::string_view text, std::string* out) {
  while (true) {
    size_t zero = text.find('\0');
    out->append(text.substr(0, zero));
    if (zero == std::string_view::npos) break;
    out->append("\0\xff", 2);
    text.remove_prefix(zero + 1);
  }
  out->append("\0\x01", 2);
}

std::string ReadEscaped(std::string_view* in) {
  std::string text;
  while (true) {
    size_t zero = in->find('\0');
    CHECK(zero != std::string_view::npos && zero + 1 < in->size());
    text.append(in->substr(0, zero));
    char next = (*in)[zero + 1];
    in->remove_prefix(zero + 2);
    if (next == '\x01') return text;
    text.push_back('\0');
  }
}

void Append(const Column& column, int64_t row, std::string* out);

void AppendMap(const Column& column, int64_t row, std::string* out) {
  std::vector<std::string> entries;
  for (int32_t e = column.ListBegin(row); e < column.ListEnd(row); ++e) {
    std::string& entry = entries.emplace_back();
    for (const ColumnPtr& child : column.children()) Append(*child, e, &entry);
  }
  std::sort(entries.begin(), entries.end());
  for (const std::string& entry : entries) out->append("\x01").append(entry);
  out->push_back('\0');
}

void Append(const Column& column, int64_t row, std::string* out) {
  if (column.IsNull(row)) {
    out->push_back('\0');
    return;
  }
  out->push_back('\x01');
  switch (column.physical()) {
    case Physical::kBool: out->push_back(static_cast<char>(column.At<uint8_t>(row))); break;
    case Physical::kInt8: AppendSigned<int8_t, uint8_t>(column.At<int8_t>(row), out); break;
    case Physical::kInt16: AppendSigned<int16_t, uint16_t>(column.At<int16_t>(row), out); break;
    case Physical::kInt32: AppendSigned<int32_t, uint32_t>(column.At<int32_t>(row), out); break;
    case Physical::kInt64: AppendSigned<int64_t, uint64_t>(column.At<int64_t>(row), out); break;
    case Physical::kInt128: AppendSigned<int128_t, uint128_t>(column.At<int128_t>(row), out); break;
    case Physical::kFloat: AppendFloat<float, uint32_t>(column.At<float>(row), out); break;
    case Physical::kDouble: AppendFloat<double, uint64_t>(column.At<double>(row), out); break;
    case Physical::kString: AppendEscaped(column.StringAt(row), out); break;
    case Physical::kList:
      for (int32_t e = column.ListBegin(row); e < column.ListEnd(row); ++e) {
        out->push_back('\x01');
        Append(*column.child(0), e, out);
      }
      out->push_back('\0');
      break;
    case Physical::kMap: AppendMap(column, row, out); break;
    case Physical::kRow:
      for (const ColumnPtr& child : column.children()) Append(*child, column.position(row), out);
      break;
  }
}

void Read(std::string_view* in, ColumnBuilder& out) {
  char marker = in->front();
  in->remove_prefix(1);
  if (marker == '\0') return out.AppendNull();
  switch (out.physical()) {
    case Physical::kBool: return out.Append(ReadBigEndian<uint8_t>(in));
    case Physical::kInt8: return out.Append(ReadSigned<int8_t, uint8_t>(in));
    case Physical::kInt16: return out.Append(ReadSigned<int16_t, uint16_t>(in));
    case Physical::kInt32: return out.Append(ReadSigned<int32_t, uint32_t>(in));
    case Physical::kInt64: return out.Append(ReadSigned<int64_t, uint64_t>(in));
    case Physical::kInt128: return out.Append(ReadSigned<int128_t, uint128_t>(in));
    case Physical::kFloat: return out.Append(ReadFloat<float, uint32_t>(in));
    case Physical::kDouble: return out.Append(ReadFloat<double, uint64_t>(in));
    case Physical::kString: return out.AppendString(ReadEscaped(in));
    case Physical::kList:
    case Physical::kMap:
      while (in->front() == '\x01') {
        in->remove_prefix(1);
        for (size_t c = 0; c < out.children(); ++c) Read(in, out.child(c));
      }
      in->remove_prefix(1);
      return out.CloseList();
    case Physical::kRow: break;
  }
  for (size_t c = 0; c < out.children(); ++c) Read(in, out.child(c));
  out.CloseRow();
}
}  // namespace

KeyCodec::KeyCodec(std::vector<DataType> types, std::vector<bool> descending, std::vector<bool> nulls_last)
    : types_(std::move(types)), descending_(std::move(descending)), nulls_last_(std::move(nulls_last)) {}

void KeyCodec::EncodeRow(std::span<const ColumnPtr> columns, int64_t row, std::string* out) const {
  for (size_t c = 0; c < columns.size(); ++c) {
    size_t start = out->size();
    Append(*columns[c], row, out);
    if (descending_.empty()) continue;
    if (descending_[c]) {
      for (size_t i = start + 1; i < out->size(); ++i) (*out)[i] = static_cast<char>(~(*out)[i]);
    }
    bool null = (*out)[start] == '\0';
    if (null && nulls_last_[c]) (*out)[start] = '\x02';
  }
}

namespace {

// Whole columns of the types that keys mostly have are encoded at once: first the lengths of all rows, then
// column after column at each row's place. The bytes are those of Append.

// False for columns that only Append can encode: nested ones, floats, strings that hold a 0x00.
bool EncodesAtOnce(const Column& column) {
  switch (column.physical()) {
    case Physical::kBool:
    case Physical::kInt8:
    case Physical::kInt16:
    case Physical::kInt32:
    case Physical::kInt64:
    case Physical::kInt128: return true;
    case Physical::kString: {
      const int32_t* offsets = column.offsets();
      auto size = static_cast<size_t>(offsets[column.constant() ? 1 : column.length()] - offsets[0]);
      return size == 0 || std::memchr(column.bytes() + offsets[0], 0, size) == nullptr;
    }
    default: return false;
  }
}

constexpr size_t kStringEnd = 2;  // bytes

void AddLengths(const Column& column, std::span<uint32_t> lengths) {
  bool string = column.physical() == Physical::kString;
  auto fixed = static_cast<uint32_t>(1 + (string ? kStringEnd : PhysicalWidth(column.physical())));
  for (size_t row = 0; row < lengths.size(); ++row) {
    auto r = static_cast<int64_t>(row);
    lengths[row] +=
        column.IsNull(r) ? 1 : fixed + (string ? static_cast<uint32_t>(column.StringAt(r).size()) : 0);
  }
}

// Writes at `ends[row]` and moves it behind what was written.
template <typename S, typename U>
void PlaceSigned(const Column& column, char* bytes, std::span<uint32_t> ends) {
  constexpr U kSign = U(1) << (sizeof(U) * 8 - 1);
  for (size_t row = 0; row < ends.size(); ++row) {
    char* to = bytes + ends[row];
    auto r = static_cast<int64_t>(row);
    bool present = !column.IsNull(r);
    to[0] = present ? '\x01' : '\0';
    ends[row] += present ? 1 + sizeof(U) : 1;
    if (!present) continue;
    U value = static_cast<U>(column.At<S>(r)) ^ kSign;
    for (size_t i = 0; i < sizeof(U); ++i) to[1 + i] = static_cast<char>(value >> (8 * (sizeof(U) - 1 - i)));
  }
}

void PlaceBools(const Column& column, char* bytes, std::span<uint32_t> ends) {
  for (size_t row = 0; row < ends.size(); ++row) {
    auto r = static_cast<int64_t>(row);
    bool present = !column.IsNull(r);
    bytes[ends[row]++] = present ? '\x01' : '\0';
    if (present) bytes[ends[row]++] = static_cast<char>(column.At<uint8_t>(r));
  }
}

void PlaceStrings(const Column& column, char* bytes, std::span<uint32_t> ends) {
  for (size_t row = 0; row < ends.size(); ++row) {
    char* to = bytes + ends[row];
    auto r = static_cast<int64_t>(row);
    if (column.IsNull(r)) {
      to[0] = '\0';
      ends[row] += 1;
      continue;
    }
    std::string_view text = column.StringAt(r);
    to[0] = '\x01';
    std::memcpy(to + 1, text.data(), text.size());
    std::memcpy(to + 1 + text.size(), "\0\x01", kStringEnd);
    ends[row] += static_cast<uint32_t>(1 + text.size() + kStringEnd);
  }
}

void Place(const Column& column, char* bytes, std::span<uint32_t> ends) {
  switch (column.physical()) {
    case Physical::kBool: return PlaceBools(column, bytes, ends);
    case Physical::kInt8: return PlaceSigned<int8_t, uint8_t>(column, bytes, ends);
    case Physical::kInt16: return PlaceSigned<int16_t, uint16_t>(column, bytes, ends);
    case Physical::kInt32: return PlaceSigned<int32_t, uint32_t>(column, bytes, ends);
    case Physical::kInt64: return PlaceSigned<int64_t, uint64_t>(column, bytes, ends);
    case Physical::kInt128: return PlaceSigned<int128_t, uint128_t>(column, bytes, ends);
    default: return PlaceStrings(column, bytes, ends);
  }
}

}  // namespace

void KeyCodec::Encode(std::span<const ColumnPtr> columns, int64_t rows, KeyBlock* out) const {
  CHECK(columns.size() == types_.size());
  bool at_once = descending_.empty() && std::all_of(columns.begin(), columns.end(),
                                                    [](const ColumnPtr& c) { return EncodesAtOnce(*c); });
  if (at_once) {
    out->offsets_.assign(static_cast<size_t>(rows) + 1, 0);
    std::span<uint32_t> places(out->offsets_.data() + 1, static_cast<size_t>(rows));
    for (const ColumnPtr& column : columns) AddLengths(*column, places);
    uint32_t total = 0;
    for (uint32_t& place : places) total += std::exchange(place, total);
    out->bytes_.resize(total);
    // Each row's place moves to its end, which is what offsets_ holds.
    for (const ColumnPtr& column : columns) Place(*column, out->bytes_.data(), places);
    return;
  }
  out->bytes_.clear();
  out->offsets_.assign(1, 0);
  out->offsets_.reserve(static_cast<size_t>(rows) + 1);
  for (int64_t row = 0; row < rows; ++row) {
    EncodeRow(columns, row, &out->bytes_);
    out->offsets_.push_back(static_cast<uint32_t>(out->bytes_.size()));
  }
}

void KeyCodec::Decode(std::string_view key, std::span<ColumnBuilder> out) const {
  CHECK(descending_.empty());
  for (ColumnBuilder& builder : out) Read(&key, builder);
  CHECK(key.empty());
}

}  // namespace penstock
