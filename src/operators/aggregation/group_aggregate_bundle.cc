// GroupAggregate with mini-batches: of all rows of a bundle a group shows only the change from before to
// after.
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "operators/aggregation/group_aggregate.h"

namespace penstock {

// A group that the bundle touches.
struct GroupAggregate::Touched {
  size_t row = 0;  // its first row
  uint8_t* state = nullptr;
  bool existed = false;
  bool added = false;  // a row was added: only then may others be taken back from a new group
};

Status GroupAggregate::Collect(const Batch& batch, int64_t begin, int64_t end) {
  while (begin < end) {
    int64_t count = std::min(end - begin, bundle_.Room());
    bundle_.Add(batch.Slice(begin, count), context_->clock->MonotonicMillis());
    begin += count;
    if (bundle_.full()) RETURN_IF_ERROR(FinishBundle());
  }
  return Status::Ok();
}

Status GroupAggregate::FinishBundle() {
  Batch rows = bundle_.TakeRows();
  if (rows.rows > 0) RETURN_IF_ERROR(FoldRows(rows));
  for (const Mark& mark : bundle_.TakeMarks()) queue_.AddMark(mark, output_types_);
  return Status::Ok();
}

Status GroupAggregate::FoldRows(const Batch& batch) {
  std::vector<ColumnPtr> columns;
  for (int group : spec_.groups) columns.push_back(batch.column(group));
  KeyBlock block;
  codec_.Encode(columns, batch.rows, &block);
  auto size = static_cast<size_t>(batch.rows);
  std::vector<std::string_view> groups(size);
  std::vector<StateKey> keys(size);
  for (size_t i = 0; i < size; ++i) {
    groups[i] = block[static_cast<int64_t>(i)];
    keys[i] = {groups[i], HashKey(groups[i])};
  }
  std::vector<uint8_t*> values(size), states(size);
  std::vector<uint8_t> created(size);
  RETURN_IF_ERROR(state_->Access(0, keys, values, created));
  std::vector<Touched> touched;
  std::unordered_map<uint8_t*, size_t> index;
  std::vector<int8_t> signs(size);
  for (size_t i = 0; i < size; ++i) {
    if (created[i] != 0) {
      std::memset(values[i], 0, sizeof(int64_t));
      aggregates_.Init(values[i] + sizeof(int64_t));
    }
    states[i] = values[i] + sizeof(int64_t);
    int64_t count = 0;
    std::memcpy(&count, values[i], sizeof(count));
    auto [at, fresh] = index.try_emplace(values[i], touched.size());
    if (fresh) touched.push_back({i, values[i], Lives(count), count != 0});
    Touched& group = touched[at->second];
    signs[i] = IsAdd(batch.kind(static_cast<int64_t>(i))) ? 1 : -1;
    if (signs[i] > 0) group.added = true;
    if (!group.added) signs[i] = 0;  // nothing to take back yet
    // Parts may take back what another part is still to bring.
    count +=
        spec_.takes_parts ? batch.column(weight_column())->At<int64_t>(static_cast<int64_t>(i)) : signs[i];
    std::memcpy(values[i], &count, sizeof(count));
  }
  std::vector<const uint8_t*> firsts;
  std::vector<std::string_view> first_groups;
  for (const Touched& group : touched) {
    firsts.push_back(group.state + sizeof(int64_t));
    first_groups.push_back(groups[group.row]);
  }
  std::vector<ColumnBuilder> before = MakeBuilders(aggregates_.result_types());
  std::vector<ColumnBuilder> after = MakeBuilders(aggregates_.result_types());
  RETURN_IF_ERROR(aggregates_.Emit(firsts, first_groups, &before));
  if (spec_.takes_parts) {
    RETURN_IF_ERROR(aggregates_.MergeParts(batch, weight_column() + 1, groups, states));
  } else {
    RETURN_IF_ERROR(aggregates_.Update(batch, groups, signs, states));
  }
  RETURN_IF_ERROR(aggregates_.Emit(firsts, first_groups, &after));
  std::vector<ColumnPtr> results;
  for (size_t a = 0; a < after.size(); ++a) {
    ColumnPtr pieces[] = {before[a].Finish(), after[a].Finish()};
    results.push_back(Column::Concat(pieces));
  }
  EmitFolded(batch, touched, results);
  for (const Touched& group : touched) {
    int64_t count = 0;
    std::memcpy(&count, group.state, sizeof(count));
    if (count != 0) continue;
    if (spec_.takes_parts && !aggregates_.IsBlank(group.state + sizeof(int64_t), groups[group.row])) continue;
    aggregates_.ClearViews(groups[group.row]);
    state_->Erase(0, keys[group.row]);
  }
  return Status::Ok();
}

// `results` hold the values of all groups before, then after the bundle.
void GroupAggregate::EmitFolded(const Batch& batch, const std::vector<Touched>& touched,
                                const std::vector<ColumnPtr>& results) {
  std::vector<int32_t> source_rows, result_rows;
  auto kinds = std::make_shared<std::vector<RowKind>>();
  for (size_t g = 0; g < touched.size(); ++g) {
    auto before = static_cast<int32_t>(g);
    auto after = static_cast<int32_t>(touched.size() + g);
    auto add = [&](int32_t result, RowKind kind) {
      source_rows.push_back(static_cast<int32_t>(touched[g].row));
      result_rows.push_back(result);
      kinds->push_back(kind);
    };
    int64_t count = 0;
    std::memcpy(&count, touched[g].state, sizeof(count));
    if (!touched[g].existed) {
      if (Lives(count)) add(after, RowKind::kInsert);
      continue;
    }
    if (!Lives(count)) {
      add(before, RowKind::kDelete);
      continue;
    }
    bool same = std::all_of(results.begin(), results.end(), [&](const ColumnPtr& column) {
      return column->ValueAt(before) == column->ValueAt(after);
    });
    if (same) continue;
    if (spec_.emit_update_before) add(before, RowKind::kUpdateBefore);
    add(after, RowKind::kUpdateAfter);
  }
  if (source_rows.empty()) return;
  Batch result;
  result.rows = static_cast<int64_t>(source_rows.size());
  for (int group : spec_.groups) result.columns.push_back(batch.column(group)->Take(source_rows));
  for (const ColumnPtr& column : results) result.columns.push_back(column->Take(result_rows));
  result.kinds = std::move(kinds);
  queue_.AddRows(std::move(result));
}

Result<Progress> GroupAggregate::Flush(Output& out) {
  if (bundle_.enabled()) RETURN_IF_ERROR(FinishBundle());
  return queue_.Flush(out);
}

}  // namespace penstock
