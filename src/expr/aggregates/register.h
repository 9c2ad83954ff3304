// One function per file of this folder, each adding its part of the built-in aggregates.
#pragma once

#include "expr/aggregate.h"

namespace penstock {

void RegisterBasicAggregates(AggregateRegistry* registry);
void RegisterBitmapAggregates(AggregateRegistry* registry);
void RegisterCounts(AggregateRegistry* registry);
void RegisterExtremes(AggregateRegistry* registry);
void RegisterFirstLast(AggregateRegistry* registry);
void RegisterLists(AggregateRegistry* registry);
void RegisterPercentile(AggregateRegistry* registry);
void RegisterVariance(AggregateRegistry* registry);

// COUNT(a, b, ..): the rows in which no argument is NULL.
std::unique_ptr<AggregateKernel> MakeCountOfRows();

}  // namespace penstock
