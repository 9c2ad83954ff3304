// ArrivalKernel: the base of aggregates that keep the values of a group in the order of their arrival. View 0
// maps an arrival number to a value; with retractions view 1 maps a value to its arrival numbers, so that the
// oldest of equal values is taken back. Inline state: the next arrival number.
#pragma once

#include <string>

#include "data/row_codec.h"
#include "expr/aggregates/view_kernel.h"

namespace penstock {

class ArrivalKernel : public ViewKernel {
 public:
  // The first argument is the value; NULLs are kept only where `keeps_nulls`.
  ArrivalKernel(const AggregateSite& site, bool keeps_nulls)
      : ViewKernel(sizeof(int64_t), site.retracts ? 2 : 1),
        codec_({site.args[0]}),
        type_(site.args[0]),
        retracts_(site.retracts),
        keeps_nulls_(keeps_nulls) {}

  Status Apply(const AggregateInput& in, int64_t row, uint8_t* state) override;
  bool keeps_nulls() const override { return keeps_nulls_; }

 protected:
  // All values of a group, in order.
  ColumnPtr Values(std::string_view group) const;
  // Appends the first or last value of a group, NULL when there is none.
  void WriteFirst(std::string_view group, ColumnBuilder* out) const;
  void WriteLast(std::string_view group, ColumnBuilder* out) const;
  const DataType& type() const { return type_; }

 private:
  void Remove(std::string_view group);
  void WriteAt(std::string_view group, const std::optional<std::string>& number, ColumnBuilder* out) const;

  RowCodec codec_;
  DataType type_;
  bool retracts_;
  bool keeps_nulls_;
  std::string scratch_;
};

}  // namespace penstock
