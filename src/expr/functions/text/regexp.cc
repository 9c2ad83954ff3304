// Functions of regular expressions: REGEXP and its family, RLIKE, SIMILAR TO, STR_TO_MAP. A wrong pattern is
// an error before the job runs where it stands in the SQL text, and "no match" or NULL where it is computed.
#include "expr/functions/text/regexp_pattern.h"

#include "expr/functions/text/register_text.h"
#include "expr/functions/text/text.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

using Text = std::string_view;
using MaybeText = std::optional<std::string>;
using CachePtr = std::shared_ptr<RegexCache>;

Status CheckWrittenPattern(const std::string& name, std::span<const ArgInfo> args) {
  if (args.size() < 2 || args[1].literal == nullptr || args[1].literal->is_null()) return Status::Ok();
  Result<std::unique_ptr<Regex>> made = Regex::CompileJava(args[1].literal->as_string());
  if (made) return Status::Ok();
  return SqlError(ErrorNumber::kBadArguments, {},
                  "Invalid regular expression for " + name + ": " + made.error().message());
}

Function::Resolve CheckedPattern(std::string name, Function::Resolve resolve) {
  return [name, resolve](std::span<const ArgInfo> args) -> Result<Signature> {
    ASSIGN_OR_RETURN(Signature signature, resolve(args));
    RETURN_IF_ERROR(CheckWrittenPattern(name, args));
    return signature;
  };
}

bool FindsRegex(RegexCache* cache, Text text, Text pattern) {
  if (pattern.empty()) return false;
  const Regex* regex = cache->Get(pattern);
  return regex != nullptr && regex->Find(text, 0);
}

Kernel BindRegexp(const CallSite& site) {
  auto cache = std::make_shared<RegexCache>();
  return RowKernel<bool(Text, Text)>::Make(
      site.result, [cache](Text text, Text pattern) { return FindsRegex(cache.get(), text, pattern); });
}

// The replacement is taken as it is: no $1.
Kernel BindReplace(const CallSite& site) {
  auto cache = std::make_shared<RegexCache>();
  return RowKernel<MaybeText(Text, Text, Text)>::Make(
      site.result, [cache](Text text, Text pattern, Text replacement) -> MaybeText {
        const Regex* regex = cache->Get(pattern);
        if (regex == nullptr) return std::nullopt;
        std::string out;
        size_t copied = 0;
        for (size_t from = 0; regex->Find(text, from); from = regex->NextStart(text)) {
          Regex::Span match = regex->group(0);
          if (!match.found()) break;
          out.append(text.substr(copied, match.begin - copied)).append(replacement);
          copied = match.end;
        }
        return out.append(text.substr(copied));
      });
}

MaybeText Extract(RegexCache* cache, Text text, Text pattern, int64_t group) {
  const Regex* regex = cache->Get(pattern);
  if (regex == nullptr || group < 0 || group > regex->groups() || !regex->Find(text, 0)) return std::nullopt;
  Regex::Span span = regex->group(static_cast<int>(group));
  if (!span.found()) return std::nullopt;
  return std::string(span.In(text));
}

Kernel BindExtract(const CallSite& site) {
  auto cache = std::make_shared<RegexCache>();
  if (site.args.size() == 2) {
    return RowKernel<MaybeText(Text, Text)>::Make(
        site.result, [cache](Text text, Text pattern) { return Extract(cache.get(), text, pattern, 0); });
  }
  return RowKernel<MaybeText(Text, Text, int64_t)>::Make(
      site.result,
      [cache](Text text, Text pattern, int64_t group) { return Extract(cache.get(), text, pattern, group); });
}

