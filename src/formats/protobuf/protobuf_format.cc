// Options of the protobuf format.
#include "formats/protobuf/protobuf_format.h"

#include "formats/protobuf/proto_encoder.h"

namespace penstock {

namespace {

// What the options say, put together for some columns.
struct Plan {
  ProtobufOptions options;
  ProtoSchemaPtr schema;
  ProtoStep root;
};

Status InOption(const FormatRequest& request, const std::string& key, const Status& problem) {
  return SqlError(ErrorNumber::kBadOption, {}, "option '" + request.prefix + key + "': " + problem.message());
}

Result<Plan> MakePlan(const FormatRequest& request, const std::vector<Field>& columns) {
  Plan plan;
  ASSIGN_OR_RETURN(plan.options.read_default_values, request.BoolOption("read-default-values", false));
  ASSIGN_OR_RETURN(plan.options.ignore_parse_errors, request.BoolOption("ignore-parse-errors", false));
  plan.options.null_string = request.option("write-null-string-literal");
  for (const char* key : {"message-class-name", "descriptor-file"}) {
    if (request.option(key).empty())
      return SqlError(ErrorNumber::kMissingOption, {},
                      "the format needs the option '" + request.prefix + key + "'");
  }
  Result<ProtoSchemaPtr> schema = ProtoSchema::Parse(request.file);
  if (!schema) return InOption(request, "descriptor-file", schema.error());
  plan.schema = std::move(*schema);
  Result<int> message = plan.schema->FindMessage(request.option("message-class-name"));
  if (!message) return InOption(request, "message-class-name", message.error());
  Result<ProtoStep> root = PlanProtoMessage(*plan.schema, *message, columns, plan.options);
  if (!root) return SqlError(ErrorNumber::kTypeMismatch, {}, root.error().message());
  plan.root = std::move(*root);
  return plan;
}

}  // namespace

Status ProtobufFormat::Check(const FormatRequest& request) const {
  return MakePlan(request, request.stored).status();
}

Result<std::unique_ptr<Decoder>> ProtobufFormat::NewDecoder(const FormatRequest& request) const {
  ASSIGN_OR_RETURN(Plan plan, MakePlan(request, request.columns));
  return std::unique_ptr<Decoder>(
      new ProtoDecoder(std::move(plan.schema), std::move(plan.root), plan.options, request.on_bad_record));
}

Result<std::unique_ptr<Encoder>> ProtobufFormat::NewEncoder(const FormatRequest& request) const {
  ASSIGN_OR_RETURN(Plan plan, MakePlan(request, request.columns));
  return std::unique_ptr<Encoder>(
      new ProtoEncoder(std::move(plan.schema), std::move(plan.root), std::move(plan.options)));
}

}  // namespace penstock
