// JSON_VALUE, JSON_QUERY, JSON_EXISTS, JSON_LENGTH and JSON_TYPE: values of a JSON text by path.
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "base/strings.h"
#include "data/decimal.h"
#include "expr/functions/text/register_text.h"
#include "expr/functions/text/text.h"
#include "expr/json/json_clauses.h"
#include "expr/json/json_path.h"
#include "expr/json/register.h"
#include "expr/signature.h"
#include "expr/type_rules.h"

namespace penstock {

namespace {

using Text = std::string_view;

// What a path names in a text: nothing (also a JSON null), one value, or a list of values; or an error.
struct Lookup {
  bool lax = false;
  bool failed = false;
  std::string message = {};
  const JsonNode* value = nullptr;  // a list is an array made for the purpose

  bool is_scalar() const { return value != nullptr && value->is_scalar(); }
};

// The document and the compiled paths of one kernel.
class JsonReader {
 public:
  const JsonPathSpec& Spec(Text spec) {
    if (last_ != nullptr && last_text_ == spec) return *last_;
    if (specs_.size() > 64) specs_.clear();
    auto it = specs_.find(std::string(spec));
    if (it == specs_.end()) it = specs_.emplace(std::string(spec), ParsePathSpec(spec)).first;
    last_text_ = it->first;
    return *(last_ = &it->second);
  }

  Lookup Find(Text json, Text spec_text) {
    const JsonPathSpec& spec = Spec(spec_text);
    Lookup lookup{.lax = spec.lax};
    if (!document_.Parse(json)) {
      if (!spec.lax) return Failed(lookup, "invalid JSON: " + std::string(json.substr(0, 200)));
      return lookup;
    }
    if (document_.root().kind == JsonKind::kNull) return Failed(lookup, "json object can not be null");
    if (!spec.path) return Failed(lookup, spec.path.error().message());
    std::vector<const JsonNode*> found;
    Status status = spec.path->Evaluate(document_.root(), &document_, &found);
    if (!status.ok() && !spec.lax) return Failed(lookup, status.message());
    if (!spec.path->definite()) {
      lookup.value = MakeList(found);
    } else if (!found.empty() && found[0]->kind != JsonKind::kNull) {
      lookup.value = found[0];
    }
    return lookup;
  }

  JsonDocument& document() { return document_; }

  const JsonNode* MakeList(const std::vector<const JsonNode*>& items) {
    JsonNode* list = document_.MakeNode();
    list->kind = JsonKind::kArray;
    for (const JsonNode* item : items) list->items.push_back(*item);
    return list;
  }

 private:
  static Lookup Failed(Lookup lookup, std::string message) {
    lookup.failed = true;
    lookup.message = std::move(message);
    return lookup;
  }

