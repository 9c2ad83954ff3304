// The decoder: whole chunks of lines go to the fast reader (json_walker.h); a record it does not take is read
// again here by the careful one over simdjson On-Demand, which also says what is wrong with it. A wrong value
// of a well-formed record spoils its field; text that is no JSON spoils the record.
// Step 2 of a record's way (docs/ARCHITECTURE.md).
#include "formats/json/json_decoder.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "formats/json/json_fields.h"
#include "formats/json/json_walker.h"

namespace penstock {

static_assert(simdjson::SIMDJSON_PADDING <= kDecodePadding);

namespace {

namespace od = simdjson::ondemand;

// At most that much is looked through at once: it stays in the second-level cache.
constexpr size_t kChunkBytes = size_t{1} << 17;

enum class Outcome : uint8_t {
  kOk,
  kBadField,  // the value does not fit its type; the rest of the record can be read
  kBroken,    // the text is no JSON
};

}  // namespace

struct JsonDecoder::Rep {
  Rep(const std::vector<Field>& columns, JsonOptions given)
      : options(std::move(given)), root(columns), walker(&options, &root), fast(JsonWalker::CanRead(root)) {}

  // What failed; turned into text only when it is reported.
  Outcome Broken(simdjson::error_code error) {
    problem = std::string("malformed JSON: ") + simdjson::error_message(error);
    return Outcome::kBroken;
  }
  Outcome BadField(const JsonFields& node, std::string_view text) {
    problem = "cannot read " + std::string(text.substr(0, 100)) + " as " + node.type.ToString();
    return Outcome::kBadField;
  }

  Outcome DecodeScalar(od::value& value, JsonFields& node, ColumnBuilder* to);
  Outcome DecodeOther(od::value& value, JsonFields& node, ColumnBuilder* to);
  Outcome DecodeText(od::value& value, JsonFields& node, ColumnBuilder* to);
  Outcome AppendRawText(od::value& value, ColumnBuilder* to);
  Outcome DecodeArray(od::value& value, JsonFields& node, ColumnBuilder* to);
  Outcome DecodeMap(od::value& value, JsonFields& node, ColumnBuilder* to);
  Outcome DecodeValue(od::value& value, JsonFields& node, ColumnBuilder* to);
  template <typename BuilderAt>
  Outcome DecodeObject(od::object& object, JsonFields& node, const BuilderAt& builder_at);
  int FindChild(od::field& field, JsonFields& node, size_t position);
  Outcome DecodeRow(od::object& object, DecodedRows* out);
  Outcome DecodeDocument(od::document& document, DecodedRows* out);

