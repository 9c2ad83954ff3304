// The way from a source to a stateful operator, gone with a sample.
#include "engine/forecast/input_rows.h"

#include <algorithm>
#include <utility>

#include "data/column_builder.h"
#include "expr/evaluator.h"
#include "operators/rank/rank_rows.h"
#include "operators/watermark_assigner.h"

namespace penstock {

namespace {

// Stateless: made and run.
const char* const kRun[] = {"calc", "drop_update_before", "unnest", "expand"};
// They hand rows on as they are, or with columns behind that no key is made of.
const char* const kPass[] = {"watermark_assigner", "changelog_normalize", "hot_key_salt",
                             "hot_key_watch",      "window_tvf",          "constraint_enforcer"};

template <size_t n>
bool IsOneOf(const char* const (&names)[n], const std::string& name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Puts together what an operator emits on its main lane.
class Collected : public Output {
 public:
  void Emit(int lane, Batch batch) override {
    if (lane == kMainLane && batch.rows > 0) batches.push_back(std::move(batch));
  }
  bool full() const override { return false; }
  Batch Take(const Schema& schema) {
    if (batches.size() == 1) return std::move(batches[0]);
    std::vector<DataType> types;
    for (const Field& field : schema.fields()) types.push_back(field.type);
    Batch all(0, EmptyColumns(types));
    if (batches.empty()) return all;
    std::vector<RowKind> kinds;
    for (size_t c = 0; c < all.columns.size(); ++c) {
      std::vector<ColumnPtr> parts;
      for (const Batch& batch : batches) parts.push_back(batch.columns[c]);
      all.columns[c] = Column::Concat(parts);
    }
    for (const Batch& batch : batches) {
      all.rows += batch.rows;
      for (int64_t row = 0; row < batch.rows; ++row) kinds.push_back(batch.kind(row));
    }
    all.kinds = std::make_shared<const std::vector<RowKind>>(std::move(kinds));
    return all;
  }
  std::vector<Batch> batches;
};

}  // namespace

Result<std::unique_ptr<InputRows>> InputRows::Trace(const Surroundings& around, int vertex, int input) {
  auto made = std::make_unique<InputRows>();
  made->context_.clock = around.clock;
  made->context_.eval = around.eval;
  made->context_.metrics = &made->metrics_;
  std::vector<const JobVertex*> way;
  for (int at = vertex, port = input;; port = 0) {
    std::vector<int> from;
    for (const JobEdge& edge : around.graph->edges) {
      if (edge.to == at && edge.input == port && edge.lane == kMainLane) from.push_back(edge.from);
    }
    if (from.size() != 1) return std::unique_ptr<InputRows>();
    at = from[0];
    const JobVertex& before = around.graph->vertices[static_cast<size_t>(at)];
    if (before.kind == VertexKind::kSource) {
      made->source_ = &before;
      break;
    }
    if (!IsOneOf(kRun, before.factory) && !IsOneOf(kPass, before.factory))
      return std::unique_ptr<InputRows>();
    way.push_back(&before);
  }
  std::reverse(way.begin(), way.end());
  for (const JobVertex* step : way) RETURN_IF_ERROR(made->AddStep(around, *step));
  return made;
}

Status InputRows::AddStep(const Surroundings& around, const JobVertex& vertex) {
  Step step{&vertex, nullptr};
  if (IsOneOf(kRun, vertex.factory)) {
    ASSIGN_OR_RETURN(step.op, around.registry->NewOperator(vertex));
    RETURN_IF_ERROR(step.op->Open(&context_));
  }
  steps_.push_back(std::move(step));
  return Status::Ok();
}

Status InputRows::NoteTimes(const JobVertex& assigner, const Batch& rows) {
  ASSIGN_OR_RETURN(WatermarkAssignerSpec spec, WatermarkAssignerSpec::Parse(assigner.spec));
  if (!spec.expr) return Status::Ok();
  ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(spec.expr, context_.eval));
  ASSIGN_OR_RETURN(ColumnPtr marks, evaluator.Evaluate({rows.columns, rows.rows, nullptr}));
  ColumnPtr flat = Column::Flatten(marks);
  const Column& times = *rows.column(spec.column);
  for (int64_t row = 0; row < rows.rows; ++row) {
    if (flat->IsNull(row) || times.IsNull(row)) continue;
    first_ms_ = std::min(first_ms_, MillisAt(times, row));
    last_ms_ = std::max(last_ms_, MillisAt(times, row));
    delay_ms_ = std::max(delay_ms_, MillisAt(times, row) - MillisAt(*flat, row));
  }
  return Status::Ok();
}

Result<Batch> InputRows::Pass(Batch rows) {
  for (Step& step : steps_) {
    if (rows.rows == 0) break;
    if (step.op) {
      Collected collected;
      ASSIGN_OR_RETURN(Progress progress, step.op->Process(0, rows, collected));
      if (progress == Progress::kBlocked) return Status::Internal("a step of a sample is blocked");
      rows = collected.Take(step.vertex->schema);
      continue;
    }
    if (step.vertex->factory == "watermark_assigner") RETURN_IF_ERROR(NoteTimes(*step.vertex, rows));
    for (auto c = static_cast<int>(rows.columns.size()); c < step.vertex->schema.size(); ++c) {
      ColumnBuilder empty(step.vertex->schema[c].type);
      for (int64_t row = 0; row < rows.rows; ++row) empty.AppendNull();
      rows.columns.push_back(empty.Finish());
    }
  }
  return rows;
}

}  // namespace penstock
