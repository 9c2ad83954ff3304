// The decoder over simdjson On-Demand. A wrong value of a well-formed record spoils its field; text that is
// no JSON spoils the record.
#include "formats/json/json_decoder.h"

#include <simdjson.h>

#include <algorithm>
#include <unordered_map>

namespace penstock {

static_assert(simdjson::SIMDJSON_PADDING <= kDecodePadding);

namespace {

namespace od = simdjson::ondemand;

enum class Outcome : uint8_t {
  kOk,
  kBadField,  // the value does not fit its type; the rest of the record can be read
  kBroken,    // the text is no JSON
};

// As JSON's grammar has it.
bool IsJsonNumber(std::string_view text) {
  size_t i = !text.empty() && text.front() == '-' ? 1 : 0;
  auto digits = [&] {
    size_t from = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i > from;
  };
  size_t whole = i;
  if (!digits() || (text[whole] == '0' && i > whole + 1)) return false;
  if (i < text.size() && text[i] == '.' && (++i, !digits())) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

// One type of the schema with what decoding it needs. A tree, so that a node is never re-entered.
struct Node {
  explicit Node(DataType t) : type(std::move(t)) {
    switch (type.kind()) {
      case TypeKind::kArray: children.emplace_back(type.element()); break;
      case TypeKind::kMap: children.emplace_back(type.map_value()); break;
      case TypeKind::kMultiset: children.emplace_back(DataType::Int()); break;
      case TypeKind::kRow: AddFields(type.fields()); break;
      default: break;
    }
  }
  explicit Node(const std::vector<Field>& columns) { AddFields(columns); }

  void AddFields(const std::vector<Field>& fields) {
    for (const Field& field : fields) {
      index.emplace(field.name, static_cast<int>(children.size()));
      children.emplace_back(field.type);
      names.push_back(field.name);
    }
    seen.assign(children.size(), 0);
  }

  DataType type;
  std::vector<Node> children;
  // Of objects with named fields.
  std::vector<std::string> names;
  std::unordered_map<std::string, int> index;
  struct Expected {
    std::string name;
    int child = -1;  // -1: not wanted
  };
  std::vector<Expected> order;  // the keys of the record before
  std::vector<uint64_t> seen;   // round in which a child got its value
  uint64_t round = 0;
};

}  // namespace

struct JsonDecoder::Rep {
  Rep(const std::vector<Field>& columns, JsonOptions given) : options(std::move(given)), root(columns) {}

  // What failed; turned into text only when it is reported.
  Outcome Broken(simdjson::error_code error) {
    problem = std::string("malformed JSON: ") + simdjson::error_message(error);
    return Outcome::kBroken;
  }
  Outcome BadField(const Node& node, std::string_view text) {
    problem = "cannot read " + std::string(text.substr(0, 100)) + " as " + node.type.ToString();
    return Outcome::kBadField;
  }

  Outcome DecodeScalar(od::value& value, Node& node, ColumnBuilder* to);
  Outcome DecodeOther(od::value& value, Node& node, ColumnBuilder* to);
  Outcome DecodeText(od::value& value, Node& node, ColumnBuilder* to);
  Outcome AppendRawText(od::value& value, ColumnBuilder* to);
  Outcome DecodeArray(od::value& value, Node& node, ColumnBuilder* to);
  Outcome DecodeMap(od::value& value, Node& node, ColumnBuilder* to);
  Outcome DecodeValue(od::value& value, Node& node, ColumnBuilder* to);
  template <typename BuilderAt>
  Outcome DecodeObject(od::object& object, Node& node, const BuilderAt& builder_at);
  int FindChild(od::field& field, Node& node, size_t position);
  Outcome DecodeRow(od::object& object, DecodedRows* out);
  Outcome DecodeDocument(od::document& document, DecodedRows* out);

