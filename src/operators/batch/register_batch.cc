// Names of the operators of batch mode.
#include "operators/batch/batch_aggregate.h"
#include "operators/batch/batch_fold.h"
#include "operators/batch/batch_join.h"
#include "operators/batch/batch_over.h"
#include "operators/batch/batch_session.h"
#include "operators/batch/batch_set_operation.h"
#include "operators/batch/batch_sort.h"
#include "operators/batch/batch_temporal_join.h"
#include "operators/batch/sorted_aggregate.h"
#include "operators/register.h"

namespace penstock {

namespace {

template <typename Op, typename Spec>
void Add(FactoryRegistry* registry, const char* name) {
  registry->AddOperator(name, [](std::string_view bytes) -> Result<std::unique_ptr<Operator>> {
    ASSIGN_OR_RETURN(Spec spec, Spec::Parse(bytes));
    return std::unique_ptr<Operator>(new Op(std::move(spec)));
  });
}

}  // namespace

void RegisterBatchOperators(FactoryRegistry* registry) {
  Add<BatchAggregate, BatchAggregateSpec>(registry, "batch_aggregate");
  Add<BatchFold, BatchFoldSpec>(registry, "batch_fold");
  Add<BatchJoin, BatchJoinSpec>(registry, "batch_join");
  Add<BatchOver, BatchOverSpec>(registry, "batch_over");
  Add<BatchSession, SessionWindowSpec>(registry, "batch_session");
  Add<BatchSetOperation, BatchSetOperationSpec>(registry, "batch_set_operation");
  Add<BatchTemporalJoin, TemporalJoinSpec>(registry, "batch_temporal_join");
  Add<BatchSort, BatchSortSpec>(registry, "batch_sort");
  Add<SortedAggregate, BatchAggregateSpec>(registry, "batch_sorted_aggregate");
}

}  // namespace penstock
