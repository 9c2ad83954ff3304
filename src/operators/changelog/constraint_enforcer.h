// ConstraintEnforcer: what a sink's declared types promise is checked before rows are written: NOT NULL
// (fail or drop the row, nested types too where asked for) and the lengths of CHAR, VARCHAR, BINARY and
// VARBINARY (trim and pad, or fail).
#pragma once

#include <string>
#include <vector>

#include "data/batch.h"
#include "data/data_type.h"
#include "stream/operator.h"

namespace penstock {

enum class LengthAction : uint8_t { kIgnore, kTrimPad, kError };
enum class NestedScope : uint8_t { kIgnore, kRows, kRowsAndCollections };

struct ConstraintEnforcerSpec {
  std::string table;
  std::vector<std::string> names;
  std::vector<DataType> types;  // as the sink declares them
  bool drop_nulls = false;      // drop the row instead of failing the job
  NestedScope nested = NestedScope::kIgnore;
  LengthAction length = LengthAction::kIgnore;
  std::vector<int> key;  // of rows deleted by key only these columns are checked
  bool deletes_by_key = false;
  // False where no column has anything to be checked.
  bool Needed() const;
  std::string Serialize() const;
  static Result<ConstraintEnforcerSpec> Parse(std::string_view bytes);
};

class ConstraintEnforcer : public Operator {
 public:
  explicit ConstraintEnforcer(ConstraintEnforcerSpec spec) : spec_(std::move(spec)) {}
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;

 private:
  Status CheckColumn(const Batch& batch, size_t column, std::vector<uint8_t>* keep) const;
  Result<ColumnPtr> FitLengths(const ColumnPtr& column, size_t index) const;
  Status NullError(const std::string& path) const;
  ConstraintEnforcerSpec spec_;
};

}  // namespace penstock
