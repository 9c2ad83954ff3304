// The executing half of the connector: its splits, and the reader that makes or replays their events.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/nexmark/batch_store.h"
#include "stream/source.h"
#include "stream/table_spec.h"

namespace penstock {

// Reads the options; the names are in docs/reference/connectors/nexmark.md.
Result<NexmarkOptions> ParseNexmarkOptions(const std::map<std::string, std::string>& options);
const std::vector<std::string>& NexmarkOptionNames();

class NexmarkSource : public Source {
 public:
  NexmarkSource(TableSpec spec, NexmarkOptions options, NexmarkBatchMaker maker)
      : spec_(std::move(spec)), options_(options), maker_(std::move(maker)) {}
  static Result<std::unique_ptr<Source>> Make(std::string_view spec);

  // One split for each subtask. With `preload` their events are made here, before the job runs.
  Result<std::unique_ptr<SplitEnumerator>> MakeEnumerator(const SourceContext& context) override;
  Result<std::unique_ptr<SplitReader>> MakeReader(const SourceContext& context) override;

 private:
  TableSpec spec_;
  NexmarkOptions options_;
  NexmarkBatchMaker maker_;
};

}  // namespace penstock
