// Casts to CHAR and VARCHAR, between text and bytes, and of bitmaps to bytes. Lengths count code points of
// text and bytes of binary; what is longer is cut, CHAR and BINARY are padded with blanks and zeros. The
// legacy behaviour leaves the length of text alone.
#include "base/utf8.h"
#include "data/value_text.h"
#include "expr/bitmap.h"
#include "expr/cast/cast_kernels.h"

namespace penstock {

namespace {

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
                        if (from.is_binary() && !IsValidUtf8(text)) return std::nullopt;
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