// Group `index` (default 1) of every match; NULL when there is no such group.
Kernel BindExtractAll(const CallSite& site) {
  auto cache = std::make_shared<RegexCache>();
  return ForEachRow(site.result, [cache](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    for (const ColumnPtr& arg : args) {
      if (arg->IsNull(row)) {
        out->AppendNull();
        return Status::Ok();
      }
    }
    Text text = args[0]->StringAt(row);
    int64_t index = args.size() > 2 ? args[2]->At<int64_t>(row) : 1;
    const Regex* regex = cache->Get(args[1]->StringAt(row));
    if (regex == nullptr || index < 0 || index > regex->groups()) {
      out->AppendNull();
      return Status::Ok();
    }
    for (size_t from = 0; regex->Find(text, from); from = regex->NextStart(text)) {
      Regex::Span span = regex->group(static_cast<int>(index));
      if (span.found()) {
        out->child(0).AppendString(span.In(text));
      } else {
        out->child(0).AppendNull();
      }
    }
    out->CloseList();
    return Status::Ok();
  });
}

Kernel BindCount(const CallSite& site) {
  auto cache = std::make_shared<RegexCache>();
  return RowKernel<std::optional<int32_t>(Text, Text)>::Make(
      site.result, [cache](Text text, Text pattern) -> std::optional<int32_t> {
        const Regex* regex = cache->Get(pattern);
        if (regex == nullptr) return std::nullopt;
        int32_t count = 0;
        for (size_t from = 0; regex->Find(text, from); from = regex->NextStart(text)) ++count;
        return count;
      });
}

Kernel BindInstr(const CallSite& site) {
  auto cache = std::make_shared<RegexCache>();
  return RowKernel<std::optional<int32_t>(Text, Text)>::Make(
      site.result, [cache](Text text, Text pattern) -> std::optional<int32_t> {
        const Regex* regex = cache->Get(pattern);
        if (regex == nullptr) return std::nullopt;
        if (!regex->Find(text, 0)) return 0;
        return static_cast<int32_t>(CountCodePoints(text.substr(0, regex->group(0).begin)) + 1);
      });
}

Kernel BindSubstr(const CallSite& site) {
  auto cache = std::make_shared<RegexCache>();
  return RowKernel<MaybeText(Text, Text)>::Make(
      site.result, [cache](Text text, Text pattern) { return Extract(cache.get(), text, pattern, 0); });
}

Kernel BindSplit(const CallSite& site) {
  auto cache = std::make_shared<RegexCache>();
  return ForEachRow(site.result, [cache](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    if (args[0]->IsNull(row) || args[1]->IsNull(row)) {
      out->AppendNull();
      return Status::Ok();
    }
    Text text = args[0]->StringAt(row), pattern = args[1]->StringAt(row);
    const Regex* regex = cache->Get(pattern);
    if (regex == nullptr) {
      out->AppendNull();
      return Status::Ok();
    }
    for (Text piece : pattern.empty() ? SplitCodePoints(text) : SplitByRegex(*regex, text, -1))
      out->child(0).AppendString(piece);
    out->CloseList();
    return Status::Ok();
  });
}

// ------------------------------------------------------------------------------------------ STR_TO_MAP

Result<Signature> ResolveStrToMap(std::span<const ArgInfo> args) {
  bool ok = args.size() == 1 || args.size() == 3;
  Signature signature;
  for (const ArgInfo& arg : args) {
    ok = ok && Matches(Family::kText, arg.type);
    signature.args.push_back(CoerceTo(Family::kText, arg.type));
  }
  if (!ok) return BadArguments("STR_TO_MAP", "<string>[, <list delimiter>, <key value delimiter>]");
  signature.result = DataType::Map(DataType::String(), DataType::String()).WithNullable(AnyNullable(args));
  return signature;
}

struct KeyValue {
  Text key;
  std::optional<Text> value;
};

void PutPair(std::vector<KeyValue>* pairs, KeyValue pair) {
  for (KeyValue& known : *pairs) {
    if (known.key == pair.key) {
      known.value = pair.value;
      return;
    }
  }
  pairs->push_back(pair);
}

