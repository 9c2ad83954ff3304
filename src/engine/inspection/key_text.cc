// Decoding with a look ahead: KeyCodec trusts its bytes, and these may be of something else.
#include "engine/inspection/key_text.h"

#include <algorithm>

#include "data/key_codec.h"
#include "data/row_codec.h"
#include "data/value_text.h"

namespace penstock {

namespace {

// How many bytes a value takes at the front of `bytes`; 0 where it cannot be told.
size_t SizeOfValue(std::string_view bytes, const DataType& type) {
  if (bytes.empty() || static_cast<uint8_t>(bytes[0]) > 1) return 0;
  if (bytes[0] == '\0') return 1;
  switch (type.physical()) {
    case Physical::kList:
    case Physical::kMap:
    case Physical::kRow: return 0;
    case Physical::kString:
      for (size_t i = 1; i + 1 < bytes.size(); ++i) {
        if (bytes[i] != '\0') continue;
        if (bytes[i + 1] == '\x01') return i + 2;
        if (bytes[i + 1] != '\xff') return 0;
        ++i;
      }
      return 0;
    default: {
      size_t size = 1 + PhysicalWidth(type.physical());
      return size <= bytes.size() ? size : 0;
    }
  }
}

}  // namespace

std::string HexText(std::string_view bytes) {
  static const char kDigits[] = "0123456789abcdef";
  std::string text = "x'";
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text + "'";
}

std::string BytesText(std::string_view bytes) {
  bool printable = !bytes.empty() && std::all_of(bytes.begin(), bytes.end(),
                                                 [](char c) { return c >= ' ' && c <= '~' && c != '\''; });
  return printable ? "'" + std::string(bytes) + "'" : HexText(bytes);
}

std::string KeyText(std::string_view bytes, const std::vector<Field>& fields) {
  size_t size = 0;
  std::vector<DataType> types;
  for (const Field& field : fields) {
    size_t value = SizeOfValue(bytes.substr(size), field.type);
    if (value == 0) return HexText(bytes);
    size += value;
    types.push_back(field.type);
  }
  if (fields.empty()) return HexText(bytes);
  std::vector<ColumnBuilder> builders = MakeBuilders(types);
  KeyCodec(types).Decode(bytes.substr(0, size), builders);
  std::vector<ColumnPtr> columns = FinishBuilders(builders);
  std::string text;
  for (size_t c = 0; c < fields.size(); ++c) {
    if (c > 0) text += ", ";
    text += fields[c].name + "=" + ValueToText(columns[c]->ValueAt(0), fields[c].type, TimeZone::Utc());
  }
  return size == bytes.size() ? text : text + " + " + HexText(bytes.substr(size));
}

}  // namespace penstock
