// The registry's JSON, over simdjson's DOM.
#include "formats/avro/confluent/registry_messages.h"

#include <simdjson.h>

#include "base/strings.h"

namespace penstock {

namespace {

namespace dom = simdjson::dom;

bool Open(dom::parser& parser, std::string_view body, dom::object* object) {
  dom::element root;
  return parser.parse(body.data(), body.size()).get(root) == simdjson::SUCCESS &&
         root.get_object().get(*object) == simdjson::SUCCESS;
}

Status NoAnswer(std::string_view body) {
  return Status::InvalidData("the registry's answer is not understood: " + QuoteJson(body.substr(0, 200)));
}

}  // namespace

std::string RegistrationBody(std::string_view schema) { return "{\"schema\":" + QuoteJson(schema) + "}"; }

Result<std::string> SchemaOfAnswer(std::string_view body) {
  dom::parser parser;
  dom::object object;
  std::string_view schema, kind;
  if (!Open(parser, body, &object) || object["schema"].get_string().get(schema) != simdjson::SUCCESS)
    return NoAnswer(body);
  if (object["schemaType"].get_string().get(kind) == simdjson::SUCCESS && kind != "AVRO")
    return Status::InvalidData("it is a schema of the kind " + std::string(kind) + ", not AVRO");
  return std::string(schema);
}

Result<int32_t> IdOfAnswer(std::string_view body) {
  dom::parser parser;
  dom::object object;
  int64_t id = 0;
  if (!Open(parser, body, &object) || object["id"].get_int64().get(id) != simdjson::SUCCESS ||
      id != static_cast<int32_t>(id)) {
    return NoAnswer(body);
  }
  return static_cast<int32_t>(id);
}

std::string RefusalOfAnswer(std::string_view body) {
  dom::parser parser;
  dom::object object;
  std::string_view message;
  int64_t code = 0;
  if (!Open(parser, body, &object) || object["message"].get_string().get(message) != simdjson::SUCCESS)
    return std::string(body.substr(0, 200));
  std::string text(message.substr(0, 1000));
  if (object["error_code"].get_int64().get(code) == simdjson::SUCCESS)
    text += " (error " + std::to_string(code) + ")";
  return text;
}

}  // namespace penstock
