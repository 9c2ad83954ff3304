// What is checked of a kafka or upsert-kafka table when a statement that uses it is planned.
#pragma once

#include "connectors/kafka/kafka_row_layout.h"
#include "table/table.h"

namespace penstock {

// Its options, columns and formats; returns the layout of its rows and fills in `options`. Errors name the
// option.
Result<KafkaRowLayout> CheckKafkaTable(const Table& table, KafkaUse use, KafkaOptions* options);

}  // namespace penstock