  JsonOptions options;
  Node root;
  od::parser parser;
  std::string problem;
  std::string scratch;
};

// Numbers that are not integers as they stand, and values of another kind than the type's.
Outcome JsonDecoder::Rep::DecodeOther(od::value& value, Node& node, ColumnBuilder* to) {
  std::string_view token = value.raw_json_token();
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.remove_suffix(1);
  switch (token.empty() ? '\0' : token.front()) {
    case '"': return DecodeText(value, node, to);
    case 'n': {
      bool null = false;
      if (auto error = value.is_null().get(null); error || !null) return Broken(simdjson::N_ATOM_ERROR);
      to->AppendNull();
      return Outcome::kOk;
    }
    case 't':
    case 'f': {
      bool flag = false;
      if (auto error = value.get_bool().get(flag)) return Broken(error);
      token = flag ? "true" : "false";
      break;
    }
    case '{':
    case '[':
      if (node.type.is_character() || node.type.is(TypeKind::kVariant)) return AppendRawText(value, to);
      return BadField(node, token);
    default:
      if (!IsJsonNumber(token)) return Broken(simdjson::NUMBER_ERROR);
  }
  if (node.type.is_datetime() || node.type.is_binary()) return BadField(node, token);
  return AppendFromText(token, node.type, options.timestamps, to) ? Outcome::kOk : BadField(node, token);
}

Outcome JsonDecoder::Rep::DecodeText(od::value& value, Node& node, ColumnBuilder* to) {
  std::string_view text;
  if (node.type.is(TypeKind::kVariant)) return AppendRawText(value, to);
  if (auto error = value.get_string().get(text)) return Broken(error);
  return AppendFromText(text, node.type, options.timestamps, to)
             ? Outcome::kOk
             : BadField(node, '"' + std::string(text) + '"');
}

// A nested value as its text, without blanks.
Outcome JsonDecoder::Rep::AppendRawText(od::value& value, ColumnBuilder* to) {
  std::string_view raw;
  simdjson::error_code error = simdjson::SUCCESS;
  od::json_type type{};
  if ((error = value.type().get(type))) return Broken(error);
  if (type == od::json_type::object) {
    od::object object;
    if ((error = value.get_object().get(object)) || (error = object.raw_json().get(raw)))
      return Broken(error);
  } else if (type == od::json_type::array) {
    od::array array;
    if ((error = value.get_array().get(array)) || (error = array.raw_json().get(raw))) return Broken(error);
  } else {
    raw = value.raw_json_token();
  }
  scratch.resize(raw.size() + simdjson::SIMDJSON_PADDING);
  size_t size = 0;
  if ((error = simdjson::minify(raw.data(), raw.size(), scratch.data(), size))) return Broken(error);
  to->AppendString({scratch.data(), size});
  return Outcome::kOk;
}

Outcome JsonDecoder::Rep::DecodeScalar(od::value& value, Node& node, ColumnBuilder* to) {
  switch (node.type.kind()) {
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInt:
    case TypeKind::kBigInt: {
      int64_t number = 0;
      if (value.get_int64().get(number) != simdjson::SUCCESS) break;
      return AppendInteger(number, to) ? Outcome::kOk : BadField(node, std::to_string(number));
    }
    case TypeKind::kDouble: {
      double number = 0;
      if (value.get_double().get(number) != simdjson::SUCCESS) break;
      to->Append(number);
      return Outcome::kOk;
    }
    case TypeKind::kChar:
    case TypeKind::kVarChar: {
      std::string_view text;
      simdjson::error_code error = value.get_string().get(text);
      if (error == simdjson::INCORRECT_TYPE) break;
      if (error) return Broken(error);
      to->AppendString(text);
      return Outcome::kOk;
    }
    case TypeKind::kBoolean: {
      bool flag = false;
      if (value.get_bool().get(flag) != simdjson::SUCCESS) break;
      to->Append<uint8_t>(flag ? 1 : 0);
      return Outcome::kOk;
    }
    default: break;
  }
  return DecodeOther(value, node, to);
}

Outcome JsonDecoder::Rep::DecodeArray(od::value& value, Node& node, ColumnBuilder* to) {
  od::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return BadField(node, value.raw_json_token());
  for (auto element : array) {
    od::value item;
    if (auto error = std::move(element).get(item)) return Broken(error);
    Outcome outcome = DecodeValue(item, node.children[0], &to->child(0));
    if (outcome != Outcome::kOk) return outcome;
  }
  to->CloseList();
  return Outcome::kOk;
}

Outcome JsonDecoder::Rep::DecodeMap(od::value& value, Node& node, ColumnBuilder* to) {
  od::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return BadField(node, value.raw_json_token());
  for (auto entry : object) {
    od::field field;
    if (auto error = std::move(entry).get(field)) return Broken(error);
    std::string_view key;
    if (auto error = field.unescaped_key().get(key)) return Broken(error);
    to->child(0).AppendString(key);
    Outcome outcome = DecodeValue(field.value(), node.children[0], &to->child(1));
    if (outcome != Outcome::kOk) return outcome;
  }
  to->CloseList();
  return Outcome::kOk;
}

// On anything but kOk nothing is left in the builder, or NULL where bad fields are to be that.
Outcome JsonDecoder::Rep::DecodeValue(od::value& value, Node& node, ColumnBuilder* to) {
  int64_t length = to->length();
  Outcome outcome = Outcome::kOk;
  switch (node.type.kind()) {
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kMultiset:
    case TypeKind::kRow: {
      bool null = false;
      if (auto error = value.is_null().get(null)) return Broken(error);
      if (null) {
        to->AppendNull();
        return Outcome::kOk;
      }
      if (node.type.is(TypeKind::kArray)) {
        outcome = DecodeArray(value, node, to);
      } else if (!node.type.is(TypeKind::kRow)) {
        outcome = DecodeMap(value, node, to);
      } else {
        od::object object;
        if (value.get_object().get(object) != simdjson::SUCCESS) {
          outcome = BadField(node, value.raw_json_token());
        } else {
          outcome = DecodeObject(object, node, [to](size_t i) { return &to->child(i); });
          if (outcome == Outcome::kOk) to->CloseRow();
        }
      }
      break;
    }
    default: outcome = DecodeScalar(value, node, to);
  }
  if (outcome == Outcome::kOk) return outcome;
  to->Truncate(length);
  if (outcome == Outcome::kBroken || !options.ignore_parse_errors) return outcome;
  to->AppendNull();
  return Outcome::kOk;
}

// The child that a key names, -1 for none, -2 for a broken key. Keys mostly come in the order of the record
// before.
int JsonDecoder::Rep::FindChild(od::field& field, Node& node, size_t position) {
  if (position < node.order.size() && field.key().unsafe_is_equal(node.order[position].name)) {
    return node.order[position].child;
  }
  std::string_view key;
  if (field.unescaped_key().get(key) != simdjson::SUCCESS) return -2;
  auto found = node.index.find(std::string(key));
  int child = found == node.index.end() ? -1 : found->second;
  if (position < 4096) {
    if (position >= node.order.size()) node.order.resize(position + 1);
    bool plain = key.find_first_of("\"\\") == std::string_view::npos;
    node.order[position] = {plain ? std::string(key) : "\\", child};
  }
  return child;
}

template <typename BuilderAt>
Outcome JsonDecoder::Rep::DecodeObject(od::object& object, Node& node, const BuilderAt& builder_at) {
  uint64_t round = ++node.round;
  size_t position = 0, found = 0;
  for (auto entry : object) {
    od::field field;
    if (auto error = std::move(entry).get(field)) return Broken(error);
    int child = FindChild(field, node, position++);
    if (child == -2) return Broken(simdjson::STRING_ERROR);
    if (child < 0) continue;
    auto index = static_cast<size_t>(child);
    ColumnBuilder* to = builder_at(index);
    if (node.seen[index] == round) {
      to->Truncate(to->length() - 1);  // the last of several equal keys counts
    } else {
      node.seen[index] = round;
      ++found;
    }
    Outcome outcome = DecodeValue(field.value(), node.children[index], to);
    if (outcome != Outcome::kOk) return outcome;
  }
  if (found == node.children.size()) return Outcome::kOk;
  for (size_t i = 0; i < node.children.size(); ++i) {
    if (node.seen[i] == round) continue;
    if (options.fail_on_missing_field) {
      problem = "could not find field with name '" + node.names[i] + "'";
      return Outcome::kBadField;
    }
    builder_at(i)->AppendNull();
  }
  return Outcome::kOk;
}

Outcome JsonDecoder::Rep::DecodeRow(od::object& object, DecodedRows* out) {
  Outcome outcome = DecodeObject(object, root, [out](size_t i) { return &out->builders[i]; });
  if (outcome == Outcome::kOk) out->AddRow();
  return outcome;
}

Outcome JsonDecoder::Rep::DecodeDocument(od::document& document, DecodedRows* out) {
  od::json_type type{};
  if (auto error = document.type().get(type)) return Broken(error);
  Outcome outcome = Outcome::kOk;
  if (type == od::json_type::object) {
    od::object object;
    if (auto error = document.get_object().get(object)) return Broken(error);
    outcome = DecodeRow(object, out);
  } else if (type == od::json_type::array) {
    od::array array;
    if (auto error = document.get_array().get(array)) return Broken(error);
    for (auto element : array) {
      od::object object;
      if (auto error = std::move(element).get_object().get(object)) {
        problem = "an element of a top-level array is no object";
        return error == simdjson::INCORRECT_TYPE ? Outcome::kBadField : Broken(error);
      }
      outcome = DecodeRow(object, out);
      if (outcome != Outcome::kOk) return outcome;
    }
  } else if (type == od::json_type::null) {
    return Outcome::kOk;
  } else {
    problem = "a record is a JSON object, or an array of them";
    return Outcome::kBadField;
  }
  const char* rest = nullptr;
  if (outcome == Outcome::kOk && document.current_location().get(rest) != simdjson::OUT_OF_BOUNDS)
    return Broken(simdjson::TRAILING_CONTENT);
  return outcome;
}

JsonDecoder::JsonDecoder(const std::vector<Field>& columns, JsonOptions options, OnBadRecord on_bad_record)
    : rep_(new Rep(columns, std::move(options))), on_bad_record_(on_bad_record) {}
JsonDecoder::~JsonDecoder() = default;

Status JsonDecoder::DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) {
  if (record.find_first_not_of(" \t\r\n") == std::string_view::npos) return Status::Ok();
  int64_t rows = out->rows;
  Outcome outcome = Outcome::kOk;
  od::document document;
  if (auto error = rep_->parser.iterate(record, record.size() + kDecodePadding).get(document)) {
    outcome = rep_->Broken(error);
  } else {
    outcome = rep_->DecodeDocument(document, out);
  }
  if (outcome == Outcome::kOk) return Status::Ok();
  out->rows = rows;
  if (out->kinds) out->kinds->resize(static_cast<size_t>(rows));
  out->DropUnfinishedRow();
  return ReportBadRecord(record, rep_->problem, offset,
                         rep_->options.ignore_parse_errors ? OnBadRecord::kSkip : on_bad_record_, out);
}

}  // namespace penstock
