// Texts as bytes and back: character sets, base64, single characters, UTF-8 checks, and UUID.
#include "base/utf8.h"
#include "base/strings.h"
#include "data/value_text.h"
#include "expr/functions/text/register_text.h"
#include "expr/functions/text/text.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

using Text = std::string_view;

enum class Charset { kUtf8, kAscii, kLatin1, kUtf16, kUtf16Be, kUtf16Le };

Result<Charset> FindCharset(Text name) {
  std::string upper = ToUpperAscii(name);
  if (upper == "UTF-8" || upper == "UTF8") return Charset::kUtf8;
  if (upper == "US-ASCII" || upper == "ASCII") return Charset::kAscii;
  if (upper == "ISO-8859-1" || upper == "ISO8859_1" || upper == "LATIN1") return Charset::kLatin1;
  if (upper == "UTF-16" || upper == "UTF16") return Charset::kUtf16;
  if (upper == "UTF-16BE") return Charset::kUtf16Be;
  if (upper == "UTF-16LE") return Charset::kUtf16Le;
  return Status::InvalidData("Unsupported encoding: " + std::string(name));
}

std::string EncodeSingleBytes(Text text, char32_t limit) {
  std::string out;
  for (size_t at = 0; at < text.size(); at += CodePointLength(text, at)) {
    char32_t c = DecodeCodePoint(text, at);
    out.push_back(c < limit ? static_cast<char>(c) : '?');
  }
  return out;
}

Result<std::string> Encode(Text text, Text charset_name) {
  ASSIGN_OR_RETURN(Charset charset, FindCharset(charset_name));
  switch (charset) {
    case Charset::kUtf8: return std::string(text);
    case Charset::kAscii: return EncodeSingleBytes(text, 0x80);
    case Charset::kLatin1: return EncodeSingleBytes(text, 0x100);
    default: break;
  }
  std::string out = charset == Charset::kUtf16 && !text.empty() ? "\xfe\xff" : "";
  for (char16_t unit : ToUtf16(text)) {
    char high = static_cast<char>(unit >> 8), low = static_cast<char>(unit & 0xff);
    out.push_back(charset == Charset::kUtf16Le ? low : high);
    out.push_back(charset == Charset::kUtf16Le ? high : low);
  }
  return out;
}

std::string DecodeUtf16(Text bytes, bool little) {
  std::u16string units;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    auto first = static_cast<unsigned char>(bytes[i]), second = static_cast<unsigned char>(bytes[i + 1]);
    units.push_back(static_cast<char16_t>(little ? second << 8 | first : first << 8 | second));
  }
  std::string text = FromUtf16(units);
  if (bytes.size() % 2 != 0) AppendCodePoint(&text, 0xfffd);
  return text;
}

Result<std::string> Decode(Text bytes, Text charset_name) {
  ASSIGN_OR_RETURN(Charset charset, FindCharset(charset_name));
  std::string text;
  switch (charset) {
    case Charset::kUtf8: return MakeValidUtf8(bytes);
    case Charset::kAscii:
    case Charset::kLatin1:
      for (char c : bytes) {
        auto byte = static_cast<unsigned char>(c);
        AppendCodePoint(&text, charset == Charset::kAscii && byte >= 0x80 ? 0xfffd : byte);
      }
      return text;
    case Charset::kUtf16:
      if (bytes.starts_with("\xff\xfe")) return DecodeUtf16(bytes.substr(2), true);
      return DecodeUtf16(bytes.starts_with("\xfe\xff") ? bytes.substr(2) : bytes, false);
    case Charset::kUtf16Be: return DecodeUtf16(bytes, false);
    case Charset::kUtf16Le: return DecodeUtf16(bytes, true);
  }
  return text;
}

