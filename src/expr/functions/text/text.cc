// UTF-8 by code points. Case mapping comes from the C library's own Unicode tables (locale C.UTF-8), plus the
// few mappings to several letters.
#include "expr/functions/text/text.h"

#include <clocale>
#include <cwctype>

namespace penstock {

namespace {

locale_t UnicodeLocale() {
  static const locale_t locale = [] {
    locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return made != nullptr ? made : newlocale(LC_CTYPE_MASK, "C", nullptr);
  }();
  return locale;
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Bytes of the well-formed sequence at `at`, 0 when there is none; `bad` is then how many bytes Java's
// decoder replaces by one U+FFFD.
size_t WellFormed(std::string_view text, size_t at, size_t* bad) {
  auto byte = [&](size_t i) -> int {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : -1;
  };
  auto tail = [&](size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xbf; };
  int lead = byte(0);
  *bad = 1;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return tail(1) ? 2 : 0;
  if (lead < 0xf0) {
    if (!tail(1) || (lead == 0xe0 && byte(1) < 0xa0)) return 0;
    if (!tail(2)) {
      *bad = 2;
      return 0;
    }
    if (lead == 0xed && byte(1) >= 0xa0) {  // a surrogate
      *bad = 3;
      return 0;
    }
    return 3;
  }
  if (!tail(1) || (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)) return 0;
  if (!tail(2)) {
    *bad = 2;
    return 0;
  }
  if (!tail(3)) {
    *bad = 3;
    return 0;
  }
  return 4;
}

bool IsAscii(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

// Java lower-cases a final sigma to U+03C2: a cased letter before it, none after it.
bool IsFinalSigma(std::string_view text, size_t at, size_t length) {
  bool before = false;
  size_t previous = at;
  if (previous > 0) {
    do {
      --previous;
    } while (previous > 0 && IsContinuation(text[previous]));
    before = IsUnicodeLetter(DecodeCodePoint(text, previous));
  }
  bool after = at + length < text.size() && IsUnicodeLetter(DecodeCodePoint(text, at + length));
  return before && !after;
}

}  // namespace

int64_t CountCodePoints(std::string_view text) {
  int64_t count = 0;
  for (char c : text) count += !IsContinuation(c);
  return count;
}

size_t CodePointLength(std::string_view text, size_t at) {
  size_t end = at + 1;
  if (static_cast<unsigned char>(text[at]) >= 0xc0) {
    while (end < text.size() && end < at + 4 && IsContinuation(text[end])) ++end;
  }
  return end - at;
}

size_t CodePointOffset(std::string_view text, int64_t index) {
  size_t at = 0;
  while (index > 0 && at < text.size()) {
    at += CodePointLength(text, at);
    --index;
  }
  return at;
}

std::vector<std::string_view> SplitCodePoints(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < text.size();) {
    size_t length = CodePointLength(text, at);
    pieces.push_back(text.substr(at, length));
    at += length;
  }
  return pieces;
}

char32_t DecodeCodePoint(std::string_view text, size_t at) {
  size_t bad = 0;
  auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
  switch (WellFormed(text, at, &bad)) {
    case 1: return byte(0);
    case 2: return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
    case 3: return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    case 4: return (byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
    default: return 0xfffd;
  }
}

void AppendCodePoint(std::string* out, char32_t c) {
  auto put = [&](char32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c >= 0xd800 && c <= 0xdfff) c = 0xfffd;
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

std::u16string ToUtf16(std::string_view text) {
  std::u16string units;
  for (size_t at = 0; at < text.size(); at += CodePointLength(text, at)) {
    char32_t c = DecodeCodePoint(text, at);
    if (c < 0x10000) {
      units.push_back(static_cast<char16_t>(c));
    } else {
      units.push_back(static_cast<char16_t>(0xd7c0 + (c >> 10)));
      units.push_back(static_cast<char16_t>(0xdc00 + (c & 0x3ff)));
    }
  }
  return units;
}

std::string FromUtf16(std::u16string_view units) {
  std::string text;
  for (size_t i = 0; i < units.size(); ++i) {
    char32_t c = units[i];
    if (c >= 0xd800 && c < 0xdc00 && i + 1 < units.size() && (units[i + 1] & 0xfc00) == 0xdc00) {
      c = 0x10000 + ((c - 0xd800) << 10) + (units[++i] - 0xdc00u);
    }
    AppendCodePoint(&text, c);
  }
  return text;
}

std::string MakeValidUtf8(std::string_view bytes) {
  std::string text;
  size_t bad = 0;
  for (size_t at = 0; at < bytes.size();) {
    size_t length = WellFormed(bytes, at, &bad);
    if (length > 0) {
      text.append(bytes.substr(at, length));
      at += length;
    } else {
      text.append("\xef\xbf\xbd");
      at += bad;
    }
  }
  return text;
}

std::string ToUpperUnicode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  if (IsAscii(text)) {
    for (char c : text) out.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
    return out;
  }
  for (size_t at = 0; at < text.size(); at += CodePointLength(text, at)) {
    char32_t c = DecodeCodePoint(text, at);
    if (c == 0xdf) {
      out += "SS";
    } else {
      AppendCodePoint(&out, static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), UnicodeLocale())));
    }
  }
  return out;
}

std::string ToLowerUnicode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  if (IsAscii(text)) {
    for (char c : text) out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    return out;
  }
  for (size_t at = 0; at < text.size();) {
    char32_t c = DecodeCodePoint(text, at);
    size_t length = CodePointLength(text, at);
    if (c == 0x3a3 && IsFinalSigma(text, at, length)) {
      AppendCodePoint(&out, 0x3c2);
    } else if (c == 0x130) {  // a capital i with a dot
      out += "i\xcc\x87";
    } else {
      AppendCodePoint(&out, static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), UnicodeLocale())));
    }
    at += length;
  }
  return out;
}

bool IsUnicodeDigit(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  // The decimal digits of other scripts: blocks of ten, most at a multiple of 16 or 6 above one.
  static const char32_t kZeros[] = {0x660,  0x6f0,  0x7c0,  0x966,  0x9e6,  0xa66,  0xae6,  0xb66,  0xbe6,
                                    0xc66,  0xce6,  0xd66,  0xde6,  0xe50,  0xed0,  0xf20,  0x1040, 0x1090,
                                    0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
                                    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10};
  for (char32_t zero : kZeros) {
    if (c >= zero && c < zero + 10) return true;
  }
  return false;
}

bool IsUnicodeLetter(char32_t c) {
  return iswalpha_l(static_cast<wint_t>(c), UnicodeLocale()) != 0 && !IsUnicodeDigit(c);
}

}  // namespace penstock
