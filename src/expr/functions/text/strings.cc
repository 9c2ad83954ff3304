// Text functions that make a text of texts: concatenation, case, trimming, padding, parts of a text. Lengths
// and positions count code points.
#include <algorithm>

#include "expr/functions/register.h"
#include "expr/functions/text/text.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

using Text = std::string_view;
using MaybeText = std::optional<std::string>;
using MaybePart = std::optional<std::string_view>;

// VARCHAR(n) for CHAR(n) and VARCHAR(n).
DataType Varying(const DataType& type) {
  return type.is_character() ? DataType::VarChar(type.length()) : DataType::String();
}

ResultType VaryingArg0() {
  return [](std::span<const ArgInfo> args) { return Varying(args[0].type); };
}

DataType SumOfLengths(const DataType& a, const DataType& b) {
  return DataType::VarChar(
      static_cast<int>(std::min<int64_t>(int64_t{a.length()} + b.length(), DataType::kMaxLength)));
}

Result<Signature> ResolveConcatOperator(std::span<const ArgInfo> args) {
  if (args.size() != 2 || !Matches(Family::kText, args[0].type) || !Matches(Family::kText, args[1].type)) {
    return BadArguments("||", "<string>, <string>");
  }
  DataType a = CoerceTo(Family::kText, args[0].type), b = CoerceTo(Family::kText, args[1].type);
  if (a.is_binary() != b.is_binary()) return BadArguments("||", "<string>, <string>");
  int length = SumOfLengths(a, b).length();
  bool fixed = a.is(TypeKind::kChar) && b.is(TypeKind::kChar);
  DataType result = a.is_binary() ? DataType::VarBinary(length)
                    : fixed       ? DataType::Char(length)
                                  : DataType::VarChar(length);
  return Signature{{a, b}, WithNullability(result, args, Nullability::kIfAnyArgument)};
}

Kernel BindConcat(const CallSite& site) {
  return ForEachRow(site.result, [](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    std::string text;
    for (const ColumnPtr& arg : args) {
      if (arg->IsNull(row)) {
        out->AppendNull();
        return Status::Ok();
      }
      text.append(arg->StringAt(row));
    }
    out->AppendString(text);
    return Status::Ok();
  });
}

Result<Signature> ResolveConcatWs(std::span<const ArgInfo> args) {
  Signature signature;
  for (const ArgInfo& arg : args) {
    if (!Matches(Family::kText, arg.type)) return BadArguments("CONCAT_WS", "<string>, <string>...");
    signature.args.push_back(CoerceTo(Family::kText, arg.type));
  }
  if (args.empty()) return BadArguments("CONCAT_WS", "<string>, <string>...");
  signature.result = DataType::String().WithNullable(AnyNullable(args));
  return signature;
}

// NULLs after the separator are left out; a NULL separator gives NULL.
Kernel BindConcatWs(const CallSite& site) {
  return ForEachRow(site.result, [](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    if (args[0]->IsNull(row)) {
      out->AppendNull();
      return Status::Ok();
    }
    std::string text;
    bool first = true;
    for (const ColumnPtr& arg : args.subspan(1)) {
      if (arg->IsNull(row)) continue;
      if (!first) text.append(args[0]->StringAt(row));
      text.append(arg->StringAt(row));
      first = false;
    }
    out->AppendString(text);
    return Status::Ok();
  });
}

// Upper case for the first letter of each run of ASCII letters and digits, lower case for the others.
std::string InitCap(Text text) {
  std::string out(text);
  bool start = true;
  for (char& c : out) {
    bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
    if (start && lower) c = static_cast<char>(c - 32);
    if (!start && upper) c = static_cast<char>(c + 32);
    start = !(lower || upper || digit);
  }
  return out;
}

// ------------------------------------------------------------------------------------------ trimming

bool Contains(const std::vector<Text>& set, Text piece) {
  return std::find(set.begin(), set.end(), piece) != set.end();
}

Text TrimPieces(Text text, Text characters, bool left, bool right) {
  if (characters.size() == 1) {
    while (left && !text.empty() && text.front() == characters[0]) text.remove_prefix(1);
    while (right && !text.empty() && text.back() == characters[0]) text.remove_suffix(1);
    return text;
  }
  std::vector<Text> set = SplitCodePoints(characters), pieces = SplitCodePoints(text);
  size_t begin = 0, end = pieces.size();
  while (left && begin < end && Contains(set, pieces[begin])) text.remove_prefix(pieces[begin++].size());
  while (right && begin < end && Contains(set, pieces[end - 1])) text.remove_suffix(pieces[--end].size());
  return text;
}

Function::Bind TrimFunction(bool left, bool right) {
  return [left, right](const CallSite& site) {
    if (site.args.size() == 1) {
      return RowKernel<Text(Text)>::Make(site.result,
                                         [=](Text text) { return TrimPieces(text, " ", left, right); });
    }
    return RowKernel<Text(Text, Text)>::Make(
        site.result, [=](Text text, Text set) { return TrimPieces(text, set, left, right); });
  };
}

