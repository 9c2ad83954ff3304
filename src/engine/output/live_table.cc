// Applying changes, and drawing a box of text.
#include "engine/output/live_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/strings.h"
#include "data/value_text.h"
#include "engine/output/terminal_screen.h"

namespace penstock {

namespace {

constexpr const char* kBold = "\x1b[1m";
constexpr const char* kPlain = "\x1b[0m";

std::string Padded(const std::string& text, size_t width) {
  size_t has = TextColumns(text);
  return text + std::string(width - std::min(width, has), ' ');
}

}  // namespace

std::string CellText(const Value& value, const DataType& type) {
  if (!value.is_null() && type.is_binary()) {
    std::string hex = "x'";
    for (char c : value.as_string()) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return hex + "'";
  }
  std::string text = ValueToText(value, type, TimeZone::Utc()), out;
  for (char c : text) {
    auto code = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (code < 0x20 || code == 0x7f) {
      out += fmt::format("\\x{:02x}", code);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string LiveTable::KeyOf(const Row& row) const {
  if (options_.key.empty()) return Join(row.cells, "\x1f");
  std::vector<std::string> parts;
  for (int column : options_.key) parts.push_back(row.cells[static_cast<size_t>(column)]);
  return Join(parts, "\x1f");
}

bool LiveTable::IsOpen(const Row& row) const {
  if (options_.open_mark < 0) return false;
  const Value& value = row.values[static_cast<size_t>(options_.open_mark)];
  return !value.is_null() && !value.as_bool();
}

void LiveTable::Apply(const Batch& batch) {
  std::lock_guard lock(mutex_);
  changed_ = changed_ || batch.rows > 0;
  for (int64_t i = 0; i < batch.rows; ++i) {
    Row row;
    row.values = batch.RowAt(i);
    for (int c = 0; c < options_.schema.size(); ++c) {
      const Value& value = row.values[static_cast<size_t>(c)];
      row.cells.push_back(CellText(value, options_.schema[c].type));
    }
    if (options_.open_mark >= 0)
      row.cells[static_cast<size_t>(options_.open_mark)] = IsOpen(row) ? "open" : "final";
    row.key = KeyOf(row);
    if (options_.order.empty() && options_.open_mark < 0) row.values.clear();  // nobody asks for them again
    RowKind kind = batch.kind(i);
    if (IsAdd(kind))
      Put(std::move(row), kind);
    else
      Remove(row, kind);
  }
  Trim();
}

void LiveTable::Put(Row row, RowKind kind) {
  std::vector<uint64_t>& places = places_[row.key];
  if (!options_.key.empty() && !places.empty()) {
    rows_[places.back()] = std::move(row);
    return;
  }
  uint64_t place = next_place_;
  if (kind == RowKind::kUpdateAfter && vacated_ >= 0) {
    place = static_cast<uint64_t>(vacated_);
  } else {
    ++next_place_;
  }
  vacated_ = -1;
  places.push_back(place);
  rows_[place] = std::move(row);
}

void LiveTable::Remove(const Row& row, RowKind kind) {
  auto found = places_.find(row.key);
  if (found == places_.end()) return;
  uint64_t place = found->second.back();
  found->second.pop_back();
  if (found->second.empty()) places_.erase(found);
  rows_.erase(place);
  vacated_ = kind == RowKind::kUpdateBefore ? static_cast<int64_t>(place) : -1;
}

// Only now and then: a tenth more than allowed may be there.
void LiveTable::Trim() {
  auto have = static_cast<int64_t>(rows_.size());
  if (have <= options_.rows_max + options_.rows_max / 10) return;
  std::vector<uint64_t> order;
  for (const auto& [place, row] : rows_) order.push_back(place);
  if (!options_.order.empty()) {
    std::stable_sort(order.begin(), order.end(),
                     [&](uint64_t a, uint64_t b) { return Before(rows_.at(b), rows_.at(a)); });
  }
  order.resize(static_cast<size_t>(have - options_.rows_max));
  for (uint64_t place : order) {
    auto row = rows_.find(place);
    auto found = places_.find(row->second.key);
    std::erase(found->second, place);
    if (found->second.empty()) places_.erase(found);
    rows_.erase(row);
    ++left_out_;
  }
}

bool LiveTable::TakeChanged() {
  std::lock_guard lock(mutex_);
  return std::exchange(changed_, false);
}

bool LiveTable::Before(const Row& a, const Row& b) const {
  for (const Order& order : options_.order) {
    auto column = static_cast<size_t>(order.column);
    int compared = Value::Compare(a.values[column], b.values[column]);
    if (compared != 0) return (compared < 0) != order.descending;
  }
  return false;
}

std::vector<const LiveTable::Row*> LiveTable::Shown(int64_t rows) const {
  std::vector<const Row*> shown;
  for (const auto& [place, row] : rows_) shown.push_back(&row);
  bool cut = rows >= 0 && static_cast<int64_t>(shown.size()) > rows;
  if (!options_.order.empty()) {
    auto end = cut ? shown.begin() + rows : shown.end();
    std::partial_sort(shown.begin(), end, shown.end(), [&](const Row* a, const Row* b) {
      if (Before(*a, *b)) return true;
      return !Before(*b, *a) && a->key < b->key;
    });
    shown.erase(end, shown.end());
  } else if (cut) {
    shown.erase(shown.begin(), shown.end() - rows);
  }
  return shown;
}

std::vector<std::string> LiveTable::Render(int64_t rows, int width, bool colour) const {
  std::lock_guard lock(mutex_);
  std::vector<const Row*> shown = Shown(rows);
  std::vector<size_t> widths;
  std::vector<std::string> names;
  for (int c = 0; c < options_.schema.size(); ++c) {
    names.push_back(c == options_.open_mark ? "window" : options_.schema[c].name);
    widths.push_back(TextColumns(names.back()));
    for (const Row* row : shown)
      widths.back() = std::max(widths.back(), TextColumns(row->cells[static_cast<size_t>(c)]));
  }
  auto line = [&](const std::vector<std::string>& cells) {
    std::string text = "|";
    for (size_t c = 0; c < cells.size(); ++c) text += " " + Padded(cells[c], widths[c]) + " |";
    return width < 0 ? text : ClippedTo(text, width);
  };
  std::string rule = "+";
  for (size_t w : widths) rule += std::string(w + 2, '-') + "+";
  if (width >= 0) rule = ClippedTo(rule, width);
  std::vector<std::string> lines = {rule, line(names), rule};
  for (const Row* row : shown) {
    bool stands_out = colour && IsOpen(*row);
    lines.push_back(stands_out ? kBold + line(row->cells) + kPlain : line(row->cells));
  }
  lines.push_back(rule);
  auto all = static_cast<int64_t>(rows_.size()) + left_out_;
  auto count = static_cast<int64_t>(shown.size());
  std::string total = GroupedDigits(all) + (all == 1 ? " row" : " rows");
  lines.push_back(count == all ? total : GroupedDigits(count) + " of " + total);
  return lines;
}

}  // namespace penstock
