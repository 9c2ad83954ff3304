// Making batches once.
#include "connectors/nexmark/batch_store.h"

#include <algorithm>

namespace penstock {

NexmarkBatchStore& NexmarkBatchStore::Get() {
  static auto* store = new NexmarkBatchStore();
  return *store;
}

std::shared_ptr<const NexmarkBatchStore::Batches> NexmarkBatchStore::Load(const std::string& table,
                                                                          const std::string& spec,
                                                                          const NexmarkBatchMaker& maker,
                                                                          const NexmarkSplit& split,
                                                                          const std::string& split_id) {
  std::lock_guard lock(mutex_);  // held while batches are made: nobody makes them twice
  Kept& kept = tables_[table];
  if (kept.spec != spec) kept = {spec, {}};
  std::shared_ptr<const Batches>& found = kept.splits[split_id];
  if (found) return found;
  auto made = std::make_shared<Batches>();
  for (int64_t begin = 0; begin < split.events(); begin += kBatchRows)
    made->push_back(maker.MakeBatch(split, begin, std::min(kBatchRows, split.events() - begin)));
  found = std::move(made);
  return found;
}

}  // namespace penstock
