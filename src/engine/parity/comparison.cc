// Merging both sides.
#include "engine/parity/comparison.h"

#include <algorithm>
#include <cmath>

#include "data/value_text.h"

namespace penstock {

namespace {

constexpr size_t kMostPairs = 1 << 20;  // that are tried one with another in the rows of one key

bool NearNumbers(double a, double b, double tolerance) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  if (!std::isfinite(a) || !std::isfinite(b)) return false;
  return std::abs(a - b) <= tolerance * std::max(std::abs(a), std::abs(b));
}

// The type of element `i` of a list of values.
const DataType& ElementType(const DataType& type, size_t i) {
  if (type.is(TypeKind::kRow)) return type.fields()[i].type;
  if (type.is(TypeKind::kMap)) return i % 2 == 0 ? type.map_key() : type.map_value();
  return type.element();
}

void Compact(std::vector<StoredRow>* rows) {
  std::erase_if(*rows, [](const StoredRow& row) { return row.count == 0; });
}

}  // namespace

bool NearlyEqual(const Value& a, const Value& b, const DataType& type) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  if (type.is(TypeKind::kDouble)) return NearNumbers(a.as_double(), b.as_double(), kDoubleTolerance);
  if (type.is(TypeKind::kFloat)) return NearNumbers(a.as_double(), b.as_double(), kFloatTolerance);
  bool nested = type.is(TypeKind::kRow) || type.is(TypeKind::kArray) || type.is(TypeKind::kMap);
  if (!nested) return a == b;
  const ValueList &left = a.as_list(), &right = b.as_list();
  if (left.size() != right.size()) return false;
  for (size_t i = 0; i < left.size(); ++i) {
    if (!NearlyEqual(left[i], right[i], ElementType(type, i))) return false;
  }
  return true;
}

Status Comparison::Compare(RowGroups* batch, RowGroups* stream) {
  ASSIGN_OR_RETURN(bool more_batch, batch->Next());
  ASSIGN_OR_RETURN(bool more_stream, stream->Next());
  Rows none;
  while (more_batch || more_stream) {
    int order = !more_batch ? 1 : !more_stream ? -1 : batch->key().compare(stream->key());
    CompareKey(order <= 0 ? &batch->rows() : &none, order >= 0 ? &stream->rows() : &none);
    if (order <= 0) {
      ASSIGN_OR_RETURN(more_batch, batch->Next());
    }
    if (order >= 0) {
      ASSIGN_OR_RETURN(more_stream, stream->Next());
    }
  }
  return Status::Ok();
}

void Comparison::CompareKey(Rows* batch, Rows* stream) {
  for (const StoredRow& row : *batch) report_->batch_rows += row.count;
  for (const StoredRow& row : *stream) report_->stream_rows += row.count;
  TakeEqual(batch, stream, true);
  if (!layout_.left_out.empty()) TakeEqual(batch, stream, false);
  TakeNearlyEqual(batch, stream);
  // Of one key: what is on both sides is one row with other values.
  for (size_t b = 0, s = 0; b < batch->size() || s < stream->size();) {
    StoredRow* left = b < batch->size() ? &(*batch)[b] : nullptr;
    StoredRow* right = s < stream->size() ? &(*stream)[s] : nullptr;
    if (!layout_.keyed && left != nullptr) right = nullptr;
    int64_t count = std::min(left ? left->count : INT64_MAX, right ? right->count : INT64_MAX);
    Add(left, right, count);
    if (left != nullptr && (left->count -= count) == 0) ++b;
    if (right != nullptr && (right->count -= count) == 0) ++s;
  }
}

void Comparison::TakeEqual(Rows* batch, Rows* stream, bool whole) {
  auto part = [whole](const StoredRow& row) { return whole ? std::string_view(row.bytes) : row.compared(); };
  for (size_t b = 0, s = 0; b < batch->size() && s < stream->size();) {
    StoredRow &left = (*batch)[b], &right = (*stream)[s];
    int order = part(left).compare(part(right));
    if (order == 0) {
      int64_t count = std::min(left.count, right.count);
      report_->equal += count;
      if (!whole) report_->nondeterministic_rows += count;
      left.count -= count;
      right.count -= count;
    }
    if (order < 0 || left.count == 0) ++b;
    if (order > 0 || right.count == 0) ++s;
  }
  Compact(batch);
  Compact(stream);
}

