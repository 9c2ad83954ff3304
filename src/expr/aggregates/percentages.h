// What PERCENTILE and APPROX_PERCENTILE share: the percentages of a call, one number or an ARRAY of them, are
// an argument like any other, so each group keeps the last it was given, in a view of its own.
#pragma once

#include <string>
#include <vector>

#include "expr/aggregate.h"

namespace penstock {

// "Percentage of NAME should be between [0.0, 1.0]" where a number is not.
Status CheckPercentage(const std::string& function, double percentage);

// Keeps the percentages of a row for its group.
Status KeepPercentages(const std::string& function, const Column& column, bool many, int64_t row,
                       std::string_view group, AggregateView* view);
// What was kept, as doubles one after the other; empty when nothing was.
std::vector<double> KeptPercentages(AggregateView* view, std::string_view group);

// The types of (number, percentages) after resolving; fails with `expected` in the message.
Result<Signature> ResolvePercentages(const std::string& function, const std::string& expected,
                                     std::span<const ArgInfo> args);

}  // namespace penstock
