// Escape sequences of terminals (ECMA-48): cursor up, erase.
#include "engine/terminal_screen.h"

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

bool Continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

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
    if (escape == 0 && !Continues(text[0])) ++columns;
    text.remove_prefix(escape == 0 ? 1 : escape);
  }
  return columns;
}

std::string ClippedTo(std::string_view text, int columns) {
  std::string out;
  for (int left = columns; !text.empty();) {
    size_t escape = EscapeLength(text);
    if (escape == 0) {
      if (!Continues(text[0])) --left;
      if (left >= 0) out.push_back(text[0]);
    } else {
      out += text.substr(0, escape);
    }
    text.remove_prefix(escape == 0 ? 1 : escape);
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
