// Derivation of upsert keys, a rule per kind of node.
#include "sql/logical/unique_keys.h"

#include <algorithm>

#include "sql/physical/plan_rank.h"
#include "sql/logical/window_property.h"

namespace penstock::sql {

bool IsSubset(const ColumnSet& part, const ColumnSet& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

bool ContainsKey(const std::vector<ColumnSet>& keys, const ColumnSet& columns) {
  return std::any_of(keys.begin(), keys.end(), [&](const ColumnSet& key) { return IsSubset(key, columns); });
}

namespace {

ColumnSet Sorted(ColumnSet columns) {
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  return columns;
}

// Drops doubles and sorts by size.
std::vector<ColumnSet> Normalised(std::vector<ColumnSet> keys) {
  std::sort(keys.begin(), keys.end(), [](const ColumnSet& a, const ColumnSet& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

// The column an expression hands on without losing a difference between values: itself, or a cast to a wider
// type.
int PreservedColumn(const ExprPtr& expr) {
  if (expr->is_input()) return expr->index();
  if (expr->kind() != ExprKind::kCast) return -1;
  const DataType& from = expr->arg(0)->type();
  const DataType& to = expr->type();
  bool wider = from.SameAs(to) ||
               (from.is_integer() && to.is_integer() &&
                static_cast<int>(from.kind()) <= static_cast<int>(to.kind())) ||
               (from.is_character() && to.is(TypeKind::kVarChar) && from.length() <= to.length()) ||
               (from.is_binary() && to.is(TypeKind::kVarBinary) && from.length() <= to.length()) ||
               (from.is_timestamp() && from.kind() == to.kind() && from.precision() <= to.precision());
  return wider ? PreservedColumn(expr->arg(0)) : -1;
}

std::vector<ColumnSet> ThroughProject(const std::vector<ExprPtr>& exprs, const std::vector<ColumnSet>& keys) {
  std::vector<ColumnSet> out;
  for (const ColumnSet& key : keys) {
    // A column may be handed on several times: each way to write the key is one.
    std::vector<ColumnSet> written = {{}};
    for (int column : key) {
      std::vector<ColumnSet> next;
      for (size_t i = 0; i < exprs.size(); ++i) {
        if (PreservedColumn(exprs[i]) != column) continue;
        for (ColumnSet so_far : written) {
          so_far.push_back(static_cast<int>(i));
          next.push_back(std::move(so_far));
        }
        if (next.size() > 16) break;
      }
      written = std::move(next);
    }
    for (ColumnSet& columns : written) out.push_back(Sorted(std::move(columns)));
  }
  return Normalised(std::move(out));
}

// Keys that hold every column rows are distributed by.
std::vector<ColumnSet> Keeping(const std::vector<ColumnSet>& keys, const ColumnSet& distribution) {
  std::vector<ColumnSet> kept;
  for (const ColumnSet& key : keys) {
    if (IsSubset(distribution, key)) kept.push_back(key);
  }
  return kept;
}

std::vector<ColumnSet> OfJoin(const PlanPtr& plan, JoinKind kind, const ExprPtr& condition) {
  std::vector<ColumnSet> left = UpsertKeys(plan->input(0));
  int width = plan->input(0)->schema.size();
  ColumnSet left_columns, right_columns;
  for (auto [l, r] : EquiPairs(condition, width)) {
    left_columns.push_back(l);
    right_columns.push_back(r);
  }
  left_columns = Sorted(left_columns);
  right_columns = Sorted(right_columns);
  if (kind == JoinKind::kSemi || kind == JoinKind::kAnti) return Keeping(left, left_columns);
  std::vector<ColumnSet> right = UpsertKeys(plan->input(1));
  bool left_unique = ContainsKey(left, left_columns);
  bool right_unique = ContainsKey(right, right_columns);
  left = Keeping(left, left_columns);
  right = Keeping(right, right_columns);
  auto shifted = [&](const ColumnSet& key) {
    ColumnSet out;
    for (int column : key) out.push_back(column + width);
    return out;
  };
  bool pads_left = kind == JoinKind::kRight || kind == JoinKind::kFull;
  bool pads_right = kind == JoinKind::kLeft || kind == JoinKind::kFull;
  std::vector<ColumnSet> out;
  for (const ColumnSet& l : left) {
    if (right_unique && !pads_left) out.push_back(l);
    for (const ColumnSet& r : right) {
      ColumnSet both = l;
      for (int column : shifted(r)) both.push_back(column);
      out.push_back(Sorted(std::move(both)));
    }
  }
  for (const ColumnSet& r : right) {
    if (left_unique && !pads_right) out.push_back(shifted(r));
  }
  return Normalised(std::move(out));
}

std::vector<ColumnSet> OfAggregate(const PlanPtr& plan, const AggregateNode& node) {
  ColumnSet groups;
  for (size_t i = 0; i < node.groups.size(); ++i) groups.push_back(static_cast<int>(i));
  std::vector<ColumnSet> out = {groups};
  if (std::optional<WindowGroups> window = MatchWindowGroups(plan)) {
    // Start, end and time of a window tell the same.
    int marks[] = {window->start, window->end, window->time};
    for (int kept : marks) {
      if (kept < 0) continue;
      // Growing windows share their start.
      if (kept == window->start && window->input.window.kind == WindowKind::kCumulate) continue;
      ColumnSet key;
      for (int column : groups) {
        bool other = column != kept && std::find(marks, marks + 3, column) != marks + 3;
        if (!other) key.push_back(column);
      }
      out.push_back(key);
    }
  }
  return Normalised(std::move(out));
}

std::vector<ColumnSet> OfOver(const PlanPtr& plan, const OverNode& node) {
  std::vector<ColumnSet> out = Keeping(UpsertKeys(plan->input()), Sorted(node.partition_by));
  int first = plan->input()->schema.size();
  for (size_t i = 0; i < node.calls.size(); ++i) {
    if (node.calls[i].function != "ROW_NUMBER") continue;
    ColumnSet key = node.partition_by;
    key.push_back(first + static_cast<int>(i));
    out.push_back(Sorted(std::move(key)));
  }
  return Normalised(std::move(out));
}

// Whether a column is a ROW_NUMBER, handed on by projections and filters.
bool IsRowNumber(PlanPtr plan, int column) {
  while (column >= 0 && plan->As<OverNode>() == nullptr) {
    if (const auto* project = plan->As<ProjectNode>())
      column = PreservedColumn(project->exprs[static_cast<size_t>(column)]);
    else if (plan->As<FilterNode>() == nullptr)
      return false;
    plan = plan->input();
  }
  if (column < 0) return false;
  size_t call = static_cast<size_t>(column - plan->input()->schema.size());
  const auto* over = plan->As<OverNode>();
  return column >= plan->input()->schema.size() && over->calls[call].function == "ROW_NUMBER";
}

bool IsWhole(const ExprPtr& expr, int64_t value) {
  return expr->is_literal() && expr->type().is_integer() && !expr->literal().is_null() &&
         expr->literal().as_int() == value;
}

// The column of `input` that a condition leaves one value of: column = literal; a row number <= 1, < 2.
int PinnedColumn(const PlanPtr& input, const ExprPtr& condition) {
  if (condition->args().size() != 2) return -1;
  const ExprPtr& left = condition->arg(0);
  const ExprPtr& right = condition->arg(1);
  int left_column = PreservedColumn(left), right_column = PreservedColumn(right);
  if (condition->is_call("=") && right->is_literal()) return left_column;
  if (condition->is_call("=") && left->is_literal()) return right_column;
  bool from_above =
      (condition->is_call("<=") && IsWhole(right, 1)) || (condition->is_call("<") && IsWhole(right, 2));
  if (from_above && IsRowNumber(input, left_column)) return left_column;
  bool turned =
      (condition->is_call(">=") && IsWhole(left, 1)) || (condition->is_call(">") && IsWhole(left, 2));
  return turned && IsRowNumber(input, right_column) ? right_column : -1;
}

// A filter that leaves one value of a column takes it out of every key: rank = 1.
std::vector<ColumnSet> OfFilter(const PlanPtr& plan, const FilterNode& node) {
  std::vector<ColumnSet> out = UpsertKeys(plan->input());
  for (const ExprPtr& part : SplitConjunction(node.condition)) {
    int column = PinnedColumn(plan->input(), part);
    if (column < 0) continue;
    size_t known = out.size();
    for (size_t i = 0; i < known; ++i) {
      ColumnSet key = out[i];
      auto at = std::find(key.begin(), key.end(), column);
      if (at == key.end()) continue;
      key.erase(at);
      out.push_back(std::move(key));
    }
  }
  return Normalised(std::move(out));
}

// What may be said of a Top-N. One that tells the number, or skips the first rows, replaces the row of each
// place: a row that moves is there twice in between, or leaves without a deletion of its own, so that only
// the place is a key. The same holds for the one best row. Windows give their rows once.
std::optional<std::vector<ColumnSet>> OfRank(const PlanPtr& plan) {
  Result<std::optional<RankPattern>> match = MatchRank(plan);
  if (!match || !*match) return std::nullopt;
  const RankPattern& pattern = **match;
  const auto& over = *pattern.over->As<OverNode>();
  const PlanPtr& input = pattern.over->input();
  ColumnSet partition = Sorted(over.partition_by);
  std::optional<WindowProperty> window = DeriveWindow(input);
  if (window && window->complete() && IsSubset(Sorted({window->start, window->end}), partition))
    return std::nullopt;
  auto numbered = [&](const ExprPtr& expr) {
    std::vector<int> inputs = InputsOf(expr);
    return std::find(inputs.begin(), inputs.end(), pattern.number_column()) != inputs.end();
  };
  std::vector<ColumnSet> keys;
  if (pattern.constant()) {
    const SortKey& order = over.order_by[0];
    bool first_by_time = over.order_by.size() == 1 && !order.descending &&
                         input->schema[order.column].type.time_attribute() != TimeAttribute::kNone;
    if (first_by_time) keys = Keeping(UpsertKeys(input), partition);
    keys.push_back(std::move(partition));
  } else if (pattern.first > 1 || std::any_of(pattern.exprs.begin(), pattern.exprs.end(), numbered) ||
             std::any_of(pattern.rest.begin(), pattern.rest.end(), numbered)) {
    partition.push_back(pattern.number_column());
    keys.push_back(std::move(partition));
  } else {
    keys = Keeping(UpsertKeys(input), partition);
  }
  return ThroughProject(pattern.exprs, keys);
}

// A LIMIT of one row, or behind an offset, is a Top-N by places as well.
std::vector<ColumnSet> OfSort(const PlanPtr& plan, const SortNode& node) {
  if (node.limit == 1) return {{}};
  if (node.limit >= 0 && node.offset > 0) return {};
  return UpsertKeys(plan->input());
}

std::vector<ColumnSet> OfScan(const ScanNode& node) {
  if (node.table->primary_key.empty()) return {};
  ColumnSet key;
  for (int column : node.table->primary_key) {
    auto at = std::find(node.columns.begin(), node.columns.end(), column);
    if (at == node.columns.end()) return {};
    key.push_back(static_cast<int>(at - node.columns.begin()));
  }
  return {Sorted(std::move(key))};
}

ColumnSet AllColumns(const PlanPtr& plan) {
  ColumnSet all;
  for (int i = 0; i < plan->schema.size(); ++i) all.push_back(i);
  return all;
}

}  // namespace

std::vector<std::pair<int, int>> EquiPairs(const ExprPtr& condition, int left_width,
                                           std::vector<ExprPtr>* rest) {
  std::vector<std::pair<int, int>> pairs;
  if (!condition) return pairs;
  for (const ExprPtr& part : SplitConjunction(condition)) {
    if (part->is_call("=") && part->arg(0)->is_input() && part->arg(1)->is_input()) {
      int a = part->arg(0)->index(), b = part->arg(1)->index();
      if (a > b) std::swap(a, b);
      if (a < left_width && b >= left_width) {
        pairs.emplace_back(a, b - left_width);
        continue;
      }
    }
    if (rest != nullptr) rest->push_back(part);
  }
  return pairs;
}

std::vector<ColumnSet> UpsertKeys(const PlanPtr& plan) {
  if (const auto* node = plan->As<ScanNode>()) return OfScan(*node);
  if (const auto* node = plan->As<NormalizeNode>()) return {Sorted(node->keys)};
  if (std::optional<std::vector<ColumnSet>> keys = OfRank(plan)) return *keys;
  if (const auto* node = plan->As<ProjectNode>())
    return ThroughProject(node->exprs, UpsertKeys(plan->input()));
  if (const auto* node = plan->As<FilterNode>()) return OfFilter(plan, *node);
  if (const auto* node = plan->As<AggregateNode>()) return OfAggregate(plan, *node);
  if (const auto* node = plan->As<JoinNode>()) return OfJoin(plan, node->kind, node->condition);
  if (const auto* node = plan->As<OverNode>()) return OfOver(plan, *node);
  if (plan->As<SetOpNode>() != nullptr && !plan->As<SetOpNode>()->all) return {AllColumns(plan)};
  if (plan->As<WatermarkNode>() != nullptr) return UpsertKeys(plan->input());
  if (const auto* node = plan->As<SortNode>()) return OfSort(plan, *node);
  if (plan->As<TemporalJoinNode>() != nullptr) return UpsertKeys(plan->input(0));
  if (const auto* node = plan->As<WindowTvfNode>()) {
    std::vector<ColumnSet> keys = UpsertKeys(plan->input());
    if (node->window.kind == WindowKind::kTumble) return keys;
    for (ColumnSet& key : keys) key.push_back(plan->schema.size() - 2);
    return keys;
  }
  return {};
}

}  // namespace penstock::sql
