// ConnectorDescriptor: what a plan must know of a connector before any of its code runs: which options it
// takes, what a table over it can do as a source and as a sink, and its metadata columns. Registered by
// `engine`, read by `sql`. The executing half (Source, Sink) is made later from the table's options by the
// same name, see stream/registry.h.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "table/changelog_mode.h"
#include "table/table.h"

namespace penstock {

// A metadata column that a connector or its format offers.
struct MetadataColumn {
  std::string key;
  DataType type;
  bool writable = false;
};

// How watermarks of a source are made.
enum class WatermarkEmission : uint8_t {
  kPeriodic,  // as Flink's WatermarkAssigner: after 200 ms of event time or of wall time
  kPerSplit,  // inside the source, one generator per split (Kafka)
  kOnEvent,   // after every row
};

struct SourceAbilities {
  ChangelogMode changelog = ChangelogMode::InsertOnly();
  bool bounded = true;
  bool deletes_by_key = false;     // -D rows carry only the primary key
  bool lookup = false;             // usable as the right side of FOR SYSTEM_TIME AS OF a processing time
  bool nested_projection = false;  // reads ROW columns whose types lack some of the declared fields
  bool lock_step = false;          // read in turn with the other sources of the job, a row at a time
  WatermarkEmission emission = WatermarkEmission::kPeriodic;
  std::vector<MetadataColumn> metadata;
};

struct SinkAbilities {
  // The kinds it takes when the query produces `requested`.
  ChangelogMode accepts = ChangelogMode::All();
  bool deletes_by_key = false;
  // Whether -U rows are wanted; upsert sinks with a primary key do without.
  bool wants_update_before = true;
  std::vector<MetadataColumn> metadata;
  std::string guarantee = "at-least-once";  // what EXPLAIN prints
};

class ConnectorDescriptor {
 public:
  virtual ~ConnectorDescriptor() = default;
  // The value of the 'connector' option.
  virtual std::string name() const = 0;
  // Checks options and schema; an error names the option. kUnsupported where it cannot be a source (sink) at
  // all.
  virtual Result<SourceAbilities> DescribeSource(const Table& table) const = 0;
  virtual Result<SinkAbilities> DescribeSink(const Table& table, ChangelogMode requested) const = 0;
};

class ConnectorCatalog {
 public:
  void Add(std::unique_ptr<ConnectorDescriptor> descriptor);
  // The descriptor of the table's 'connector' option, or a numbered error with the known names.
  Result<const ConnectorDescriptor*> Find(const Table& table) const;
  std::vector<std::string> Names() const;

 private:
  std::map<std::string, std::unique_ptr<ConnectorDescriptor>> descriptors_;
};

// Fails with a hint when an option is none of `known` (a known name that ends in '*' stands for any ending).
Status CheckOptions(const Table& table, const std::vector<std::string>& known);

}  // namespace penstock
