// Access into VARIANT, whose stored form is JSON text: variant['field'] and variant[position from 1]. What is
// not there, or not of that shape, is NULL.
#include <simdjson.h>

#include "expr/functions/collections.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() &&
         (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

// The text of a value as it stands.
std::optional<std::string> RawText(simdjson::ondemand::value value) {
  simdjson::ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return std::nullopt;
  std::string_view text;
  simdjson::error_code error = simdjson::SUCCESS;
  if (type == simdjson::ondemand::json_type::array) {
    simdjson::ondemand::array array;
    error = value.get_array().get(array);
    if (error == simdjson::SUCCESS) error = array.raw_json().get(text);
  } else if (type == simdjson::ondemand::json_type::object) {
    simdjson::ondemand::object object;
    error = value.get_object().get(object);
    if (error == simdjson::SUCCESS) error = object.raw_json().get(text);
  } else {
    text = value.raw_json_token();
  }
  if (error != simdjson::SUCCESS) return std::nullopt;
  return std::string(Trimmed(text));
}

// One access; `field` decides which of name and index counts.
std::optional<std::string> Access(std::string_view variant, bool field, std::string_view name,
                                  int64_t index) {
  simdjson::ondemand::parser parser;
  simdjson::padded_string json(variant);
  simdjson::ondemand::document document;
  if (parser.iterate(json).get(document) != simdjson::SUCCESS) return std::nullopt;
  simdjson::ondemand::value found;
  if (field) {
    simdjson::ondemand::object object;
    if (document.get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
    if (object.find_field_unordered(name).get(found) != simdjson::SUCCESS) return std::nullopt;
    return RawText(found);
  }
  simdjson::ondemand::array array;
  if (document.get_array().get(array) != simdjson::SUCCESS || index < 1) return std::nullopt;
  if (array.at(static_cast<size_t>(index - 1)).get(found) != simdjson::SUCCESS) return std::nullopt;
  return RawText(found);
}

}  // namespace

Result<Signature> ResolveVariantItem(std::span<const ArgInfo> args) {
  const DataType& key = args[1].type;
  DataType result = DataType::Variant();
  if (key.is_character()) return Signature{{args[0].type, key}, result};
  if (!key.is_integer() || key.is(TypeKind::kBigInt))
    return BadArguments("ITEM", "<variant>, <integer or character string>");
  return Signature{{args[0].type, DataType::Int().WithNullable(key.nullable())}, result};
}

Kernel BindVariantItem(const CallSite& site) {
  using Text = std::optional<std::string>;
  if (site.args[1].is_character()) {
    return RowKernel<Text(std::string_view, std::string_view)>::Make(
        site.result, [](std::string_view v, std::string_view name) { return Access(v, true, name, 0); });
  }
  return RowKernel<Text(std::string_view, int32_t)>::Make(
      site.result, [](std::string_view v, int32_t index) { return Access(v, false, {}, index); });
}

}  // namespace penstock
