// Unnest: joins each row with the elements of a collection it holds: of an ARRAY its elements (fields of a
// ROW become columns), of a MAP its entries, of a MULTISET its elements as often as they occur. An outer
// unnest keeps rows without elements, padded. The kind of a row passes to its results.
#pragma once

#include <optional>

#include "expr/evaluator.h"
#include "stream/operator.h"

namespace penstock {

struct UnnestSpec {
  ExprPtr collection;
  std::vector<DataType> added;  // types of the appended columns
  bool outer = false;
  bool ordinality = false;  // the last appended column numbers the elements from 1
  std::string Serialize() const;
  static Result<UnnestSpec> Parse(std::string_view bytes);
};

class Unnest : public Operator {
 public:
  explicit Unnest(UnnestSpec spec) : spec_(std::move(spec)) {}
  Status Open(OperatorContext* context) override;
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;

 private:
  // For each result row its input row, element (-1: padding) and number.
  struct Picks;
  Picks Pick(const Batch& batch, const Column& collection) const;
  std::vector<ColumnPtr> ElementColumns(const Column& collection) const;

  UnnestSpec spec_;
  std::optional<Evaluator> collection_;
};

}  // namespace penstock