// Both delimiters are regular expressions.
Kernel BindStrToMap(const CallSite& site) {
  auto lists = std::make_shared<RegexCache>(), values = std::make_shared<RegexCache>();
  return ForEachRow(site.result, [=](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    for (const ColumnPtr& arg : args) {
      if (arg->IsNull(row)) {
        out->AppendNull();
        return Status::Ok();
      }
    }
    Text text = args[0]->StringAt(row);
    const Regex* list = lists->Get(args.size() == 3 ? args[1]->StringAt(row) : Text(","));
    const Regex* value = values->Get(args.size() == 3 ? args[2]->StringAt(row) : Text("="));
    if (list == nullptr || value == nullptr) return Status::InvalidData("STR_TO_MAP: invalid delimiter");
    std::vector<KeyValue> pairs;
    for (Text piece : text.empty() ? std::vector<Text>() : SplitByRegex(*list, text, 0)) {
      std::vector<Text> parts = SplitByRegex(*value, piece, 2);
      if (parts.size() < 2) {
        PutPair(&pairs, {piece, std::nullopt});
      } else {
        PutPair(&pairs, {parts[0], parts[1]});
      }
    }
    for (const KeyValue& pair : pairs) {
      out->child(0).AppendString(pair.key);
      if (pair.value) {
        out->child(1).AppendString(*pair.value);
      } else {
        out->child(1).AppendNull();
      }
    }
    out->CloseList();
    return Status::Ok();
  });
}

// ------------------------------------------------------------------------------------------ SIMILAR TO

// A character class of SIMILAR TO, its bracket already read; POSIX names such as [:ALPHA:] may be inside.
Result<std::string> SimilarClass(Text pattern, size_t* at) {
  static const struct {
    Text sql, pcre;
  } kNames[] = {{"[:ALPHA:]", "[:alpha:]"}, {"[:UPPER:]", "[:upper:]"}, {"[:LOWER:]", "[:lower:]"},
                {"[:DIGIT:]", "[:digit:]"}, {"[:SPACE:]", " "},         {"[:WHITESPACE:]", "[:space:]"},
                {"[:ALNUM:]", "[:alnum:]"}};
  std::string out = "[";
  while (*at < pattern.size() && pattern[*at] != ']') {
    Text rest = pattern.substr(*at);
    bool named = false;
    for (const auto& name : kNames) {
      std::string lower = "[:" + std::string(name.pcre.substr(name.pcre.starts_with("[:") ? 2 : 0));
      if (!rest.starts_with(name.sql) && !(name.pcre.size() > 1 && rest.starts_with(lower))) continue;
      out += name.pcre;
      *at += rest.starts_with(name.sql) ? name.sql.size() : lower.size();
      named = true;
      break;
    }
    if (named) continue;
    if (rest[0] == '\\' || (rest[0] == '[')) out.push_back('\\');
    out.push_back(rest[0]);
    ++*at;
  }
  if (*at >= pattern.size()) return Status::InvalidData("SIMILAR TO: unclosed [");
  ++*at;
  return out + "]";
}

// As Calcite has it: what SQL gives no meaning, such as a full stop, keeps that of a regular expression.
Result<std::string> SimilarToPcre(Text pattern, Text escape) {
  std::string out = "\\A(?:";
  for (size_t at = 0; at < pattern.size();) {
    char c = pattern[at++];
    if (!escape.empty() && c == escape[0]) {
      if (at >= pattern.size()) return Status::InvalidData("SIMILAR TO: invalid escape sequence");
      out += std::string("\\") + pattern[at++];
    } else if (c == '_') {
      out += '.';
    } else if (c == '%') {
      out += "(?s:.*)";
    } else if (c == '[') {
      ASSIGN_OR_RETURN(std::string set, SimilarClass(pattern, &at));
      out += set;
    } else if (c == '$' || c == '\\') {
      out += std::string("\\") + c;
    } else {
      out += c;
    }
  }
  return out + ")\\z";
}

Result<bool> IsSimilar(Text text, Text pattern, Text escape) {
  ASSIGN_OR_RETURN(std::string translated, SimilarToPcre(pattern, escape));
  ASSIGN_OR_RETURN(std::unique_ptr<Regex> regex, Regex::CompilePcre(translated));
  return regex->Find(text, 0);
}

