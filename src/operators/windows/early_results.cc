// Rows of the early lane.
#include "operators/windows/early_results.h"

#include <utility>

namespace penstock {

std::set<int64_t> EarlyResults::TakeDue(int64_t now_ms) {
  if (now_ms < due_ms_) return {};
  due_ms_ = INT64_MAX;
  return std::exchange(touched_, {});
}

void EarlyResults::AddRows(Batch groups, bool is_final, bool emptied) {
  if (groups.rows == 0) return;
  DataType type = DataType::Boolean().NotNull();
  groups.columns.push_back(Column::Flatten(Column::Constant(type, Value::Bool(is_final), groups.rows)));
  groups.kinds = std::make_shared<const std::vector<RowKind>>(
      static_cast<size_t>(groups.rows), emptied ? RowKind::kDelete : RowKind::kUpdateAfter);
  queue_.AddRows(std::move(groups));
}

}  // namespace penstock
