// Casts to CHAR and VARCHAR, between text and bytes, and of bitmaps to bytes. Lengths count code points of
// text and bytes of binary; what is longer is cut, CHAR and BINARY are padded with blanks and zeros. The
// legacy behaviour leaves the length of text alone.
#include "data/value_text.h"
#include "expr/bitmap.h"
#include "expr/cast_kernels.h"

namespace penstock {

namespace {

// Length of the well-formed UTF-8 sequence at the front, 0 where there is none.
size_t SequenceLength(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  // No overlong forms, no surrogates, nothing beyond U+10FFFF.
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f)) return 0;
  if ((lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)) return 0;
  return length;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string FitBytes(std::string bytes, const DataType& to) {
  auto limit = static_cast<size_t>(to.length());
  if (bytes.size() > limit || to.is(TypeKind::kBinary)) bytes.resize(limit, '\0');
  return bytes;
}

}  // namespace

std::string FitText(std::string text, const DataType& to) {
  if (to.length() == DataType::kMaxLength) return text;
  size_t points = 0, at = 0;
  auto limit = static_cast<size_t>(to.length());
  while (at < text.size() && points < limit) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
    ++points;
  }
  text.resize(at);
  if (to.is(TypeKind::kChar) && points < limit) text.append(limit - points, ' ');
  return text;
}

Kernel CastToText(const DataType& from, const DataType& to, const EvalContext& context, bool nulls) {
  bool fit = !context.legacy_cast && to.length() != DataType::kMaxLength;
  if (from.is_character() && !fit) {
    return [](std::span<const ColumnPtr> args, int64_t) -> Result<ColumnPtr> { return args[0]; };
  }
  const TimeZone* zone = context.zone;
  return CastKernel(from, to, nulls,
                    [from, to, zone, fit](const Column& column, int64_t row) -> std::optional<std::string> {
                      std::string text;
                      if (from.is_character() || from.is_binary()) {
                        text = std::string(column.StringAt(row));
                        if (from.is_binary() && !IsUtf8(text)) return std::nullopt;
                      } else {
                        text = ValueToText(column.ValueAt(row), from, *zone);
                      }
                      return fit ? FitText(std::move(text), to) : text;
                    });
}

Kernel CastToBinary(const DataType& from, const DataType& to, const EvalContext& context) {
  if (from.is(TypeKind::kBitmap)) {
    return CastKernel(from, to, false, [](const Column& column, int64_t row) {
      return std::optional(BitmapToRoaring(column.StringAt(row)));
    });
  }
  bool fit = !context.legacy_cast;
  return CastKernel(from, to, false,
                    [to, fit](const Column& column, int64_t row) -> std::optional<std::string> {
                      std::string bytes(column.StringAt(row));
                      return fit ? FitBytes(std::move(bytes), to) : bytes;
                    });
}

}  // namespace penstock