Result<Signature> ResolveSimilar(std::span<const ArgInfo> args) {
  bool ok = args.size() == 2 || args.size() == 3;
  Signature signature;
  for (const ArgInfo& arg : args) {
    ok = ok && Matches(Family::kCharacter, arg.type);
    signature.args.push_back(CoerceTo(Family::kCharacter, arg.type));
  }
  if (!ok) return BadArguments("SIMILAR TO", "<string>, <string>[, <escape>]");
  signature.result = DataType::Boolean().WithNullable(AnyNullable(args));
  return signature;
}

Kernel BindSimilar(const CallSite& site) {
  bool constant = true;
  for (size_t i = 1; i < site.args.size(); ++i)
    constant = constant && site.is_constant[i] && !site.constants[i].is_null();
  if (constant) {
    Text escape = site.args.size() == 3 ? Text(site.constants[2].as_string()) : Text();
    Result<std::string> translated = SimilarToPcre(site.constants[1].as_string(), escape);
    Result<std::unique_ptr<Regex>> made =
        translated ? Regex::CompilePcre(*translated) : Result<std::unique_ptr<Regex>>(translated.error());
    if (made) {
      std::shared_ptr<Regex> regex = std::move(*made);
      return RowKernel<bool(Text)>::Make(site.result, [regex](Text text) { return regex->Find(text, 0); });
    }
  }
  if (site.args.size() == 2) {
    return RowKernel<Result<bool>(Text, Text)>::Make(
        site.result, [](Text text, Text pattern) { return IsSimilar(text, pattern, {}); });
  }
  return RowKernel<Result<bool>(Text, Text, Text)>::Make(site.result, IsSimilar);
}

}  // namespace

void RegisterRegexp(FunctionRegistry* registry) {
  const std::vector<Family> two = {Family::kCharacter, Family::kCharacter};
  for (const char* name : {"REGEXP", "RLIKE"})
    registry->Add(name, CheckedPattern(name, Fixed(name, two, DataType::Boolean())), BindRegexp);
  registry->Add("REGEXP_REPLACE",
                CheckedPattern("REGEXP_REPLACE", Fixed("REGEXP_REPLACE", {two[0], two[0], two[0]},
                                                       DataType::String(), Nullability::kAlways)),
                BindReplace);
  auto with_group = [](const char* name, DataType result) {
    return Resolver({.name = name,
                     .args = {Family::kCharacter, Family::kCharacter, Family::kBigInt},
                     .required = 2,
                     .result = [result](std::span<const ArgInfo>) { return result; },
                     .nullability = Nullability::kAlways});
  };
  registry->Add("REGEXP_EXTRACT",
                CheckedPattern("REGEXP_EXTRACT", with_group("REGEXP_EXTRACT", DataType::String())),
                BindExtract);
  DataType texts = DataType::Array(DataType::String());
  registry->Add("REGEXP_EXTRACT_ALL", with_group("REGEXP_EXTRACT_ALL", texts), BindExtractAll);
  registry->Add("REGEXP_COUNT", Fixed("REGEXP_COUNT", two, DataType::Int(), Nullability::kAlways), BindCount);
  registry->Add("REGEXP_INSTR", Fixed("REGEXP_INSTR", two, DataType::Int(), Nullability::kAlways), BindInstr);
  registry->Add("REGEXP_SUBSTR", Fixed("REGEXP_SUBSTR", two, DataType::String(), Nullability::kAlways),
                BindSubstr);
  registry->Add("REGEXP_SPLIT", Fixed("REGEXP_SPLIT", two, texts, Nullability::kAlways), BindSplit);
  registry->Add("STR_TO_MAP", ResolveStrToMap, BindStrToMap).set_may_fail(true);
  registry->Add("SIMILAR TO", ResolveSimilar, BindSimilar).set_may_fail(true);
}

}  // namespace penstock
