// The one place where connectors are named: adds all of them to a session's catalog and registry.
#pragma once

#include "stream/registry.h"
#include "table/connector_descriptor.h"

namespace penstock {

void RegisterConnectors(ConnectorCatalog* connectors, FactoryRegistry* registry);

}  // namespace penstock