// TRIM([BOTH | LEADING | TRAILING] [characters FROM] text): the keyword arrives as a symbol.
Result<Signature> ResolveTrim(std::span<const ArgInfo> args) {
  size_t texts = !args.empty() && args[0].type.is(TypeKind::kSymbol) ? args.size() - 1 : args.size();
  Signature signature;
  if (texts < args.size()) signature.args.push_back(args[0].type);
  for (const ArgInfo& arg : args.last(texts)) {
    if (!Matches(Family::kCharacter, arg.type)) texts = 0;
    signature.args.push_back(CoerceTo(Family::kCharacter, arg.type));
  }
  if (texts < 1 || texts > 2)
    return BadArguments("TRIM", "[BOTH | LEADING | TRAILING] <string> FROM <string>");
  signature.result =
      WithNullability(Varying(signature.args.back()), args.last(texts), Nullability::kIfAnyArgument);
  return signature;
}

Kernel BindTrim(const CallSite& site) {
  size_t first = site.args[0].is(TypeKind::kSymbol) ? 1 : 0;
  std::string where = first == 1 ? site.constants[0].as_string() : "BOTH";
  bool left = where != "TRAILING", right = where != "LEADING";
  bool has_set = site.args.size() - first == 2;
  return ForEachRow(site.result, [=](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    if (args.back()->IsNull(row) || args[first]->IsNull(row)) {
      out->AppendNull();
    } else {
      Text set = has_set ? args[first]->StringAt(row) : Text(" ");
      out->AppendString(TrimPieces(args.back()->StringAt(row), set, left, right));
    }
    return Status::Ok();
  });
}

// ------------------------------------------------------------------------------------------ parts

// SUBSTRING: positions start at 1, negative ones count from the end, 0 is the beginning; a negative length
// gives NULL.
MaybePart Substring(Text text, int64_t start, int64_t length) {
  if (length < 0 || length > DataType::kMaxLength || start > DataType::kMaxLength) return std::nullopt;
  if (start > 0) {
    start -= 1;
  } else if (start < 0) {
    start += CountCodePoints(text);
    if (start < 0) return Text();
  }
  Text rest = text.substr(CodePointOffset(text, start));
  return rest.substr(0, CodePointOffset(rest, length));
}

Kernel BindSubstring(const CallSite& site) {
  if (site.args.size() == 2) {
    return RowKernel<MaybePart(Text, int64_t)>::Make(
        site.result, [](Text text, int64_t start) { return Substring(text, start, DataType::kMaxLength); });
  }
  return RowKernel<MaybePart(Text, int64_t, int64_t)>::Make(site.result, Substring);
}

Text Left(Text text, int64_t length) {
  return length <= 0 ? Text() : text.substr(0, CodePointOffset(text, length));
}

Text Right(Text text, int64_t length) {
  if (length <= 0) return {};
  return text.substr(CodePointOffset(text, std::max<int64_t>(CountCodePoints(text) - length, 0)));
}

// A length of 0 drops what follows the replacement, as in Flink.
std::string OverlayText(Text text, Text replacement, int64_t start, int64_t length) {
  int64_t count = CountCodePoints(text);
  if (start <= 0 || start > count) return std::string(text);
  std::string out(text.substr(0, CodePointOffset(text, start - 1)));
  out.append(replacement);
  if (length > 0 && start + length <= count)
    out.append(text.substr(CodePointOffset(text, start - 1 + length)));
  return out;
}

Kernel BindOverlay(const CallSite& site) {
  if (site.args.size() == 3) {
    return RowKernel<std::string(Text, Text, int64_t)>::Make(
        site.result,
        [](Text text, Text by, int64_t start) { return OverlayText(text, by, start, CountCodePoints(by)); });
  }
  return RowKernel<std::string(Text, Text, int64_t, int64_t)>::Make(site.result, OverlayText);
}

// ------------------------------------------------------------------------------------------ padding

// `length` code points of `pad`, repeated.
std::string Padding(Text pad, int64_t length) {
  std::string out;
  int64_t whole = length / CountCodePoints(pad);
  for (int64_t i = 0; i < whole; ++i) out.append(pad);
  out.append(pad.substr(0, CodePointOffset(pad, length - whole * CountCodePoints(pad))));
  return out;
}

Result<MaybeText> Pad(Text text, int64_t length, Text pad, bool left) {
  if (length < 0 || pad.empty()) return MaybeText();
  if (length > kMaxTextBytes) return TextTooLong(left ? "LPAD" : "RPAD");
  int64_t missing = length - CountCodePoints(text);
  if (missing <= 0) return MaybeText(text.substr(0, CodePointOffset(text, length)));
  std::string padding = Padding(pad, missing);
  return MaybeText(left ? padding.append(text) : std::string(text).append(padding));
}

Function::Bind PadFunction(bool left) {
  return RowFunction<Result<MaybeText>(Text, int64_t, Text)>(
      [left](Text text, int64_t length, Text pad) { return Pad(text, length, pad, left); });
}

