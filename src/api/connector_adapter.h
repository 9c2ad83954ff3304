// Sources and sinks of an application as the engine sees connectors: a descriptor for the planner and
// factories for the runtime. One per name and session; jobs share its factories.
#pragma once

#include <memory>
#include <string>

#include "penstock/connector.h"
#include "stream/registry.h"
#include "table/connector_descriptor.h"

namespace penstock::v1 {

// What was registered under a name.
struct Registration {
  std::string name;
  SourceTraits traits;
  SourceFactory source;  // null: only a sink
  SinkFactory sink;      // null: only a source
  int64_t poll_ms = 20;  // how long after kIdle a source is asked again at the latest; INT64_MAX: never
};

// Adds the connector to a session; `registration` may get its other half later.
void AddConnector(std::shared_ptr<Registration> registration, ConnectorCatalog* connectors,
                  FactoryRegistry* registry);

}  // namespace penstock::v1
