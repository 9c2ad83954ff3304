// Expand: repeats each row once per grouping set: the keys that do not belong to the set become NULL, the
// set's id is appended. Step before the aggregation of GROUPING SETS, CUBE and ROLLUP. Stateless.
#pragma once

#include <vector>

#include "data/column.h"
#include "stream/operator.h"

namespace penstock {

struct ExpandSpec {
  std::vector<int> keys;  // columns of the input
  std::vector<DataType> key_types;
  std::vector<std::vector<bool>> sets;  // sets[s][k]: key k belongs to set s
  std::vector<int64_t> ids;             // of the sets
  std::string Serialize() const;
  static Result<ExpandSpec> Parse(std::string_view bytes);
};

class Expand : public Operator {
 public:
  explicit Expand(ExpandSpec spec) : spec_(std::move(spec)) {}
  // Emits the input's columns, the keys of the set, and the id.
  Result<Progress> Process(int input, const Batch& batch, Output& out) override;

 private:
  ExpandSpec spec_;
};

}  // namespace penstock
