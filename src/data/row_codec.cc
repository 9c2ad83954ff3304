// The row encoding: per value a marker byte (0 NULL, 1 present) and its payload, fixed-width little-endian or
// length-prefixed; lists with a count; map entries sorted by their encoded key.
#include "data/row_codec.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bytes.h"

namespace penstock {

namespace {
void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

// A value of the most frequent width: its marker goes with it.
template <size_t width>
void AppendPresent(const uint8_t* value, std::string* out) {
  char bytes[1 + width] = {'\x01'};
  std::memcpy(bytes + 1, value, width);
  out->append(bytes, sizeof(bytes));
}

void Append(const Column& column, int64_t row, std::string* out) {
  if (column.IsNull(row)) {
    out->push_back('\0');
    return;
  }
  if (size_t width = PhysicalWidth(column.physical()); width > 0) {
    const uint8_t* value = column.values<uint8_t>() + static_cast<size_t>(column.position(row)) * width;
    if (width == sizeof(uint64_t)) return AppendPresent<sizeof(uint64_t)>(value, out);
    out->push_back('\x01');
    out->append(reinterpret_cast<const char*>(value), width);
    return;
  }
  out->push_back('\x01');
  switch (column.physical()) {
    case Physical::kString: {
      std::string_view text = column.StringAt(row);
      AppendVarint(text.size(), out);
      out->append(text);
      return;
    }
    case Physical::kList: {
      AppendVarint(static_cast<uint64_t>(column.ListEnd(row) - column.ListBegin(row)), out);
      for (int32_t e = column.ListBegin(row); e < column.ListEnd(row); ++e) Append(*column.child(0), e, out);
      return;
    }
    case Physical::kMap: {
      std::vector<std::string> entries;
      for (int32_t e = column.ListBegin(row); e < column.ListEnd(row); ++e) {
        std::string& entry = entries.emplace_back();
        for (const ColumnPtr& child : column.children()) Append(*child, e, &entry);
      }
      std::sort(entries.begin(), entries.end());
      AppendVarint(entries.size(), out);
      for (const std::string& entry : entries) out->append(entry);
      return;
    }
    default: break;
  }
  for (const ColumnPtr& child : column.children()) Append(*child, column.position(row), out);
}

void Read(ByteReader& in, ColumnBuilder& out) {
  if (!in.Bool()) return out.AppendNull();
  switch (out.physical()) {
    case Physical::kBool:
    case Physical::kInt8: return out.Append(in.Fixed<uint8_t>());
    case Physical::kInt16: return out.Append(in.Fixed<int16_t>());
    case Physical::kInt32:
    case Physical::kFloat: return out.Append(in.Fixed<int32_t>());
    case Physical::kInt64:
    case Physical::kDouble: return out.Append(in.Fixed<int64_t>());
    case Physical::kInt128: return out.Append(in.Fixed<int128_t>());
    case Physical::kString: return out.AppendString(in.String());
    case Physical::kList:
    case Physical::kMap: {
      uint64_t count = in.Count();
      for (uint64_t i = 0; i < count; ++i) {
        for (size_t c = 0; c < out.children(); ++c) Read(in, out.child(c));
      }
      return out.CloseList();
    }
    case Physical::kRow:
      for (size_t c = 0; c < out.children(); ++c) Read(in, out.child(c));
      return out.CloseRow();
  }
}

// Columns of fixed width and texts are encoded at once: first the lengths of all rows, then column after
// column at each row's place. The bytes are those of Append.

bool EncodesAtOnce(const Column& column) {
  return column.physical() == Physical::kString || PhysicalWidth(column.physical()) > 0;
}

size_t VarintSize(size_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

void AddLengths(const Column& column, int64_t begin, std::span<size_t> lengths) {
  size_t width = PhysicalWidth(column.physical());
  if (width > 0 && !column.has_validity()) {
    for (size_t& length : lengths) length += 1 + width;
    return;
  }
  int64_t row = begin;
  for (size_t& length : lengths) {
    length += 1;
    if (!column.IsNull(row)) {
      size_t size = width > 0 ? 0 : column.StringAt(row).size();
      length += width > 0 ? width : VarintSize(size) + size;
    }
    ++row;
  }
}

// Writes at each row's place and moves it behind what was written.
template <size_t width>
void PlaceFixed(const Column& column, int64_t begin, char* bytes, std::span<size_t> places) {
  const uint8_t* values = column.values<uint8_t>();
  int64_t row = begin;
  for (size_t& place : places) {
    char* to = bytes + place;
    bool present = !column.IsNull(row);
    *to = present ? '\x01' : '\0';
    if (present) std::memcpy(to + 1, values + static_cast<size_t>(column.position(row)) * width, width);
    place += present ? 1 + width : 1;
    ++row;
  }
}

void PlaceStrings(const Column& column, int64_t begin, char* bytes, std::span<size_t> places) {
  int64_t row = begin;
  for (size_t& place : places) {
    char* to = bytes + place;
    bool present = !column.IsNull(row);
    *to++ = present ? '\x01' : '\0';
    if (present) {
      std::string_view text = column.StringAt(row);
      size_t rest = text.size();
      for (; rest >= 0x80; rest >>= 7) *to++ = static_cast<char>(rest | 0x80);
      *to++ = static_cast<char>(rest);
      if (!text.empty()) std::memcpy(to, text.data(), text.size());
      to += text.size();
    }
    place = static_cast<size_t>(to - bytes);
    ++row;
  }
}

void Place(const Column& column, int64_t begin, char* bytes, std::span<size_t> places) {
  switch (PhysicalWidth(column.physical())) {
    case 1: return PlaceFixed<1>(column, begin, bytes, places);
    case 2: return PlaceFixed<2>(column, begin, bytes, places);
    case 4: return PlaceFixed<4>(column, begin, bytes, places);
    case 8: return PlaceFixed<8>(column, begin, bytes, places);
    case 16: return PlaceFixed<16>(column, begin, bytes, places);
    default: return PlaceStrings(column, begin, bytes, places);
  }
}
}  // namespace

void RowCodec::EncodeRow(std::span<const ColumnPtr> columns, int64_t row, std::string* out) const {
  CHECK(columns.size() == types_.size());
  for (const ColumnPtr& column : columns) Append(*column, row, out);
}

void RowCodec::EncodeRows(std::span<const ColumnPtr> columns, int64_t begin, int64_t end,
                          RowBlock* out) const {
  CHECK(columns.size() == types_.size());
  auto rows = static_cast<size_t>(end - begin);
  out->first_ = begin;
  out->offsets_.assign(rows + 1, 0);
  if (!std::all_of(columns.begin(), columns.end(), [](const ColumnPtr& c) { return EncodesAtOnce(*c); })) {
    out->bytes_.clear();
    for (size_t i = 0; i < rows; ++i) {
      EncodeRow(columns, begin + static_cast<int64_t>(i), &out->bytes_);
      out->offsets_[i + 1] = out->bytes_.size();
    }
    return;
  }
  std::span<size_t> places(out->offsets_.data() + 1, rows);
  for (const ColumnPtr& column : columns) AddLengths(*column, begin, places);
  size_t total = 0;
  for (size_t& place : places) total += std::exchange(place, total);
  out->bytes_.resize(total);
  // Each row's place moves to its end, which is what offsets_ holds.
  for (const ColumnPtr& column : columns) Place(*column, begin, out->bytes_.data(), places);
}

namespace {

// Values of the most frequent kinds: false for those that Read is for.
template <typename T>
bool TakeFixed(std::string_view* bytes, ColumnBuilder& out) {
  if (bytes->size() < 1 + sizeof(T) || bytes->front() == '\0') return false;
  T value;
  std::memcpy(&value, bytes->data() + 1, sizeof(value));
  out.Append(value);
  bytes->remove_prefix(1 + sizeof(value));
  return true;
}

bool TakeShortText(std::string_view* bytes, ColumnBuilder& out) {
  if (bytes->size() < 2 || bytes->front() == '\0') return false;
  auto size = static_cast<uint8_t>((*bytes)[1]);
  if (size >= 0x80 || bytes->size() < size_t{2} + size) return false;
  out.AppendString({bytes->data() + 2, size});
  bytes->remove_prefix(size_t{2} + size);
  return true;
}

bool TakeFrequent(std::string_view* bytes, ColumnBuilder& out) {
  switch (out.physical()) {
    case Physical::kString: return TakeShortText(bytes, out);
    case Physical::kInt64:
    case Physical::kDouble: return TakeFixed<int64_t>(bytes, out);
    case Physical::kInt32:
    case Physical::kFloat: return TakeFixed<int32_t>(bytes, out);
    default: return false;
  }
}

}  // namespace

void RowCodec::Decode(std::string_view bytes, std::span<ColumnBuilder> out) const {
  for (ColumnBuilder& builder : out) {
    if (TakeFrequent(&bytes, builder)) continue;
    ByteReader in(bytes);
    Read(in, builder);
    CHECK(in.ok());
    bytes = in.rest();
  }
  CHECK(bytes.empty());
}

std::vector<ColumnBuilder> MakeBuilders(const std::vector<DataType>& types) {
  std::vector<ColumnBuilder> builders;
  builders.reserve(types.size());
  for (const DataType& type : types) builders.emplace_back(type);
  return builders;
}

std::vector<ColumnPtr> FinishBuilders(std::span<ColumnBuilder> builders) {
  std::vector<ColumnPtr> columns;
  for (ColumnBuilder& builder : builders) columns.push_back(builder.Finish());
  return columns;
}

}  // namespace penstock
