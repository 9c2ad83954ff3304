// The only place that uses simdjson's first stage directly.
#include "formats/json/json_structure.h"

#include <simdjson.h>

#include <algorithm>

namespace penstock {

struct JsonStructure::Rep {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  size_t capacity = 0;
};

JsonStructure::JsonStructure() : rep_(new Rep()) {}
JsonStructure::~JsonStructure() = default;

bool JsonStructure::Scan(std::string_view text) {
  count_ = 0;
  if (rep_->capacity < text.size() || !rep_->parser) {
    rep_->capacity = std::max<size_t>(text.size() + text.size() / 2, size_t{1} << 16);
    const simdjson::implementation& kernels = *simdjson::get_active_implementation();
    if (kernels.create_dom_parser_implementation(rep_->capacity, 1, rep_->parser) != simdjson::SUCCESS) {
      rep_->capacity = 0;
      return false;
    }
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  if (rep_->parser->stage1(bytes, text.size(), simdjson::stage1_mode::regular) != simdjson::SUCCESS)
    return false;
  tokens_ = rep_->parser->structural_indexes.get();
  count_ = rep_->parser->n_structural_indexes;
  return true;
}

}  // namespace penstock
