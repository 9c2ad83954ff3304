// Escape sequences of terminals (ECMA-48): cursor up, erase.
#include "engine/output/terminal_screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdint>

namespace penstock {

namespace {

// Length of the escape sequence at the start of a text, 0 when there is none.
size_t EscapeLength(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  size_t end = text.find_first_of("mKFJ", 2);
  return end == std::string_view::npos ? 0 : end + 1;
}

// The character at the start of a UTF-8 text: its bytes and the columns a terminal gives it. Bytes that are
// no UTF-8 stand for themselves. Wide: the blocks that Unicode's East Asian Width calls so, and emoji.
struct Glyph {
  size_t bytes = 1;
  int columns = 1;
};
Glyph FirstGlyph(std::string_view text) {
  auto lead = static_cast<unsigned char>(text[0]);
  size_t bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (bytes == 1 || bytes > text.size()) return {};
  uint32_t code = lead & (0xFFU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  static constexpr uint32_t kWide[][2] = {{0x1100, 0x115F},   {0x2E80, 0x303E},  {0x3041, 0xA4CF},
                                          {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},  {0xFE30, 0xFE6F},
                                          {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},  {0x1F300, 0x1F6FF},
                                          {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
  for (const auto& [first, last] : kWide) {
    if (code >= first && code <= last) return {bytes, 2};
  }
  bool combining = (code >= 0x300 && code <= 0x36F) || code == 0x200D || (code >= 0xFE00 && code <= 0xFE0F);
  return {bytes, combining ? 0 : 1};
}

}  // namespace

TerminalScreen::TerminalScreen(std::FILE* file) : file_(file), is_terminal_(isatty(fileno(file)) != 0) {}

TerminalScreen::Size TerminalScreen::size() const {
  winsize window{};
  Size size;
  if (ioctl(fileno(file_), TIOCGWINSZ, &window) != 0 || window.ws_col == 0) return size;
  size.columns = window.ws_col;
  size.rows = window.ws_row;
  return size;
}

void TerminalScreen::Draw(std::vector<std::string> lines) {
  if (lines.empty() && drawn_ == 0) return;
  Size now = size();
  auto fit = static_cast<size_t>(now.rows > 2 ? now.rows - 1 : 1);
  if (lines.size() > fit) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(fit));
  std::string text;
  if (drawn_ > 0) text = "\x1b[" + std::to_string(drawn_) + "F";
  for (const std::string& line : lines) text += ClippedTo(line, now.columns - 1) + "\x1b[K\n";
  text += "\x1b[J";
  drawn_ = lines.size();
  std::fwrite(text.data(), 1, text.size(), file_);
  std::fflush(file_);
}

size_t TextColumns(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    size_t escape = EscapeLength(text);
    Glyph glyph = escape == 0 ? FirstGlyph(text) : Glyph{escape, 0};
    columns += static_cast<size_t>(glyph.columns);
    text.remove_prefix(glyph.bytes);
  }
  return columns;
}

std::string ClippedTo(std::string_view text, int columns) {
  std::string out;
  for (int left = columns; !text.empty();) {
    size_t escape = EscapeLength(text);
    Glyph glyph = escape == 0 ? FirstGlyph(text) : Glyph{escape, 0};
    left -= glyph.columns;
    if (left >= 0 || escape > 0) out += text.substr(0, glyph.bytes);
    text.remove_prefix(glyph.bytes);
  }
  return out;
}

std::string GroupedDigits(int64_t value) {
  std::string digits = std::to_string(value);
  size_t first = value < 0 ? 1 : 0;
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > static_cast<int64_t>(first); at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

}  // namespace penstock
