// Taking JSON apart.
#include "formats/json/changes/json_parts.h"

#include <simdjson.h>

#include "formats/decoder.h"

namespace penstock {

namespace {

namespace od = simdjson::ondemand;

std::string_view TextOf(std::string_view json) {
  while (!json.empty() && static_cast<unsigned char>(json.back()) <= ' ') json.remove_suffix(1);
  return json == "null" ? std::string_view() : json;
}

simdjson::error_code ReadFields(od::document& document, std::vector<JsonPart>* parts) {
  od::object object;
  if (auto error = document.get_object().get(object)) return error;
  for (auto entry : object) {
    od::field field;
    std::string_view key, text;
    if (auto error = std::move(entry).get(field)) return error;
    if (auto error = field.unescaped_key().get(key)) return error;
    std::string name(key);
    if (auto error = simdjson::to_json_string(field.value()).get(text)) return error;
    parts->push_back({std::move(name), TextOf(text)});
  }
  return simdjson::SUCCESS;
}

simdjson::error_code ReadElements(od::document& document, std::vector<JsonPart>* parts) {
  od::array array;
  if (auto error = document.get_array().get(array)) return error;
  for (auto entry : array) {
    od::value value;
    std::string_view text;
    if (auto error = std::move(entry).get(value)) return error;
    if (auto error = simdjson::to_json_string(value).get(text)) return error;
    parts->push_back({"", TextOf(text)});
  }
  return simdjson::SUCCESS;
}

}  // namespace

struct JsonParts::Rep {
  od::parser parser;

  template <typename Read>
  simdjson::error_code Walk(std::string_view json, const Read& read) {
    od::document document;
    if (auto error = parser.iterate(json, json.size() + kDecodePadding).get(document)) return error;
    if (auto error = read(document)) return error;
    const char* rest = nullptr;
    bool ended = document.current_location().get(rest) == simdjson::OUT_OF_BOUNDS;
    return ended ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
  }
};

JsonParts::JsonParts() : rep_(new Rep()) {}
JsonParts::~JsonParts() = default;

bool JsonParts::Fields(std::string_view json, std::vector<JsonPart>* parts) {
  parts->clear();
  auto error = rep_->Walk(json, [&](od::document& document) { return ReadFields(document, parts); });
  if (error == simdjson::SUCCESS) return true;
  problem_ = error == simdjson::INCORRECT_TYPE
                 ? "no JSON object"
                 : std::string("malformed JSON: ") + simdjson::error_message(error);
  return false;
}

bool JsonParts::Elements(std::string_view json, std::vector<JsonPart>* parts) {
  parts->clear();
  auto error = rep_->Walk(json, [&](od::document& document) { return ReadElements(document, parts); });
  if (error == simdjson::SUCCESS) return true;
  problem_ = error == simdjson::INCORRECT_TYPE
                 ? "no JSON array"
                 : std::string("malformed JSON: ") + simdjson::error_message(error);
  return false;
}

bool JsonParts::Unquoted(std::string_view json, std::string_view* text) {
  *text = json;
  if (json.empty() || json[0] != '"') return true;
  od::document document;
  bool read = rep_->parser.iterate(json, json.size() + kDecodePadding).get(document) == simdjson::SUCCESS &&
              document.get_string().get(*text) == simdjson::SUCCESS;
  if (!read) problem_ = "malformed JSON: a string";
  return read;
}

}  // namespace penstock
