// Work on UTF-8 text by code points, as the text functions see it, and small adaptors for functions whose
// number of arguments varies. Bytes that are no UTF-8 count as one code point each where positions matter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/column_builder.h"
#include "expr/function.h"

namespace penstock {

// Number of code points.
int64_t CountCodePoints(std::string_view text);
// The byte position of code point `index`; text.size() when there are fewer. REQUIRES: index >= 0.
size_t CodePointOffset(std::string_view text, int64_t index);
// Bytes of the code point that starts at `at`, at least 1. REQUIRES: at < text.size().
size_t CodePointLength(std::string_view text, size_t at);
// The code points of a text, each as a piece of it.
std::vector<std::string_view> SplitCodePoints(std::string_view text);

char32_t DecodeCodePoint(std::string_view text, size_t at);
void AppendCodePoint(std::string* out, char32_t code_point);
// UTF-16 code units, as Java sees the text.
std::u16string ToUtf16(std::string_view text);
std::string FromUtf16(std::u16string_view text);

// Replaces what is no UTF-8 by U+FFFD, as many times as Java's decoder does.
std::string MakeValidUtf8(std::string_view bytes);

// Unicode upper and lower case of every script, independent of the process's locale.
std::string ToUpperUnicode(std::string_view text);
std::string ToLowerUnicode(std::string_view text);
bool IsUnicodeLetter(char32_t code_point);
bool IsUnicodeDigit(char32_t code_point);

// A kernel that calls f(args, row, &out) for every row; f appends exactly one value.
template <typename F>
Kernel ForEachRow(const DataType& result, F f) {
  return [result, f = std::move(f)](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    ColumnBuilder out(result);
    for (int64_t row = 0; row < rows; ++row) {
      if (Status status = f(args, row, &out); !status.ok()) return status;
    }
    return out.Finish();
  };
}

// The length no text made by a function may exceed; beyond it the call fails instead of taking all memory.
inline constexpr int64_t kMaxTextBytes = int64_t{256} << 20;
inline Status TextTooLong(std::string_view function) {
  return Status::InvalidData(std::string(function) + ": the result is longer than 256 MiB");
}

}  // namespace penstock
