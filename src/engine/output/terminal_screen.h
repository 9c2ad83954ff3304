// TerminalScreen: lines of text that are drawn over themselves at the bottom of a terminal. Nothing is drawn
// that is wider than the terminal, so that a line takes one row of it. Used by one thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

class TerminalScreen {
 public:
  explicit TerminalScreen(std::FILE* file);

  // Whether the file is a terminal; REQUIRED for the rest.
  bool is_terminal() const { return is_terminal_; }
  struct Size {
    int columns = 80, rows = 24;
  };
  // Of the terminal now.
  Size size() const;
  // Replaces what was drawn last by these lines; those that do not fit below each other are left out at the
  // top.
  void Draw(std::vector<std::string> lines);
  // Takes back what was drawn: the cursor is where it was before the first Draw.
  void Clear() { Draw({}); }
  // What was drawn stays; the next Draw begins below it.
  void Keep() { drawn_ = 0; }

 private:
  std::FILE* file_;
  bool is_terminal_;
  size_t drawn_ = 0;
};

// Columns a UTF-8 text takes on a terminal: two for wide characters, none for combining ones and for escape
// sequences ("\x1b[..m").
size_t TextColumns(std::string_view text);
// Its first `columns` columns; escape sequences are kept.
std::string ClippedTo(std::string_view text, int columns);
// 12345678 as "12,345,678".
std::string GroupedDigits(int64_t value);

}  // namespace penstock
