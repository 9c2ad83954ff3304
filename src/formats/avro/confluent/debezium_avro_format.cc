// Options of the debezium-avro-confluent format.
#include "formats/avro/confluent/debezium_avro_format.h"

#include "formats/avro/confluent/debezium_avro.h"

namespace penstock {

namespace {

// The schema of the whole envelope around columns.
Result<AvroSchemaPtr> EnvelopeOf(const FormatRequest& request, const std::vector<Field>& columns) {
  ASSIGN_OR_RETURN(AvroConfluentOptions options, AvroConfluentOptions::Parse(request));
  if (options.schema) {
    return SqlError(ErrorNumber::kUnsupported, {},
                    "option '" + request.prefix + "schema' is not supported for Debezium's records",
                    "leave it out: the schema is that of the columns");
  }
  return AvroSchemaOf(DebeziumEnvelope(columns), options.timestamps);
}

}  // namespace

Status DebeziumAvroFormat::Check(const FormatRequest& request) const {
  return EnvelopeOf(request, request.stored).status();
}

Result<std::unique_ptr<Decoder>> DebeziumAvroFormat::NewDecoder(const FormatRequest& request) const {
  RETURN_IF_ERROR(Check(request));
  ASSIGN_OR_RETURN(AvroConfluentOptions options, AvroConfluentOptions::Parse(request));
  ASSIGN_OR_RETURN(AvroSchemaPtr reader, AvroSchemaOf(request.columns, options.timestamps));
  if (!request.registry) return Status::Internal("no schema registry for a decoder");
  auto make_reader = [reader, columns = request.columns](AvroSchemaPtr writer) {
    return DebeziumAvroReader::Make(std::move(writer), reader, columns);
  };
  return std::unique_ptr<Decoder>(new AvroConfluentDecoder(request, make_reader, true));
}

Result<std::unique_ptr<Encoder>> DebeziumAvroFormat::NewEncoder(const FormatRequest& request) const {
  ASSIGN_OR_RETURN(AvroSchemaPtr envelope, EnvelopeOf(request, request.columns));
  ASSIGN_OR_RETURN(AvroConfluentOptions options, AvroConfluentOptions::Parse(request));
  if (!request.registry) return Status::Internal("no schema registry for an encoder");
  if (options.subject.empty()) {
    return SqlError(ErrorNumber::kMissingOption, {},
                    "Option '" + request.prefix + "subject' is required for serialization");
  }
  ASSIGN_OR_RETURN(int32_t id, request.registry->Register(options.subject, envelope->ToJson()));
  return DebeziumAvroEncoder::Make(request.columns, options.timestamps, AvroMessagePrefix(id));
}

}  // namespace penstock
