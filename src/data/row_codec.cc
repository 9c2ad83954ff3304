// The row encoding: per value a marker byte (0 NULL, 1 present) and its payload, fixed-width little-endian or
// length-prefixed; lists with a count; map entries sorted by their encoded key.
#include "data/row_codec.h"

#include <algorithm>
#include <cstring>

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
    default: break;
  }
  switch (PhysicalWidth(out.physical())) {
    case 1: return out.Append(in.Fixed<uint8_t>());
    case 2: return out.Append(in.Fixed<int16_t>());
    case 4: return out.Append(in.Fixed<int32_t>());
    case 8: return out.Append(in.Fixed<int64_t>());
    default: return out.Append(in.Fixed<int128_t>());
  }
}
}  // namespace

void RowCodec::EncodeRow(std::span<const ColumnPtr> columns, int64_t row, std::string* out) const {
  CHECK(columns.size() == types_.size());
  for (const ColumnPtr& column : columns) Append(*column, row, out);
}

void RowCodec::Decode(std::string_view bytes, std::span<ColumnBuilder> out) const {
  ByteReader in(bytes);
  for (ColumnBuilder& builder : out) Read(in, builder);
  CHECK(in.ok() && in.at_end());
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
