// Encoding, and reading of answers.
#include "env/objects/s3_text.h"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace penstock {

namespace {

bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    *out += static_cast<char>(code);
    return;
  }
  int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static constexpr uint32_t kLead[] = {0, 0xc0, 0xe0, 0xf0};
  *out += static_cast<char>(kLead[more] | (code >> (6 * more)));
  while (more-- > 0) *out += static_cast<char>(0x80 | ((code >> (6 * more)) & 0x3f));
}

// What stands between '&' and ';'.
void AppendEntity(std::string_view name, std::string* out) {
  static constexpr std::pair<std::string_view, char> kNamed[] = {
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [known, c] : kNamed) {
    if (name == known) *out += c;
  }
  if (!name.starts_with('#')) return;
  bool hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
  name.remove_prefix(hex ? 2 : 1);
  uint32_t code = 0;
  auto parsed = std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
  if (parsed.ec == std::errc() && code < 0x110000) AppendUtf8(code, out);
}

std::string ResolveEntities(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    size_t end = text[at] == '&' ? text.find(';', at) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[at];
      continue;
    }
    AppendEntity(text.substr(at + 1, end - at - 1), &out);
    at = end;
  }
  return out;
}

}  // namespace

std::string EncodeForS3(std::string_view text, bool keep_slash) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    if (IsUnreserved(c) || (keep_slash && c == '/')) {
      out += c;
    } else {
      auto code = static_cast<unsigned char>(c);
      out += {'%', kHex[code >> 4], kHex[code & 15]};
    }
  }
  return out;
}

std::string S3Query(std::vector<std::pair<std::string, std::string>> parameters) {
  std::sort(parameters.begin(), parameters.end());
  std::string query;
  for (const auto& [name, value] : parameters)
    query += (query.empty() ? "" : "&") + EncodeForS3(name, false) + "=" + EncodeForS3(value, false);
  return query;
}

std::vector<std::string_view> XmlElements(std::string_view xml, std::string_view name) {
  std::string open = "<" + std::string(name), close = "</" + std::string(name) + ">";
  std::vector<std::string_view> found;
  for (size_t at = 0; (at = xml.find(open, at)) != std::string_view::npos;) {
    size_t after = at + open.size(), begin = xml.find('>', at);
    at = after;
    if (begin == std::string_view::npos) break;
    bool whole_name = xml[after] == '>' || xml[after] == ' ' || xml[after] == '/';
    if (!whole_name || xml[begin - 1] == '/') continue;
    size_t end = xml.find(close, begin);
    if (end == std::string_view::npos) break;
    found.push_back(xml.substr(begin + 1, end - begin - 1));
    at = end;
  }
  return found;
}

std::string XmlText(std::string_view xml, std::string_view name) {
  std::vector<std::string_view> found = XmlElements(xml, name);
  return found.empty() ? "" : ResolveEntities(found.front());
}

std::string EscapeXml(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

int64_t ParseS3Time(const std::string& text) {
  std::tm time = {};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  bool http = rest == nullptr;
  if (http) {
    time = {};
    rest = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S", &time);
  }
  if (rest == nullptr) return 0;
  int64_t micros = static_cast<int64_t>(timegm(&time)) * 1'000'000;
  if (http || *rest != '.') return micros;
  for (int64_t digit = 100'000; digit > 0 && *++rest >= '0' && *rest <= '9'; digit /= 10)
    micros += (*rest - '0') * digit;
  return micros;
}

}  // namespace penstock
