// The JSON bodies of the schema registry's REST API (Confluent's, version 1 of the media type): what is asked
// and what is answered. The requests themselves are made by connectors/registry.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace penstock {

// The body that registers an Avro schema.
std::string RegistrationBody(std::string_view schema);
// The schema of an answer about an id; kInvalidData when it is of another kind than Avro.
Result<std::string> SchemaOfAnswer(std::string_view body);
// The id of an answer to a registration.
Result<int32_t> IdOfAnswer(std::string_view body);
// "message (error 40403)" of an answer that refuses, or its beginning as it stands.
std::string RefusalOfAnswer(std::string_view body);

}  // namespace penstock