void Comparison::TakeNearlyEqual(Rows* batch, Rows* stream) {
  bool approximate = std::any_of(layout_.compared.begin(), layout_.compared.end(), [&](int column) {
    return HasApproximate(layout_.types[static_cast<size_t>(column)]);
  });
  if (!approximate || batch->empty() || stream->empty() || batch->size() * stream->size() > kMostPairs)
    return;
  std::vector<const StoredRow*> rows;
  for (const StoredRow& row : *batch) rows.push_back(&row);
  for (const StoredRow& row : *stream) rows.push_back(&row);
  std::vector<ColumnPtr> columns = codec_.Decode(rows);
  auto equal = [&](size_t left, size_t right) {
    return std::all_of(layout_.compared.begin(), layout_.compared.end(), [&](int column) {
      auto c = static_cast<size_t>(column);
      return NearlyEqual(columns[c]->ValueAt(static_cast<int64_t>(left)),
                         columns[c]->ValueAt(static_cast<int64_t>(right)), layout_.types[c]);
    });
  };
  for (size_t b = 0; b < batch->size(); ++b) {
    for (size_t s = 0; s < stream->size() && (*batch)[b].count > 0; ++s) {
      StoredRow &left = (*batch)[b], &right = (*stream)[s];
      if (right.count == 0 || !equal(b, batch->size() + s)) continue;
      int64_t count = std::min(left.count, right.count);
      report_->equal += count;
      left.count -= count;
      right.count -= count;
    }
  }
  Compact(batch);
  Compact(stream);
}

void Comparison::Add(const StoredRow* batch, const StoredRow* stream, int64_t count) {
  std::vector<const StoredRow*> rows;
  if (stream != nullptr) rows.push_back(stream);
  if (batch != nullptr) rows.push_back(batch);
  std::vector<ColumnPtr> columns = codec_.Decode(rows);
  ParityDifference difference;
  if (IsLate(columns)) {
    difference.what = ParityClass::kLate;
    report_->late += count;
  } else if (!layout_.conditions.empty()) {
    difference.what = ParityClass::kNondeterministic;
    report_->nondeterministic += count;
  } else {
    report_->unexplained += count;
  }
  // The unexplained come first.
  std::vector<ParityDifference>& first = report_->first;
  auto at = std::find_if(first.begin(), first.end(),
                         [&](const ParityDifference& other) { return other.what < difference.what; });
  if (at == first.end() && static_cast<int>(first.size()) >= most_shown_) return;
  Describe(columns, batch, stream, &difference);
  first.insert(at, std::move(difference));
  if (static_cast<int>(first.size()) > most_shown_) first.pop_back();
}

bool Comparison::IsLate(const std::vector<ColumnPtr>& columns) const {
  return std::any_of(late_.begin(), late_.end(),
                     [&](const LateRowsIndex& lane) { return lane.Explains(columns, 0); });
}

std::string Comparison::Text(const std::vector<ColumnPtr>& columns, int column, int64_t row) const {
  auto c = static_cast<size_t>(column);
  Value value = columns[c]->ValueAt(row);
  return value.is_null() ? "NULL" : ValueToText(value, layout_.types[c], *layout_.zone);
}

void Comparison::Describe(const std::vector<ColumnPtr>& columns, const StoredRow* batch,
                          const StoredRow* stream, ParityDifference* difference) const {
  using Kind = ParityDifference::Kind;
  bool both = batch != nullptr && stream != nullptr;
  difference->kind = both ? Kind::kValues : stream == nullptr ? Kind::kMissing : Kind::kOnlyInStream;
  if (std::optional<TimeSpan> span = layout_.SpanOf(columns, 0)) {
    auto text = [](int64_t ms) { return FormatTimestamp(static_cast<int128_t>(ms) * 1'000'000, 3); };
    bool window = layout_.place.kind == sql::RowPlace::Kind::kWindow;
    difference->window = window ? "[" + text(span->start) + ", " + text(span->end) + ")" : text(span->start);
  }
  // The window tells these.
  auto told = [&](int column) {
    const sql::RowPlace& place = layout_.place;
    return !difference->window.empty() && (column == place.start || column == place.end ||
                                           column == place.window_time || column == place.time);
  };
  for (int column : layout_.keys) {
    if (told(column)) continue;
    std::string text = Text(columns, column, 0);
    difference->key.push_back({layout_.names[static_cast<size_t>(column)], text, text});
  }
  for (int column : layout_.compared) {
    auto c = static_cast<size_t>(column);
    if (both ? NearlyEqual(columns[c]->ValueAt(0), columns[c]->ValueAt(1), layout_.types[c]) : told(column))
      continue;
    ParityDifference::Cell cell{layout_.names[c], "", ""};
    if (stream != nullptr) cell.stream = Text(columns, column, 0);
    if (batch != nullptr) cell.batch = Text(columns, column, both ? 1 : 0);
    difference->cells.push_back(std::move(cell));
  }
}

}  // namespace penstock
