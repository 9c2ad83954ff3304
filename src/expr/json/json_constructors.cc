// JSON_OBJECT, JSON_ARRAY, JSON_STRING and JSON. An argument that is JSON already (a nested call of these)
// has the symbol RAW before it and is taken as it is.
#include <algorithm>

#include "base/strings.h"
#include "expr/functions/text/text.h"
#include "expr/json/json_document.h"
#include "expr/json/json_text.h"
#include "expr/json/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

// One argument that becomes JSON, and the key before it where there is one.
struct Member {
  size_t key = 0;
  size_t value = 0;
  bool raw = false;
};

struct Layout {
  std::vector<Member> members;
  bool absent_on_null = false;
};

// `words[i]` is the keyword at argument i. nullopt where the arguments do not fit.
std::optional<Layout> ReadLayout(const std::vector<std::string>& words, bool keys, bool absent_by_default) {
  Layout layout;
  layout.absent_on_null = absent_by_default;
  size_t at = 0;
  while (at < words.size() && words[at] != "NULL" && words[at] != "ABSENT") {
    Member member;
    if (keys) member.key = at++;
    if (at < words.size() && words[at] == "RAW") {
      member.raw = true;
      ++at;
    }
    if (at >= words.size() || !words[at].empty()) return std::nullopt;
    member.value = at++;
    layout.members.push_back(member);
  }
  if (at == words.size()) return layout;
  if (at + 3 != words.size() || words[at + 1] != "ON" || words[at + 2] != "NULL") return std::nullopt;
  layout.absent_on_null = words[at] == "ABSENT";
  return layout;
}

std::vector<std::string> Words(const CallSite& site) {
  std::vector<std::string> words(site.args.size());
  for (size_t i = 0; i < words.size(); ++i) {
    if (site.args[i].is(TypeKind::kSymbol)) words[i] = site.constants[i].as_string();
  }
  return words;
}

Function::Resolve ConstructorResolver(std::string name, bool keys) {
  return [=](std::span<const ArgInfo> args) -> Result<Signature> {
    std::vector<std::string> words(args.size());
    Signature signature;
    for (size_t i = 0; i < args.size(); ++i) {
      if (args[i].type.is(TypeKind::kSymbol)) words[i] = args[i].literal->as_string();
      signature.args.push_back(args[i].type.is(TypeKind::kNull) ? DataType::String() : args[i].type);
    }
    std::optional<Layout> layout = ReadLayout(words, keys, false);
    if (!layout) return BadArguments(name, keys ? "KEY <string> VALUE <value>, ..." : "<value>, ...");
    for (const Member& member : layout->members) {
      const DataType& type = signature.args[member.value];
      if (!HasJsonForm(type)) {
        return SqlError(ErrorNumber::kBadArguments, {},
                        name + ": a value of type " + type.ToString() + " has no JSON form");
      }
      if (!keys) continue;
      const ArgInfo& key = args[member.key];
      if (!key.type.is_character() || key.literal == nullptr || key.literal->is_null())
        return SqlError(ErrorNumber::kBadArguments, {}, name + ": keys must be character literals");
    }
    signature.result = DataType::String().NotNull();
    return signature;
  };
}

void AppendMember(const Member& member, std::span<const ColumnPtr> args, int64_t row,
                  const std::vector<DataType>& types, std::string* out) {
  const Column& column = *args[member.value];
  if (member.raw && !column.IsNull(row)) {
    out->append(column.StringAt(row));
  } else {
    AppendValueJson(column, row, types[member.value], out);
  }
}

Kernel BindArray(const CallSite& site) {
  Layout layout = ReadLayout(Words(site), false, true).value();
  return ForEachRow(site.result, [layout, types = site.args](std::span<const ColumnPtr> args, int64_t row,
                                                             ColumnBuilder* out) {
    std::string text = "[";
    for (const Member& member : layout.members) {
      if (layout.absent_on_null && args[member.value]->IsNull(row)) continue;
      if (text.size() > 1) text.push_back(',');
      AppendMember(member, args, row, types, &text);
    }
    out->AppendString(text + "]");
    return Status::Ok();
  });
}

// Members in the order of their keys; the last of equal keys wins.
Kernel BindObject(const CallSite& site) {
  Layout layout = ReadLayout(Words(site), true, false).value();
  auto key_of = [constants = site.constants](const Member& member) -> const std::string& {
    return constants[member.key].as_string();
  };
  std::stable_sort(layout.members.begin(), layout.members.end(),
                   [&](const Member& a, const Member& b) { return key_of(a) < key_of(b); });
  return ForEachRow(site.result,
                    [=, types = site.args](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
                      std::string text = "{";
                      const auto& members = layout.members;
                      for (size_t i = 0; i < members.size(); ++i) {
                        if (layout.absent_on_null && args[members[i].value]->IsNull(row)) continue;
                        if (i + 1 < members.size() && key_of(members[i]) == key_of(members[i + 1])) continue;
                        if (text.size() > 1) text.push_back(',');
                        AppendJsonString(key_of(members[i]), &text);
                        text.push_back(':');
                        AppendMember(members[i], args, row, types, &text);
                      }
                      out->AppendString(text + "}");
                      return Status::Ok();
                    });
}

Result<Signature> ResolveString(std::span<const ArgInfo> args) {
  ASSIGN_OR_RETURN(Signature signature, ConstructorResolver("JSON_STRING", false)(args));
  bool one = args.size() == 1 || (args.size() == 2 && args[0].type.is(TypeKind::kSymbol));
  if (!one || args.back().type.is(TypeKind::kSymbol)) return BadArguments("JSON_STRING", "<value>");
  signature.result = DataType::String().WithNullable(args.back().type.nullable());
  return signature;
}

Kernel BindString(const CallSite& site) {
  Member member{.value = site.args.size() - 1, .raw = site.args.size() == 2};
  return ForEachRow(site.result, [member, types = site.args](std::span<const ColumnPtr> args, int64_t row,
                                                             ColumnBuilder* out) {
    if (args[member.value]->IsNull(row)) {
      out->AppendNull();
      return Status::Ok();
    }
    std::string text;
    AppendMember(member, args, row, types, &text);
    out->AppendString(text);
    return Status::Ok();
  });
}

// JSON(text): a text as part of a constructed value; NULL for a blank one.
Result<std::optional<std::string>> ParsedJson(std::string_view text) {
  text = TrimSpace(text);
  if (text.empty()) return std::optional<std::string>();
  JsonDocument document;
  if (!document.Parse(text))
    return Status::InvalidData("Invalid JSON string in JSON(value) function: " +
                               std::string(text.substr(0, 200)));
  std::string out;
  AppendJson(document.root(), &out);
  return std::optional<std::string>(out);
}

}  // namespace

void RegisterJsonConstructors(FunctionRegistry* registry) {
  registry->Add("JSON_OBJECT", ConstructorResolver("JSON_OBJECT", true), BindObject);
  registry->Add("JSON_ARRAY", ConstructorResolver("JSON_ARRAY", false), BindArray);
  registry->Add("JSON_STRING", ResolveString, BindString);
  registry
      ->Add("JSON", Fixed("JSON", {Family::kCharacter}, DataType::String(), Nullability::kAlways),
            RowFunction<Result<std::optional<std::string>>(std::string_view)>(ParsedJson))
      .set_may_fail(true);
}

}  // namespace penstock