  JsonOptions options;
  JsonFields root;
  JsonWalker walker;
  bool fast;                  // the walker knows all types
  size_t record_bytes = 256;  // of a record, a moving average
  size_t chunk_bytes = kChunkBytes;
  od::parser parser;
  int64_t bad_fields = 0;  // of the record, read as NULL
  std::string problem;
  std::string scratch;
};

// Numbers that are not integers as they stand, and values of another kind than the type's.
Outcome JsonDecoder::Rep::DecodeOther(od::value& value, JsonFields& node, ColumnBuilder* to) {
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

Outcome JsonDecoder::Rep::DecodeText(od::value& value, JsonFields& node, ColumnBuilder* to) {
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

Outcome JsonDecoder::Rep::DecodeScalar(od::value& value, JsonFields& node, ColumnBuilder* to) {
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

Outcome JsonDecoder::Rep::DecodeArray(od::value& value, JsonFields& node, ColumnBuilder* to) {
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

Outcome JsonDecoder::Rep::DecodeMap(od::value& value, JsonFields& node, ColumnBuilder* to) {
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
Outcome JsonDecoder::Rep::DecodeValue(od::value& value, JsonFields& node, ColumnBuilder* to) {
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
  ++bad_fields;
  to->AppendNull();
  return Outcome::kOk;
}

// The child that a key names, -1 for none, -2 for a broken key. Keys mostly come in the order of the record
// before.
int JsonDecoder::Rep::FindChild(od::field& field, JsonFields& node, size_t position) {
  if (position < node.order.size() && field.key().unsafe_is_equal(node.order[position].name)) {
    return node.order[position].child;
  }
  std::string_view key;
  if (field.unescaped_key().get(key) != simdjson::SUCCESS) return -2;
  return node.Learn(key, position);
}

template <typename BuilderAt>
Outcome JsonDecoder::Rep::DecodeObject(od::object& object, JsonFields& node, const BuilderAt& builder_at) {
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

const std::string& JsonDecoder::problem() const { return rep_->problem; }

bool JsonDecoder::TryRecord(std::string_view record, DecodedRows* out) {
  if (rep_->fast && rep_->walker.Start(record)) {
    bool read = rep_->walker.ReadLine(0, record.size(), out->builders);
    rep_->walker.Settle(out->builders);
    if (read) {
      out->AddRow();
      return true;
    }
    out->DropUnfinishedRow();
  }
  return TryCarefully(record, out);
}

Status JsonDecoder::DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) {
  if (TryRecord(record, out)) return Status::Ok();
  return ReportBadRecord(record, rep_->problem, offset,
                         rep_->options.ignore_parse_errors ? OnBadRecord::kSkip : on_bad_record_, out);
}

namespace {

// Where whole lines end that hold about `wanted` bytes from `at` on; `at` when there is no whole line.
size_t EndOfLines(std::string_view bytes, bool last, size_t at, size_t wanted) {
  if (at + wanted < bytes.size()) {
    size_t newline = bytes.find('\n', at + wanted - 1);
    if (newline != std::string_view::npos) return newline + 1;
  }
  if (last) return bytes.size();
  size_t newline = bytes.rfind('\n');
  return newline == std::string_view::npos || newline < at ? at : newline + 1;
}

}  // namespace

Result<size_t> JsonDecoder::DecodeStream(std::string_view bytes, bool last, int64_t max_rows,
                                         DecodedRows* out) {
  if (!rep_->fast) return Decoder::DecodeStream(bytes, last, max_rows, out);
  size_t at = 0;
  while (at < bytes.size() && out->rows < max_rows) {
    auto rows = static_cast<size_t>(std::min<int64_t>(max_rows - out->rows, kChunkBytes));
    size_t end = EndOfLines(bytes, last, at, std::min(rows * rep_->record_bytes, rep_->chunk_bytes));
    if (end == at) break;
    // One bad line spoils the look through its chunk: smaller chunks save its neighbours from the slow way.
    bool valid = rep_->walker.Start(bytes.substr(at, end - at));
    rep_->chunk_bytes = valid ? std::min(rep_->chunk_bytes * 2, kChunkBytes) : (end - at) / 4 + 1;
    if (!valid && EndOfLines(bytes, last, at, rep_->chunk_bytes) < end) continue;
    ASSIGN_OR_RETURN(at, DecodeLines(bytes, at, end, valid, max_rows, out));
  }
  return at;
}

// Decodes the lines in [begin, end) until there are `max_rows` rows; returns where it stopped. `valid`: the
// walker was started there.
Result<size_t> JsonDecoder::DecodeLines(std::string_view bytes, size_t begin, size_t end, bool valid,
                                        int64_t max_rows, DecodedRows* out) {
  size_t at = begin;
  int64_t rows = out->rows;
  while (at < end && out->rows < max_rows) {
    const void* newline = std::memchr(bytes.data() + at, '\n', end - at);
    size_t line_end =
        newline != nullptr ? static_cast<size_t>(static_cast<const char*>(newline) - bytes.data()) : end;
    if (line_end > at) {
      if (valid && rep_->walker.ReadLine(at - begin, line_end - begin, out->builders)) {
        out->AddRow();
      } else {
        if (valid) rep_->walker.Settle(out->builders);
        if (valid) out->DropUnfinishedRow();
        RETURN_IF_ERROR(DecodeCarefully(bytes.substr(at, line_end - at), at, out));
      }
    }
    at = line_end + 1;
  }
  rep_->walker.Settle(out->builders);
  at = std::min(at, end);
  if (out->rows > rows) {
    size_t bytes_a_row = (at - begin) / static_cast<size_t>(out->rows - rows) + 1;
    rep_->record_bytes = (rep_->record_bytes * 3 + bytes_a_row) / 4;
  }
  return at;
}

// Reads a record by the careful reader alone.
bool JsonDecoder::TryCarefully(std::string_view record, DecodedRows* out) {
  if (!record.empty() && record.back() == '\r') record.remove_suffix(1);
  if (record.find_first_not_of(" \t\r\n") == std::string_view::npos) return true;
  int64_t rows = out->rows;
  rep_->bad_fields = 0;
  Outcome outcome = Outcome::kOk;
  od::document document;
  if (auto error = rep_->parser.iterate(record, record.size() + kDecodePadding).get(document)) {
    outcome = rep_->Broken(error);
  } else {
    outcome = rep_->DecodeDocument(document, out);
  }
  if (outcome == Outcome::kOk) {
    out->bad.AddFields(rep_->bad_fields);
    return true;
  }
  out->TruncateRows(rows);
  return false;
}

Status JsonDecoder::DecodeCarefully(std::string_view record, size_t offset, DecodedRows* out) {
  if (TryCarefully(record, out)) return Status::Ok();
  if (!record.empty() && record.back() == '\r') record.remove_suffix(1);
  return ReportBadRecord(record, rep_->problem, offset,
                         rep_->options.ignore_parse_errors ? OnBadRecord::kSkip : on_bad_record_, out);
}

}  // namespace penstock