  JsonDocument document_;
  std::unordered_map<std::string, JsonPathSpec> specs_;
  std::string last_text_;
  const JsonPathSpec* last_ = nullptr;
};

using ReaderPtr = std::shared_ptr<JsonReader>;

// ------------------------------------------------------------------------------------------ resolving

struct Resolved {
  Signature signature;
  JsonClauses clauses;
};

Result<Resolved> ResolvePathCall(std::string_view name, std::span<const ArgInfo> args) {
  if (args.size() < 2 || !Matches(Family::kCharacter, args[0].type) ||
      !Matches(Family::kCharacter, args[1].type))
    return BadArguments(name, "<character string>, <path>");
  Resolved resolved;
  ASSIGN_OR_RETURN(resolved.clauses, ReadJsonClauses(name, JsonKeywords(args)));
  for (const ArgInfo& arg : args) resolved.signature.args.push_back(arg.type);
  for (size_t i : {0, 1}) resolved.signature.args[i] = CoerceTo(Family::kCharacter, args[i].type);
  return resolved;
}

Status BadBehavior(std::string_view name, const char* clause) {
  return SqlError(ErrorNumber::kBadArguments, {},
                  "Illegal on " + std::string(clause) + " behavior for " + std::string(name));
}

bool OneOf(std::optional<JsonBehavior> behavior, std::initializer_list<JsonBehavior> allowed) {
  return !behavior || std::find(allowed.begin(), allowed.end(), *behavior) != allowed.end();
}

Result<Signature> ResolveExists(std::span<const ArgInfo> args) {
  ASSIGN_OR_RETURN(Resolved resolved, ResolvePathCall("JSON_EXISTS", args));
  using B = JsonBehavior;
  if (resolved.clauses.on_empty ||
      !OneOf(resolved.clauses.on_error, {B::kTrue, B::kFalse, B::kUnknown, B::kError}))
    return BadBehavior("JSON_EXISTS", "error");
  resolved.signature.result = DataType::Boolean();
  return resolved.signature;
}

Result<Signature> ResolveValue(std::span<const ArgInfo> args) {
  ASSIGN_OR_RETURN(Resolved resolved, ResolvePathCall("JSON_VALUE", args));
  const JsonClauses& clauses = resolved.clauses;
  using B = JsonBehavior;
  if (!OneOf(clauses.on_empty, {B::kNull, B::kError, B::kDefault})) return BadBehavior("JSON_VALUE", "empty");
  if (!OneOf(clauses.on_error, {B::kNull, B::kError, B::kDefault})) return BadBehavior("JSON_VALUE", "error");
  DataType type = clauses.returning > 0 ? args[clauses.returning].type : DataType::String();
  if (!type.is_character() && !type.is_numeric() && !type.is(TypeKind::kBoolean)) {
    return SqlError(ErrorNumber::kBadArguments, {},
                    "Unsupported type " + type.ToString() + " for RETURNING in JSON_VALUE()");
  }
  for (size_t at : {clauses.empty_default, clauses.error_default}) {
    if (at == 0) continue;
    if (!args[at].type.is(TypeKind::kNull) && !CanCastExplicitly(args[at].type, type))
      return SqlError(ErrorNumber::kTypeMismatch, {},
                      "JSON_VALUE: DEFAULT does not fit the type " + type.ToString());
    resolved.signature.args[at] = type.WithNullable(args[at].type.nullable());
  }
  resolved.signature.result = type.WithNullable(true);
  return resolved.signature;
}

Result<Signature> ResolveQuery(std::span<const ArgInfo> args) {
  ASSIGN_OR_RETURN(Resolved resolved, ResolvePathCall("JSON_QUERY", args));
  const JsonClauses& clauses = resolved.clauses;
  DataType type = clauses.returning > 0 ? args[clauses.returning].type : DataType::String();
  bool array = type.is(TypeKind::kArray);
  if (array && !type.element().is_character()) {
    return SqlError(ErrorNumber::kBadArguments, {},
                    "Unsupported array element type '" + type.element().ToString() +
                        "' for RETURNING ARRAY in JSON_QUERY()");
  }
  if (!array && !type.is_character())
    return SqlError(ErrorNumber::kBadArguments, {},
                    "Unsupported type " + type.ToString() + " for RETURNING in JSON_QUERY()");
  using B = JsonBehavior;
  auto fits = [array](std::optional<JsonBehavior> behavior) {
    return OneOf(behavior, {B::kNull, B::kError, B::kEmptyArray}) || (!array && behavior == B::kEmptyObject);
  };
  if (!fits(clauses.on_empty)) return BadBehavior("JSON_QUERY", "empty");
  if (!fits(clauses.on_error)) return BadBehavior("JSON_QUERY", "error");
  resolved.signature.result = type.WithNullable(true);
  return resolved.signature;
}

// ------------------------------------------------------------------------------------------ JSON_EXISTS

Kernel BindExists(const CallSite& site) {
  JsonBehavior on_error =
      ReadJsonClauses("JSON_EXISTS", JsonKeywords(site)).value().on_error.value_or(JsonBehavior::kFalse);
  auto reader = std::make_shared<JsonReader>();
  return ForEachRow(site.result, [=](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    if (args[0]->IsNull(row) || args[1]->IsNull(row)) {
      out->AppendNull();
      return Status::Ok();
    }
    Lookup lookup = reader->Find(args[0]->StringAt(row), args[1]->StringAt(row));
    if (!lookup.failed) {
      out->Append<uint8_t>(lookup.value != nullptr ? 1 : 0);
    } else if (on_error == JsonBehavior::kError) {
      return Status::InvalidData(lookup.message);
    } else if (on_error == JsonBehavior::kUnknown) {
      out->AppendNull();
    } else {
      out->Append<uint8_t>(on_error == JsonBehavior::kTrue ? 1 : 0);
    }
    return Status::Ok();
  });
}

// ------------------------------------------------------------------------------------------ JSON_VALUE

std::optional<bool> ToBoolean(const JsonNode& node) {
  if (node.kind == JsonKind::kBool) return node.boolean;
  if (node.kind != JsonKind::kString) return std::nullopt;
  std::string text = ToLowerAscii(TrimSpace(node.text));
  if (text == "true" || text == "t" || text == "yes" || text == "1") return true;
  if (text == "false" || text == "f" || text == "no" || text == "0") return false;
  return std::nullopt;
}

// The whole part of a number, by its text.
std::optional<int64_t> ToInteger(const std::string& text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  if (error == std::errc::result_out_of_range) return std::nullopt;
  if (error == std::errc() && *end == '.' && text.find_first_of("eE") == std::string::npos) return value;
  double real = std::trunc(std::strtod(text.c_str(), nullptr));
  if (!(std::fabs(real) < 9.2e18)) return std::nullopt;
  return static_cast<int64_t>(real);
}

bool IsNumber(const std::string& text) {
  double value = 0;
  Text digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  bool word = digits.find_first_of("nN") != Text::npos;  // nan, inf
  return !digits.empty() && !word && end == digits.data() + digits.size() &&
         error != std::errc::invalid_argument;
}

template <typename T>
bool AppendInteger(const std::string& text, ColumnBuilder* out) {
  std::optional<int64_t> value = ToInteger(text);
  if (!value || *value != static_cast<T>(*value)) return false;
  out->Append(static_cast<T>(*value));
  return true;
}

// Appends a scalar as the wanted type; false (nothing appended) when it does not fit.
bool AppendScalar(const JsonNode& node, const DataType& type, ColumnBuilder* out) {
  if (type.is_character()) {
    out->AppendString(ScalarText(node));
    return true;
  }
  if (type.is(TypeKind::kBoolean)) {
    std::optional<bool> value = ToBoolean(node);
    if (value) out->Append<uint8_t>(*value ? 1 : 0);
    return value.has_value();
  }
  std::string text(node.text);
  if (!(node.is_number() || node.kind == JsonKind::kString) || !IsNumber(text)) return false;
  double real = std::strtod(text.c_str(), nullptr);
  switch (type.kind()) {
    case TypeKind::kTinyInt: return AppendInteger<int8_t>(text, out);
    case TypeKind::kSmallInt: return AppendInteger<int16_t>(text, out);
    case TypeKind::kInt: return AppendInteger<int32_t>(text, out);
    case TypeKind::kBigInt: return AppendInteger<int64_t>(text, out);
    case TypeKind::kFloat:
      if (!std::isfinite(static_cast<float>(real))) return false;
      out->Append(static_cast<float>(real));
      return true;
    case TypeKind::kDouble:
      if (!std::isfinite(real)) return false;
      out->Append(real);
      return true;
    default: break;
  }
  std::optional<int128_t> decimal = ParseDecimal(text, type.precision(), type.scale());
  if (decimal) out->Append(*decimal);
  return decimal.has_value();
}

Kernel BindValue(const CallSite& site) {
  JsonClauses clauses = ReadJsonClauses("JSON_VALUE", JsonKeywords(site)).value();
  DataType type = site.result;
  auto reader = std::make_shared<JsonReader>();
  return ForEachRow(type, [=](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) -> Status {
    auto settle = [&](std::optional<JsonBehavior> behavior, size_t default_at, const std::string& message) {
      if (behavior == JsonBehavior::kError) return Status::InvalidData(message);
      if (behavior == JsonBehavior::kDefault) {
        out->AppendFrom(*args[default_at], row);
      } else {
        out->AppendNull();
      }
      return Status::Ok();
    };
    if (args[0]->IsNull(row) || args[1]->IsNull(row)) {
      out->AppendNull();
      return Status::Ok();
    }
    Lookup lookup = reader->Find(args[0]->StringAt(row), args[1]->StringAt(row));
    if (!lookup.failed && (lookup.value == nullptr || (lookup.lax && !lookup.is_scalar()))) {
      return settle(clauses.on_empty, clauses.empty_default,
                    "Empty result of JSON_VALUE function is not allowed");
    }
    if (!lookup.failed && !lookup.is_scalar())
      lookup.message = "Strict jsonpath mode requires scalar value";
    else if (!lookup.failed && AppendScalar(*lookup.value, type, out))
      return Status::Ok();
    else if (!lookup.failed)
      lookup.message = "Cannot convert the JSON value to " + type.ToString();
    return settle(clauses.on_error, clauses.error_default, lookup.message);
  });
}

// ------------------------------------------------------------------------------------------ JSON_QUERY

void AppendQueryResult(const JsonNode& value, bool array, ColumnBuilder* out) {
  if (!array) {
    std::string text;
    AppendJson(value, &text);
    out->AppendString(text);
    return;
  }
  for (const JsonNode& item : value.items) {
    if (item.kind == JsonKind::kNull) {
      out->child(0).AppendNull();
    } else if (item.is_scalar()) {
      out->child(0).AppendString(ScalarText(item));
    } else {
      std::string text;
      AppendJson(item, &text);
      out->child(0).AppendString(text);
    }
  }
  out->CloseList();
}

Status SettleQuery(std::optional<JsonBehavior> behavior, const std::string& message, bool array,
                   ColumnBuilder* out) {
  if (behavior == JsonBehavior::kError) return Status::InvalidData(message);
  if (behavior == JsonBehavior::kEmptyObject) {
    out->AppendString("{}");
  } else if (behavior == JsonBehavior::kEmptyArray && array) {
    out->CloseList();
  } else if (behavior == JsonBehavior::kEmptyArray) {
    out->AppendString("[]");
  } else {
    out->AppendNull();
  }
  return Status::Ok();
}

Kernel BindQuery(const CallSite& site) {
  JsonClauses clauses = ReadJsonClauses("JSON_QUERY", JsonKeywords(site)).value();
  bool array = site.result.is(TypeKind::kArray);
  auto reader = std::make_shared<JsonReader>();
  return ForEachRow(site.result,
                    [=](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) -> Status {
                      if (args[0]->IsNull(row) || args[1]->IsNull(row)) {
                        out->AppendNull();
                        return Status::Ok();
                      }
                      Lookup lookup = reader->Find(args[0]->StringAt(row), args[1]->StringAt(row));
                      if (lookup.failed) return SettleQuery(clauses.on_error, lookup.message, array, out);
                      bool wrap = clauses.wrapper == JsonWrapper::kUnconditional ||
                                  (clauses.wrapper == JsonWrapper::kConditional && lookup.value != nullptr &&
                                   lookup.value->kind != JsonKind::kArray);
                      if (wrap && lookup.value != nullptr) lookup.value = reader->MakeList({lookup.value});
                      if (lookup.value == nullptr || (lookup.lax && lookup.is_scalar()))
                        return SettleQuery(clauses.on_empty,
                                           "Empty result of JSON_QUERY function is not allowed", array, out);
                      if (lookup.is_scalar() || (array && lookup.value->kind != JsonKind::kArray)) {
                        return SettleQuery(clauses.on_error,
                                           "Strict jsonpath mode requires array or object value", array, out);
                      }
                      AppendQueryResult(*lookup.value, array, out);
                      return Status::Ok();
                    });
}

// ------------------------------------------------------------------------------------------ others

// JSON_LENGTH and JSON_TYPE: a text or variant, and perhaps a constant path without mode.
Function::Resolve PlainPathResolver(std::string name, DataType result) {
  return [=](std::span<const ArgInfo> args) -> Result<Signature> {
    bool ok = !args.empty() && args.size() <= 2 &&
              (Matches(Family::kCharacter, args[0].type) || Matches(Family::kVariant, args[0].type));
    Signature signature;
    if (ok) signature.args.push_back(args[0].type.is(TypeKind::kNull) ? DataType::String() : args[0].type);
    if (ok && args.size() == 2) {
      ok = Matches(Family::kCharacter, args[1].type) && args[1].literal != nullptr;
      signature.args.push_back(CoerceTo(Family::kCharacter, args[1].type));
      Text path = ok && !args[1].literal->is_null() ? Text(args[1].literal->as_string()) : Text();
      std::string first = ToLowerAscii(Split(TrimSpace(path), ' ')[0]);
      if (first == "lax" || first == "strict") {
        return SqlError(ErrorNumber::kBadArguments, {},
                        name + " does not support the 'lax'/'strict' path mode prefix", "use a plain path");
      }
    }
    if (!ok) return BadArguments(name, "<character string> | <variant>[, <path>]");
    signature.result = result;
    return signature;
  };
}

// The value a plain path names, null when it is none or more than one.
const JsonNode* PlainLookup(JsonReader* reader, Text json, std::optional<Text> path) {
  JsonDocument& document = reader->document();
  if (!document.Parse(json)) return nullptr;
  if (!path || (document.root().kind == JsonKind::kNull && *path == "$")) return &document.root();
  const JsonPathSpec& spec = reader->Spec(*path);
  if (document.root().kind == JsonKind::kNull || !spec.path) return nullptr;
  std::vector<const JsonNode*> found;
  if (!spec.path->Evaluate(document.root(), &document, &found).ok() || found.size() != 1) return nullptr;
  return found[0];
}

const char* TypeName(const JsonNode& node) {
  switch (node.kind) {
    case JsonKind::kNull: return "null";
    case JsonKind::kBool: return "boolean";
    case JsonKind::kInteger:
    case JsonKind::kDecimal: return "number";
    case JsonKind::kString: return "string";
    case JsonKind::kArray: return "array";
    case JsonKind::kObject: break;
  }
  return "object";
}

Kernel BindPlainPath(const CallSite& site) {
  auto reader = std::make_shared<JsonReader>();
  bool length = site.result.is(TypeKind::kInt);
  return ForEachRow(site.result, [=](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    const JsonNode* node = nullptr;
    if (!args[0]->IsNull(row) && (args.size() < 2 || !args[1]->IsNull(row))) {
      std::optional<Text> path;
      if (args.size() == 2) path = args[1]->StringAt(row);
      node = PlainLookup(reader.get(), args[0]->StringAt(row), path);
    }
    if (node == nullptr) {
      out->AppendNull();
    } else if (length) {
      out->Append(node->is_scalar() ? 1 : static_cast<int32_t>(node->items.size()));
    } else {
      out->AppendString(TypeName(*node));
    }
    return Status::Ok();
  });
}

}  // namespace

void RegisterJsonQueries(FunctionRegistry* registry) {
  registry->Add("JSON_EXISTS", ResolveExists, BindExists).set_may_fail(true);
  registry->Add("JSON_VALUE", ResolveValue, BindValue).set_may_fail(true);
  registry->Add("JSON_QUERY", ResolveQuery, BindQuery).set_may_fail(true);
  registry->Add("JSON_LENGTH", PlainPathResolver("JSON_LENGTH", DataType::Int()), BindPlainPath);
  registry->Add("JSON_TYPE", PlainPathResolver("JSON_TYPE", DataType::String()), BindPlainPath);
}

}  // namespace penstock
