// Names of the operators.
#include "operators/register.h"

#include "operators/calc.h"
#include "operators/changelog/changelog_normalize.h"
#include "operators/changelog/constraint_enforcer.h"
#include "operators/rank/deduplicate.h"
#include "operators/changelog/drop_update_before.h"
#include "operators/aggregation/expand.h"
#include "operators/aggregation/group_aggregate.h"
#include "operators/hotkeys/hot_key_salt.h"
#include "operators/hotkeys/hot_key_watch.h"
#include "operators/hotkeys/partial_aggregate.h"
#include "operators/rank/limit.h"
#include "operators/over/over_aggregate.h"
#include "operators/over/over_changes.h"
#include "operators/rank/rank.h"
#include "operators/windows/session_window.h"
#include "operators/changelog/set_operation.h"
#include "operators/changelog/sink_materializer.h"
#include "operators/rank/sort.h"
#include "operators/joins/interval_join.h"
#include "operators/joins/lookup_join.h"
#include "operators/joins/regular_join.h"
#include "operators/joins/temporal_join.h"
#include "operators/union_operator.h"
#include "operators/unnest.h"
#include "operators/values_source.h"
#include "operators/watermark_assigner.h"
#include "operators/windows/window_aggregate.h"
#include "operators/rank/window_rank.h"
#include "operators/joins/window_join.h"
#include "operators/windows/window_tvf.h"

namespace penstock {

namespace {
// A factory for an operator that is made from its parsed spec.
template <typename Op, typename Spec>
void Add(FactoryRegistry* registry, const char* name) {
  registry->AddOperator(name, [](std::string_view bytes) -> Result<std::unique_ptr<Operator>> {
    ASSIGN_OR_RETURN(Spec spec, Spec::Parse(bytes));
    return std::unique_ptr<Operator>(new Op(std::move(spec)));
  });
}
}  // namespace

void RegisterOperators(FactoryRegistry* registry) {
  Add<Calc, CalcSpec>(registry, "calc");
  Add<ChangelogNormalize, ChangelogNormalizeSpec>(registry, "changelog_normalize");
  Add<ConstraintEnforcer, ConstraintEnforcerSpec>(registry, "constraint_enforcer");
  Add<SinkMaterializer, SinkMaterializerSpec>(registry, "sink_materializer");
  Add<Expand, ExpandSpec>(registry, "expand");
  Add<SetOperation, SetOperationSpec>(registry, "set_operation");
  Add<GroupAggregate, GroupAggregateSpec>(registry, "group_aggregate");
  Add<HotKeySalt, HotKeySaltSpec>(registry, "hot_key_salt");
  Add<HotKeyWatch, HotKeyWatchSpec>(registry, "hot_key_watch");
  Add<PartialAggregate, PartialAggregateSpec>(registry, "partial_aggregate");
  Add<IntervalJoin, IntervalJoinSpec>(registry, "interval_join");
  Add<RegularJoin, RegularJoinSpec>(registry, "regular_join");
  registry->AddOperator("lookup_join",
                        [registry](std::string_view bytes) -> Result<std::unique_ptr<Operator>> {
                          ASSIGN_OR_RETURN(LookupJoinSpec spec, LookupJoinSpec::Parse(bytes));
                          return std::unique_ptr<Operator>(new LookupJoin(std::move(spec), registry));
                        });
  Add<TemporalJoin, TemporalJoinSpec>(registry, "temporal_join");
  Add<Unnest, UnnestSpec>(registry, "unnest");
  Add<WatermarkAssigner, WatermarkAssignerSpec>(registry, "watermark_assigner");
  Add<WindowAggregate, WindowAggregateSpec>(registry, "window_aggregate");
  Add<WindowJoin, WindowJoinSpec>(registry, "window_join");
  Add<WindowTvf, WindowTvfSpec>(registry, "window_tvf");
  Add<Rank, RankSpec>(registry, "rank");
  Add<OverAggregate, OverAggregateSpec>(registry, "over_aggregate");
  Add<OverChanges, OverChangesSpec>(registry, "over_changes");
  Add<Deduplicate, DeduplicateSpec>(registry, "deduplicate");
  Add<WindowRank, WindowRankSpec>(registry, "window_rank");
  Add<Limit, LimitSpec>(registry, "limit");
  Add<Sort, SortSpec>(registry, "sort");
  Add<SessionWindow, SessionWindowSpec>(registry, "session_window");
  registry->AddOperator("drop_update_before", [](std::string_view) -> Result<std::unique_ptr<Operator>> {
    return std::unique_ptr<Operator>(new DropUpdateBefore());
  });
  registry->AddOperator("union", [](std::string_view) -> Result<std::unique_ptr<Operator>> {
    return std::unique_ptr<Operator>(new UnionOperator());
  });
  RegisterBatchOperators(registry);
  registry->AddSource("values_source", MakeValuesSource);
}

}  // namespace penstock
