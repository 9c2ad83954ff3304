// FieldGenerator: values of one column of a datagen table. The value of row n depends only on the seed, the
// column and n (times of the past also on the clock), so that a restored source goes on exactly.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "base/status.h"
#include "data/column_builder.h"
#include "data/data_type.h"
#include "env/random.h"
#include "table/table.h"

namespace penstock {

class FieldGenerator {
 public:
  // Reads "fields.NAME.*" of the options; `path` is the name, for nested types "name.element" and the like.
  static Result<FieldGenerator> Make(const Options& options, const std::string& path, const DataType& type);

  void Append(uint64_t row, uint64_t seed, int64_t now_micros, ColumnBuilder* to) const;
  // Rows until a sequence in it is used up.
  int64_t rows() const { return rows_; }

 private:
  static constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();
  Status ParseSequence(const Options& options, const std::string& prefix);
  Status ParseRange(const Options& options, const std::string& prefix);
  Status ParseLengths(const Options& options, const std::string& prefix);
  Status ParseChildren(const Options& options, const std::string& path);
  void AppendRandom(uint64_t row, Random& random, int64_t now_micros, ColumnBuilder* to) const;
  void AppendSequence(uint64_t row, ColumnBuilder* to) const;
  void AppendNested(uint64_t row, Random& random, int64_t now_micros, ColumnBuilder* to) const;
  void AppendText(Random& random, ColumnBuilder* to) const;
  int64_t RandomLength(Random& random) const;

  DataType type_;
  uint64_t salt_ = 0;  // of the column's name
  bool sequence_ = false;
  int64_t start_ = 0;
  int64_t rows_ = kEndless;
  int64_t min_ = 0, max_ = 0;  // integers and unscaled decimals up to 18 digits
  double min_double_ = 0, max_double_ = 0;
  int64_t max_past_ms_ = 0;
  int64_t length_ = 100;
  bool var_len_ = false;
  double null_rate_ = 0;
  std::vector<FieldGenerator> children_;
};

}  // namespace penstock
