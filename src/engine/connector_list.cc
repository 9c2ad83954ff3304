// The connectors.
#include "engine/connector_list.h"

#include "connectors/clickstream/clickstream_connector.h"
#include "connectors/kafka/kafka_connector.h"
#include "connectors/blackhole/blackhole_connector.h"
#include "connectors/datagen/datagen_connector.h"
#include "connectors/filesystem/filesystem_connector.h"
#include "connectors/nexmark/nexmark_connector.h"
#include "connectors/print/print_connector.h"
#include "connectors/values/values_connector.h"

namespace penstock {

void RegisterConnectors(ConnectorCatalog* connectors, FactoryRegistry* registry) {
  connectors->Add(std::make_unique<ClickstreamConnector>());
  ClickstreamConnector::Register(registry);
  connectors->Add(std::make_unique<KafkaConnector>());
  connectors->Add(std::make_unique<UpsertKafkaConnector>());
  KafkaConnector::Register(registry);
  connectors->Add(std::make_unique<ValuesConnector>());
  ValuesConnector::Register(registry);
  connectors->Add(std::make_unique<FilesystemConnector>());
  FilesystemConnector::Register(registry);
  connectors->Add(std::make_unique<NexmarkConnector>());
  NexmarkConnector::Register(registry);
  connectors->Add(std::make_unique<DatagenConnector>());
  DatagenConnector::Register(registry);
  connectors->Add(std::make_unique<PrintConnector>());
  PrintConnector::Register(registry);
  connectors->Add(std::make_unique<BlackholeConnector>());
  BlackholeConnector::Register(registry);
}

}  // namespace penstock
