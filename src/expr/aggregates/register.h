// One function per file of this folder, each adding its part of the built-in aggregates.
#pragma once

#include "expr/aggregate.h"

namespace penstock {

void RegisterApproximatePercentile(AggregateRegistry* registry);
void RegisterApproximateTopK(AggregateRegistry* registry);
void RegisterBasicAggregates(AggregateRegistry* registry);
void RegisterBitmapAggregates(AggregateRegistry* registry);
void RegisterExtremes(AggregateRegistry* registry);
void RegisterFirstLast(AggregateRegistry* registry);
void RegisterLists(AggregateRegistry* registry);
void RegisterPercentile(AggregateRegistry* registry);
void RegisterSketches(AggregateRegistry* registry);
void RegisterVariance(AggregateRegistry* registry);

// COUNT(a, b, ..): the rows in which no argument is NULL.
std::unique_ptr<AggregateKernel> MakeCountOfRows();
// The exact number of distinct values, over rows that may be taken back.
std::unique_ptr<AggregateKernel> MakeCountOfValues(const DataType& type);

}  // namespace penstock
