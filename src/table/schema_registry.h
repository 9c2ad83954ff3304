// SchemaRegistry: the port to a registry of record schemas: by the number that stands before a record, and by
// the subject that a writer registers its schema under. The real one speaks Confluent's REST API
// (connectors/registry); tests bring their own. Used by one thread; calls may wait for the network.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace penstock {

class SchemaRegistry {
 public:
  virtual ~SchemaRegistry() = default;
  // The text of the schema with that id, which never changes. kNotFound: there is none; kInvalidData: it is
  // no Avro schema; retryable errors: no answer, after some tries.
  virtual Result<std::string> Fetch(int32_t id) = 0;
  // The id of a schema under a subject; registers it where it is new. kInvalidArgument: the registry refuses
  // it, such as for not being compatible with the subject's others.
  virtual Result<int32_t> Register(const std::string& subject, const std::string& schema) = 0;
};

}  // namespace penstock
