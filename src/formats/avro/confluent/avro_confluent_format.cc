// Options of the avro-confluent format.
#include "formats/avro/confluent/avro_confluent_format.h"

#include "formats/avro/confluent/avro_confluent_decoder.h"
#include "formats/avro/avro_encoder.h"

namespace penstock {

Result<AvroConfluentOptions> AvroConfluentOptions::Parse(const FormatRequest& request) {
  AvroConfluentOptions options;
  if (request.option("url").empty()) {
    return SqlError(ErrorNumber::kMissingOption, {},
                    "the format needs the option '" + request.prefix + "url', the schema registry's address");
  }
  options.subject = request.option("subject");
  ASSIGN_OR_RETURN(bool legacy, request.BoolOption("timestamp_mapping.legacy", true));
  options.timestamps = legacy ? AvroTimestamps::kLegacy : AvroTimestamps::kCorrect;
  std::string schema = request.option("schema");
  if (schema.empty()) return options;
  Result<AvroSchemaPtr> parsed = AvroSchema::Parse(schema);
  if (!parsed) {
    return SqlError(ErrorNumber::kBadOption, {},
                    "option '" + request.prefix + "schema': " + parsed.error().message());
  }
  options.schema = std::move(*parsed);
  return options;
}

Result<AvroSchemaPtr> AvroConfluentOptions::SchemaOf(const std::vector<Field>& columns) const {
  if (schema) return schema;
  return AvroSchemaOf(columns, timestamps);
}

std::vector<std::string> AvroConfluentOptions::Keys() {
  return {"url",
          "subject",
          "schema",
          "timestamp_mapping.legacy",
          "basic-auth.credentials-source",
          "basic-auth.user-info",
          "bearer-auth.credentials-source",
          "bearer-auth.token",
          "ssl.keystore.location",
          "ssl.keystore.password",
          "ssl.truststore.location",
          "ssl.truststore.password"};
}

Status AvroConfluentFormat::Check(const FormatRequest& request) const {
  ASSIGN_OR_RETURN(AvroConfluentOptions options, AvroConfluentOptions::Parse(request));
  if (!options.schema) return AvroSchemaOf(request.stored, options.timestamps).status();
  // A schema of the user's has to fit the columns.
  AvroProgram program(options.schema, options.schema, request.stored);
  if (program.usable()) return Status::Ok();
  return SqlError(ErrorNumber::kBadOption, {},
                  "option '" + request.prefix + "schema' does not fit the table: " + program.problem());
}

Result<std::unique_ptr<Decoder>> AvroConfluentFormat::NewDecoder(const FormatRequest& request) const {
  ASSIGN_OR_RETURN(AvroConfluentOptions options, AvroConfluentOptions::Parse(request));
  ASSIGN_OR_RETURN(AvroSchemaPtr reader, options.SchemaOf(request.columns));
  if (!request.registry) return Status::Internal("no schema registry for a decoder");
  auto make_reader = [reader, columns = request.columns](AvroSchemaPtr writer) {
    return MakeAvroRecordReader(std::move(writer), reader, columns);
  };
  return std::unique_ptr<Decoder>(new AvroConfluentDecoder(request, make_reader));
}

Result<std::unique_ptr<Encoder>> AvroConfluentFormat::NewEncoder(const FormatRequest& request) const {
  ASSIGN_OR_RETURN(AvroConfluentOptions options, AvroConfluentOptions::Parse(request));
  ASSIGN_OR_RETURN(AvroSchemaPtr schema, options.SchemaOf(request.columns));
  if (!request.registry) return Status::Internal("no schema registry for an encoder");
  if (options.subject.empty()) {
    return SqlError(ErrorNumber::kMissingOption, {},
                    "Option '" + request.prefix + "subject' is required for serialization");
  }
  ASSIGN_OR_RETURN(int32_t id, request.registry->Register(options.subject, schema->ToJson()));
  ASSIGN_OR_RETURN(std::unique_ptr<AvroEncoder> encoder,
                   AvroEncoder::Make(schema, request.columns, AvroMessagePrefix(id)));
  return std::unique_ptr<Encoder>(std::move(encoder));
}

}  // namespace penstock
