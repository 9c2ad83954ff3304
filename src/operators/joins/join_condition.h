// JoinCondition: the part of a join's condition beside its keys, evaluated over many pairs of rows at once;
// and the encoded keys of a batch. Used by one operator's thread.
#pragma once

#include <optional>

#include "data/key_codec.h"
#include "expr/evaluator.h"
#include "operators/batch_keys.h"
#include "operators/joins/join_spec.h"
#include "state/keyed_state.h"
#include "stream/operator.h"

namespace penstock {

class JoinCondition {
 public:
  // REQUIRES: `eval` outlives it.
  Status Open(const JoinSpec& spec, const EvalContext* eval);
  bool always() const { return !evaluator_.has_value(); }
  // keep[i] tells whether row left_rows[i] of the left columns and right_rows[i] of the right ones match.
  Status Evaluate(const std::vector<ColumnPtr>& left, std::span<const int32_t> left_rows,
                  const std::vector<ColumnPtr>& right, std::span<const int32_t> right_rows,
                  std::vector<uint8_t>* keep) const;

 private:
  std::optional<Evaluator> evaluator_;
  std::vector<int> inputs_;
  size_t left_width_ = 0;
};

// The join keys of a batch of one side.
class JoinKeys {
 public:
  JoinKeys(const JoinSpec& spec, size_t side) : spec_(&spec), side_(side), codec_(KeyTypes(spec)) {}
  void Encode(const Batch& batch);
  StateKey operator[](int64_t row) const { return keys_[row]; }
  void Prefetch(MapState& state, int64_t row, int64_t end) const { keys_.Prefetch(state, row, end); }
  // The first row of the batch that has the key of this one.
  int64_t FirstWithKeyOf(int64_t row) const { return keys_.FirstWithKeyOf(row); }
  // A NULL that matches nothing.
  bool never_matches(int64_t row) const { return !nulls_.empty() && nulls_[static_cast<size_t>(row)] != 0; }

 private:
  static std::vector<DataType> KeyTypes(const JoinSpec& spec) { return spec.sides[kLeftSide].key_types; }
  const JoinSpec* spec_;
  size_t side_;
  KeyCodec codec_;
  BatchKeys keys_;
  std::vector<uint8_t> nulls_;  // empty: none
};

// Rows picked by index; -1 is a row of NULLs.
ColumnPtr TakePadded(const ColumnPtr& column, const DataType& type, std::span<const int32_t> rows);

// Result rows of a join as indices into the columns of both sides.
class JoinedRows {
 public:
  void Add(int32_t left, int32_t right, RowKind kind) {
    left_.push_back(left);
    right_.push_back(right);
    kinds_.push_back(kind);
    padded_left_ = padded_left_ || left < 0;
    padded_right_ = padded_right_ || right < 0;
    inserts_ = inserts_ && kind == RowKind::kInsert;
  }
  bool empty() const { return kinds_.empty(); }
  size_t size() const { return kinds_.size(); }
  // Makes the batch and starts anew. `right` is not read by joins that emit left rows only.
  Batch Take(const JoinSpec& spec, const std::vector<ColumnPtr>& left, const std::vector<ColumnPtr>& right);

 private:
  std::vector<int32_t> left_, right_;
  std::vector<RowKind> kinds_;
  bool padded_left_ = false, padded_right_ = false, inserts_ = true;
};

}  // namespace penstock