// DECODE takes bytes, ENCODE text; a constant character set must be known.
Function::Resolve CharsetResolver(std::string name, Family first, DataType result) {
  return [=](std::span<const ArgInfo> args) -> Result<Signature> {
    if (args.size() != 2 || !Matches(first, args[0].type) || !Matches(Family::kText, args[1].type))
      return BadArguments(name, "<" + FamilyName(first) + ">, <character string>");
    if (args[1].literal != nullptr && !args[1].literal->is_null()) {
      Result<Charset> charset = FindCharset(args[1].literal->as_string());
      if (!charset) return SqlError(ErrorNumber::kBadArguments, {}, charset.error().message());
    }
    return Signature{{CoerceTo(first, args[0].type), CoerceTo(Family::kCharacter, args[1].type)},
                     result.WithNullable(AnyNullable(args))};
  };
}

Result<std::string> FromBase64(Text text) {
  std::string bytes;
  if (!DecodeBase64(text, &bytes))
    return Status::InvalidData("FROM_BASE64: not base64: " + std::string(text));
  return MakeValidUtf8(bytes);
}

std::string HexOfBytes(Text bytes) {
  std::string text;
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    text.push_back("0123456789ABCDEF"[byte >> 4]);
    text.push_back("0123456789ABCDEF"[byte & 15]);
  }
  return text;
}

// The low eight bits as a character of Latin-1.
std::string Chr(int64_t number) {
  std::string text;
  if (number >= 0) AppendCodePoint(&text, static_cast<char32_t>(number & 0xff));
  return text;
}

Kernel BindUuid(const CallSite& site) {
  return [site](std::span<const ColumnPtr>, int64_t rows) -> Result<ColumnPtr> {
    if (!site.context->random) return Status::Internal("UUID() needs random numbers");
    ColumnBuilder out(site.result);
    for (int64_t row = 0; row < rows; ++row) {
      uint64_t high = (site.context->random() & ~0xf000ULL) | 0x4000;  // version 4
      uint64_t low = (site.context->random() & ~(3ULL << 62)) | 2ULL << 62;
      std::string bytes;
      for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(high >> shift));
      for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(low >> shift));
      std::string text = ToLowerAscii(HexOfBytes(bytes));
      for (size_t dash : {20, 16, 12, 8}) text.insert(dash, 1, '-');
      out.AppendString(text);
    }
    return out.Finish();
  };
}

}  // namespace

void RegisterEncodings(FunctionRegistry* registry) {
  registry
      ->Add("ENCODE", CharsetResolver("ENCODE", Family::kText, DataType::Bytes()),
            RowFunction<Result<std::string>(Text, Text)>(Encode))
      .set_may_fail(true);
  registry
      ->Add("DECODE", CharsetResolver("DECODE", Family::kBinary, DataType::String()),
            RowFunction<Result<std::string>(Text, Text)>(Decode))
      .set_may_fail(true);
  registry->Add("TO_BASE64", Fixed("TO_BASE64", {Family::kText}, DataType::String()),
                RowFunction<std::string(Text)>(EncodeBase64));
  registry
      ->Add("FROM_BASE64", Fixed("FROM_BASE64", {Family::kText}, DataType::String()),
            RowFunction<Result<std::string>(Text)>(FromBase64))
      .set_may_fail(true);
  registry->Add("ASCII", Fixed("ASCII", {Family::kCharacter}, DataType::Int()),
                RowFunction<int32_t(Text)>([](Text text) -> int32_t {
                  return text.empty() ? 0 : static_cast<signed char>(text[0]);
                }));
  registry->Add("CHR", Fixed("CHR", {Family::kBigInt}, DataType::String(), Nullability::kAlways),
                RowFunction<std::string(int64_t)>(Chr));
  registry->Add("IS_VALID_UTF8", Fixed("IS_VALID_UTF8", {Family::kBinary}, DataType::Boolean()),
                RowFunction<bool(Text)>(IsValidUtf8));
  registry->Add("MAKE_VALID_UTF8", Fixed("MAKE_VALID_UTF8", {Family::kBinary}, DataType::String()),
                RowFunction<std::string(Text)>(MakeValidUtf8));
  registry->Add("UUID", Fixed("UUID", {}, DataType::Char(36), Nullability::kNever), BindUuid)
      .set_deterministic(false);
}

}  // namespace penstock
