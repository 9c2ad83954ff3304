// URLs: PARSE_URL (the parts java.net.URL tells), URL_ENCODE and URL_DECODE
// (application/x-www-form-urlencoded in UTF-8).
#include "base/strings.h"
#include "expr/functions/text/register_text.h"
#include "expr/functions/text/text.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

using Text = std::string_view;
using MaybeText = std::optional<std::string>;

struct Url {
  std::string protocol;
  std::string path;
  MaybeText host, query, ref, authority, user_info;
};

bool IsKnownProtocol(Text protocol) {
  for (Text known : {"http", "https", "ftp", "file", "jar", "mailto"}) {
    if (protocol == known) return true;
  }
  return false;
}

// False for a port that is no number.
bool ParseAuthority(Text authority, Url* url) {
  url->authority = std::string(authority);
  size_t at = authority.rfind('@');
  if (at != Text::npos) {
    url->user_info = std::string(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  size_t colon = authority.rfind(':'), bracket = authority.rfind(']');
  if (colon != Text::npos && (bracket == Text::npos || colon > bracket)) {
    for (char c : authority.substr(colon + 1)) {
      if (c < '0' || c > '9') return false;
    }
    authority = authority.substr(0, colon);
  }
  url->host = std::string(authority);
  return true;
}

std::optional<Url> ParseUrl(Text text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  if (text.size() >= 4 && EqualsIgnoreCase(text.substr(0, 4), "url:")) text.remove_prefix(4);
  size_t colon = text.find_first_of(":/");
  if (colon == Text::npos || text[colon] != ':') return std::nullopt;
  Url url;
  url.protocol = ToLowerAscii(text.substr(0, colon));
  if (!IsKnownProtocol(url.protocol)) return std::nullopt;
  text.remove_prefix(colon + 1);
  size_t hash = text.find('#');
  if (hash != Text::npos) {
    url.ref = std::string(text.substr(hash + 1));
    text = text.substr(0, hash);
  }
  size_t question = text.find('?');
  if (question != Text::npos) {
    url.query = std::string(text.substr(question + 1));
    text = text.substr(0, question);
  }
  url.host = "";
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    size_t end = std::min(text.find('/'), text.size());
    if (!ParseAuthority(text.substr(0, end), &url)) return std::nullopt;
    text.remove_prefix(end);
  }
  url.path = std::string(text);
  return url;
}

MaybeText UrlPart(Text text, Text part) {
  std::optional<Url> url = ParseUrl(text);
  if (!url) return std::nullopt;
  if (part == "HOST") return url->host;
  if (part == "PATH") return url->path;
  if (part == "QUERY") return url->query;
  if (part == "REF") return url->ref;
  if (part == "PROTOCOL") return url->protocol;
  if (part == "FILE") return url->query ? url->path + "?" + *url->query : url->path;
  if (part == "AUTHORITY") return url->authority;
  if (part == "USERINFO") return url->user_info;
  return std::nullopt;
}

MaybeText QueryParameter(Text text, Text part, Text key) {
  if (part != "QUERY") return std::nullopt;
  MaybeText query = UrlPart(text, part);
  if (!query) return std::nullopt;
  for (const std::string& pair : Split(*query, '&')) {
    if (pair.size() > key.size() && pair[key.size()] == '=' && pair.starts_with(key))
      return pair.substr(key.size() + 1);
  }
  return std::nullopt;
}

Kernel BindParseUrl(const CallSite& site) {
  if (site.args.size() == 2) return RowKernel<MaybeText(Text, Text)>::Make(site.result, UrlPart);
  return RowKernel<MaybeText(Text, Text, Text)>::Make(site.result, QueryParameter);
}

std::string UrlEncode(Text text) {
  static const char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                 c == '-' || c == '*' || c == '_';
    if (plain) {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// NULL for an incomplete or wrong % escape.
MaybeText UrlDecode(Text text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out.push_back(' ');
    } else if (text[i] == '%') {
      if (i + 2 >= text.size() || HexDigit(text[i + 1]) < 0 || HexDigit(text[i + 2]) < 0) return std::nullopt;
      out.push_back(static_cast<char>(HexDigit(text[i + 1]) << 4 | HexDigit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return MakeValidUtf8(out);
}

// Decodes again until nothing changes, at most `depth` times; what cannot be decoded further is the result.
MaybeText UrlDecodeRecursive(Text text, int64_t depth) {
  std::string current(text);
  for (int64_t i = 0; i < depth; ++i) {
    MaybeText next = UrlDecode(current);
    if (!next) return i == 0 ? next : MaybeText(current);
    if (*next == current) break;
    current = std::move(*next);
  }
  return current;
}

Result<Signature> ResolveDecodeRecursive(std::span<const ArgInfo> args) {
  if (args.empty() || args.size() > 2 || !Matches(Family::kCharacter, args[0].type) ||
      (args.size() == 2 && !Matches(Family::kInteger, args[1].type)))
    return BadArguments("URL_DECODE_RECURSIVE", "<character string>[, <integer>]");
  Signature signature{{CoerceTo(Family::kCharacter, args[0].type)}, DataType::String()};
  if (args.size() == 2) {
    if (args[1].literal != nullptr && args[1].literal->is_int() && args[1].literal->as_int() <= 0)
      return SqlError(ErrorNumber::kBadArguments, {}, "URL_DECODE_RECURSIVE: the depth must be positive");
    signature.args.push_back(CoerceTo(Family::kBigInt, args[1].type));
  }
  return signature;
}

Kernel BindDecodeRecursive(const CallSite& site) {
  if (site.args.size() == 2)
    return RowKernel<MaybeText(Text, int64_t)>::Make(site.result, UrlDecodeRecursive);
  return RowKernel<MaybeText(Text)>::Make(site.result,
                                          [](Text text) { return UrlDecodeRecursive(text, 10); });
}

}  // namespace

void RegisterUrls(FunctionRegistry* registry) {
  registry->Add("PARSE_URL",
                Resolver({.name = "PARSE_URL",
                          .args = {Family::kText, Family::kText, Family::kText},
                          .required = 2,
                          .result = [](std::span<const ArgInfo>) { return DataType::String(); },
                          .nullability = Nullability::kAlways}),
                BindParseUrl);
  registry->Add("URL_ENCODE",
                Fixed("URL_ENCODE", {Family::kCharacter}, DataType::String(), Nullability::kAlways),
                RowFunction<std::string(Text)>(UrlEncode));
  registry->Add("URL_DECODE",
                Fixed("URL_DECODE", {Family::kCharacter}, DataType::String(), Nullability::kAlways),
                RowFunction<MaybeText(Text)>(UrlDecode));
  registry->Add("URL_DECODE_RECURSIVE", ResolveDecodeRecursive, BindDecodeRecursive);
}

}  // namespace penstock