Result<std::string> Repeat(Text text, int64_t times) {
  std::string out;
  if (times > 0 && static_cast<int64_t>(text.size()) > kMaxTextBytes / times) return TextTooLong("REPEAT");
  for (int64_t i = 0; i < times && !text.empty(); ++i) out.append(text);
  return out;
}

std::string Reverse(Text text) {
  std::string out;
  out.reserve(text.size());
  std::vector<Text> pieces = SplitCodePoints(text);
  for (auto it = pieces.rbegin(); it != pieces.rend(); ++it) out.append(*it);
  return out;
}

void RegisterParts(FunctionRegistry* registry) {
  for (const char* name : {"SUBSTRING", "SUBSTR"}) {
    registry->Add(name,
                  Resolver({.name = name,
                            .args = {Family::kCharacter, Family::kBigInt, Family::kBigInt},
                            .required = 2,
                            .result = VaryingArg0(),
                            .nullability = Nullability::kAlways}),
                  BindSubstring);
  }
  for (bool left : {true, false}) {
    const char* name = left ? "LEFT" : "RIGHT";
    registry->Add(name,
                  Resolver({.name = name,
                            .args = {Family::kCharacter, Family::kBigInt},
                            .result = VaryingArg0(),
                            .nullability = Nullability::kAlways}),
                  RowFunction<Text(Text, int64_t)>(left ? Left : Right));
  }
  registry->Add("OVERLAY",
                Resolver({.name = "OVERLAY",
                          .args = {Family::kCharacter, Family::kCharacter, Family::kBigInt, Family::kBigInt},
                          .required = 3,
                          .result =
                              [](std::span<const ArgInfo> args) {
                                return SumOfLengths(Varying(args[0].type), Varying(args[1].type));
                              }}),
                BindOverlay);
}

void RegisterTrims(FunctionRegistry* registry) {
  registry->Add("TRIM", ResolveTrim, BindTrim);
  struct {
    const char* name;
    bool left, right;
  } const kTrims[] = {{"LTRIM", true, false}, {"RTRIM", false, true}};
  for (const auto& trim : kTrims) {
    registry->Add(trim.name,
                  Resolver({.name = trim.name,
                            .args = {Family::kCharacter, Family::kCharacter},
                            .required = 1,
                            .result = VaryingArg0()}),
                  TrimFunction(trim.left, trim.right));
  }
  registry->Add("BTRIM",
                Resolver({.name = "BTRIM",
                          .args = {Family::kCharacter, Family::kCharacter},
                          .required = 1,
                          .result = [](std::span<const ArgInfo>) { return DataType::String(); }}),
                TrimFunction(true, true));
}

}  // namespace

void RegisterStrings(FunctionRegistry* registry) {
  auto string_type = [](std::span<const ArgInfo>) { return DataType::String(); };
  auto arg0 = [](std::span<const ArgInfo> args) { return CoerceTo(Family::kCharacter, args[0].type); };
  registry->Add("||", ResolveConcatOperator, BindConcat);
  registry->Add(
      "CONCAT",
      Resolver({.name = "CONCAT", .args = {Family::kText}, .repeat_last = true, .result = string_type}),
      BindConcat);
  registry->Add("CONCAT_WS", ResolveConcatWs, BindConcatWs);
  registry->Add(
      "CHAR_LENGTH", Fixed("CHAR_LENGTH", {Family::kCharacter}, DataType::Int()),
      RowFunction<int32_t(Text)>([](Text text) { return static_cast<int32_t>(CountCodePoints(text)); }));
  registry->Alias("CHARACTER_LENGTH", "CHAR_LENGTH");
  registry->Add("UPPER", Resolver({.name = "UPPER", .args = {Family::kCharacter}, .result = arg0}),
                RowFunction<std::string(Text)>(ToUpperUnicode));
  registry->Add("LOWER", Resolver({.name = "LOWER", .args = {Family::kCharacter}, .result = arg0}),
                RowFunction<std::string(Text)>(ToLowerUnicode));
  registry->Add("INITCAP", Resolver({.name = "INITCAP", .args = {Family::kCharacter}, .result = arg0}),
                RowFunction<std::string(Text)>(InitCap));
  RegisterTrims(registry);
  RegisterParts(registry);
  for (bool left : {true, false}) {
    const char* name = left ? "LPAD" : "RPAD";
    registry
        ->Add(name,
              Fixed(name, {Family::kText, Family::kBigInt, Family::kText}, DataType::String(),
                    Nullability::kAlways),
              PadFunction(left))
        .set_may_fail(true);
  }
  registry
      ->Add("REPEAT", Fixed("REPEAT", {Family::kText, Family::kBigInt}, DataType::String()),
            RowFunction<Result<std::string>(Text, int64_t)>(Repeat))
      .set_may_fail(true);
  registry->Add("REVERSE", Fixed("REVERSE", {Family::kText}, DataType::String(), Nullability::kAlways),
                RowFunction<std::string(Text)>(Reverse));
}

}  // namespace penstock
