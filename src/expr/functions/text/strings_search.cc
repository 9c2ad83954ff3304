// Text functions that look into a text or take it apart: positions, prefixes, replacement, splitting, and
// what kind of characters it has.
#include <algorithm>
#include <charconv>

#include "expr/functions/text/register_text.h"
#include "expr/functions/text/text.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"
#include "expr/type_rules.h"

namespace penstock {

namespace {

using Text = std::string_view;
using MaybeText = std::optional<std::string>;

// The 1-based position of `part` at or after the 1-based position `from`, 0 when it is not there.
int64_t Locate(Text part, Text text, int64_t from) {
  if (part.empty()) return 1;
  size_t begin = CodePointOffset(text, std::max<int64_t>(from - 1, 0));
  size_t found = text.find(part, begin);
  return found == Text::npos ? 0 : CountCodePoints(text.substr(0, found)) + 1;
}

Kernel BindLocate(const CallSite& site) {
  if (site.args.size() == 2) {
    return RowKernel<int32_t(Text, Text)>::Make(
        site.result, [](Text part, Text text) { return static_cast<int32_t>(Locate(part, text, 1)); });
  }
  return RowKernel<int32_t(Text, Text, int64_t)>::Make(site.result, [](Text part, Text text, int64_t from) {
    return static_cast<int32_t>(Locate(part, text, from));
  });
}

std::string Reversed(Text text) {
  std::string out;
  std::vector<Text> pieces = SplitCodePoints(text);
  for (auto it = pieces.rbegin(); it != pieces.rend(); ++it) out.append(*it);
  return out;
}

// The n-th occurrence from a position; a negative position looks backwards from the end.
int64_t FindNth(Text text, Text part, int64_t start, int64_t nth) {
  if (start == 0) return 0;
  if (start < 0) {
    int64_t at = FindNth(Reversed(text), Reversed(part), -start, nth);
    return at == 0 ? 0 : CountCodePoints(text) + 2 - at - CountCodePoints(part);
  }
  int64_t at = 0;
  for (int64_t i = 0; i < nth; ++i) {
    at = Locate(part, text, start);
    if (at == 0) return 0;
    start = at + 1;
  }
  return at;
}

Result<int32_t> Instr(Text text, Text part, int64_t start, int64_t nth) {
  if (nth <= 0) return Status::InvalidData("INSTR: the appearance must be positive");
  return static_cast<int32_t>(FindNth(text, part, start, nth));
}

Kernel BindInstr(const CallSite& site) {
  return ForEachRow(site.result, [](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    for (const ColumnPtr& arg : args) {
      if (arg->IsNull(row)) {
        out->AppendNull();
        return Status::Ok();
      }
    }
    int64_t start = args.size() > 2 ? args[2]->At<int64_t>(row) : 1;
    int64_t nth = args.size() > 3 ? args[3]->At<int64_t>(row) : 1;
    ASSIGN_OR_RETURN(int32_t at, Instr(args[0]->StringAt(row), args[1]->StringAt(row), start, nth));
    out->Append(at);
    return Status::Ok();
  });
}

// Two texts of the same sort, both characters or both bytes.
Result<Signature> ResolvePairOfTexts(std::string_view name, std::span<const ArgInfo> args) {
  bool ok = args.size() == 2 && Matches(Family::kText, args[0].type) && Matches(Family::kText, args[1].type);
  if (ok && !args[0].type.is(TypeKind::kNull) && !args[1].type.is(TypeKind::kNull)) {
    ok = args[0].type.is_binary() == args[1].type.is_binary();
  }
  if (!ok) return BadArguments(name, "<string>, <string>");
  return Signature{{CoerceTo(Family::kText, args[0].type), CoerceTo(Family::kText, args[1].type)},
                   DataType::Boolean().WithNullable(AnyNullable(args))};
}

// ------------------------------------------------------------------------------------------ replacing

Result<std::string> Replace(Text text, Text old_part, Text new_part) {
  std::string out;
  if (old_part.empty()) {  // Java: between all characters and at both ends
    for (Text piece : SplitCodePoints(text)) out.append(new_part).append(piece);
    return out.append(new_part);
  }
  size_t at = 0;
  for (size_t found = text.find(old_part); found != Text::npos; found = text.find(old_part, at)) {
    out.append(text.substr(at, found - at)).append(new_part);
    at = found + old_part.size();
    if (static_cast<int64_t>(out.size()) > kMaxTextBytes) return TextTooLong("REPLACE");
  }
  return out.append(text.substr(at));
}

// Each code point of `from` becomes the one at the same place of `to`, or nothing. NULL lists count as empty.
std::string Translate(Text text, std::optional<Text> from, std::optional<Text> to) {
  if (!from || from->empty()) return std::string(text);
  std::vector<Text> old_pieces = SplitCodePoints(*from), new_pieces = SplitCodePoints(to.value_or(Text()));
  std::string out;
  for (Text piece : SplitCodePoints(text)) {
    auto found =
        static_cast<size_t>(std::find(old_pieces.begin(), old_pieces.end(), piece) - old_pieces.begin());
    if (found == old_pieces.size()) {
      out.append(piece);
    } else if (found < new_pieces.size()) {
      out.append(new_pieces[found]);
    }
  }
  return out;
}

Result<Signature> ResolveTranslate(std::span<const ArgInfo> args) {
  Signature signature;
  for (const ArgInfo& arg : args) {
    if (!Matches(Family::kCharacter, arg.type) || args.size() != 3)
      return BadArguments("TRANSLATE3", "<character string>, <character string>, <character string>");
    signature.args.push_back(CoerceTo(Family::kCharacter, arg.type));
  }
  if (args.empty()) return BadArguments("TRANSLATE3", "expr, fromStr, toStr");
  signature.result = DataType::String().WithNullable(args[0].type.nullable());
  return signature;
}

// ------------------------------------------------------------------------------------------ splitting

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Where the piece that begins at `begin` ends; an empty separator splits at white space.
size_t EndOfPiece(Text text, Text separator, size_t begin) {
  if (separator.size() == 1) return std::min(text.find(separator[0], begin), text.size());
  if (!separator.empty()) return std::min(text.find(separator, begin), text.size());
  size_t end = begin;
  while (end < text.size() && !IsSpace(text[end])) ++end;
  return end;
}

// The index-th piece (from 0).
std::optional<Text> SplitIndex(Text text, Text separator, int64_t index) {
  if (index < 0 || text.empty()) return std::nullopt;
  size_t begin = 0;
  for (;; --index) {
    size_t end = EndOfPiece(text, separator, begin);
    if (index == 0) return text.substr(begin, end - begin);
    if (end >= text.size()) return std::nullopt;
    begin = end + std::max<size_t>(separator.size(), 1);
  }
}

// The separator may be the number of a character.
Result<Signature> ResolveSplitIndex(std::span<const ArgInfo> args) {
  bool ok = args.size() == 3 && Matches(Family::kText, args[0].type) &&
            (Matches(Family::kText, args[1].type) || Matches(Family::kInteger, args[1].type)) &&
            Matches(Family::kInteger, args[2].type);
  if (!ok) return BadArguments("SPLIT_INDEX", "<string>, <string>, <integer>");
  Family separator = Matches(Family::kText, args[1].type) ? Family::kText : Family::kBigInt;
  return Signature{{CoerceTo(Family::kText, args[0].type), CoerceTo(separator, args[1].type),
                    CoerceTo(Family::kBigInt, args[2].type)},
                   DataType::String()};
}

Kernel BindSplitIndex(const CallSite& site) {
  if (!site.args[1].is(TypeKind::kBigInt))
    return RowKernel<std::optional<Text>(Text, Text, int64_t)>::Make(site.result, SplitIndex);
  return RowKernel<std::optional<Text>(Text, int64_t, int64_t)>::Make(
      site.result, [](Text text, int64_t separator, int64_t index) -> std::optional<Text> {
        if (separator < 1 || separator > 255) return std::nullopt;
        std::string character;
        AppendCodePoint(&character, static_cast<char32_t>(separator));
        return SplitIndex(text, character, index);
      });
}

// ARRAY of all pieces; an empty delimiter splits into characters.
Kernel BindSplit(const CallSite& site) {
  return ForEachRow(site.result, [](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    if (args[0]->IsNull(row) || args[1]->IsNull(row)) {
      out->AppendNull();
      return Status::Ok();
    }
    Text text = args[0]->StringAt(row), delimiter = args[1]->StringAt(row);
    if (delimiter.empty()) {
      for (Text piece : SplitCodePoints(text)) out->child(0).AppendString(piece);
    } else {
      size_t begin = 0;
      for (size_t end = text.find(delimiter); end != Text::npos; end = text.find(delimiter, begin)) {
        out->child(0).AppendString(text.substr(begin, end - begin));
        begin = end + delimiter.size();
      }
      out->child(0).AppendString(text.substr(begin));
    }
    out->CloseList();
    return Status::Ok();
  });
}

// What precedes the count-th delimiter; with a negative count, what follows the count-th from the right.
Text SubstringIndex(Text text, Text delimiter, int64_t count) {
  if (count == 0 || text.empty() || delimiter.empty()) return {};
  if (count > 0) {
    size_t at = text.find(delimiter);
    while (at != Text::npos && --count > 0) at = text.find(delimiter, at + 1);
    return at == Text::npos ? text : text.substr(0, at);
  }
  size_t at = text.rfind(delimiter);
  while (at != Text::npos && ++count < 0) at = at == 0 ? Text::npos : text.rfind(delimiter, at - 1);
  return at == Text::npos ? text : text.substr(at + delimiter.size());
}

Result<Signature> ResolveSubstringIndex(std::span<const ArgInfo> args) {
  if (args.size() != 3 || !Matches(Family::kInteger, args[2].type))
    return BadArguments("SUBSTRING_INDEX", "<string>, <string>, <integer>");
  ASSIGN_OR_RETURN(Signature signature, ResolvePairOfTexts("SUBSTRING_INDEX", args.first(2)));
  signature.result = (signature.args[0].is_binary() ? DataType::Bytes() : DataType::String())
                         .WithNullable(AnyNullable(args));
  signature.args.push_back(CoerceTo(Family::kBigInt, args[2].type));
  return signature;
}

// ------------------------------------------------------------------------------------------ ELT

Result<Signature> ResolveElt(std::span<const ArgInfo> args) {
  bool ok = args.size() >= 2 && Matches(Family::kInteger, args[0].type);
  std::vector<DataType> types;
  bool binary = false, character = false;
  for (size_t i = 1; i < args.size(); ++i) {
    ok = ok && Matches(Family::kText, args[i].type);
    binary = binary || args[i].type.is_binary();
    character = character || args[i].type.is_character();
    types.push_back(args[i].type);
  }
  std::optional<DataType> common = ok && !(binary && character) ? CommonType(types) : std::nullopt;
  if (!common) return BadArguments("ELT", "index <INTEGER_NUMERIC>, expr <string>, exprs <string>...");
  if (args[0].literal != nullptr && args[0].literal->is_int() && args[0].literal->as_int() < 0) {
    return SqlError(ErrorNumber::kBadArguments, {},
                    "Index must be an integer starting from '0', but was '" +
                        std::to_string(args[0].literal->as_int()) + "'.");
  }
  DataType result = common->is(TypeKind::kNull) ? DataType::String() : *common;
  Signature signature{{CoerceTo(Family::kBigInt, args[0].type)}, result.WithNullable(true)};
  for (size_t i = 1; i < args.size(); ++i)
    signature.args.push_back(result.WithNullable(args[i].type.nullable()));
  return signature;
}

Kernel BindElt(const CallSite& site) {
  return ForEachRow(site.result, [](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    int64_t index = args[0]->IsNull(row) ? 0 : args[0]->At<int64_t>(row);
    if (index < 1 || index >= static_cast<int64_t>(args.size())) {
      out->AppendNull();
    } else {
      out->AppendFrom(*args[static_cast<size_t>(index)], row);
    }
    return Status::Ok();
  });
}

// ------------------------------------------------------------------------------------------ kinds

bool IsNumberText(Text text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  if (text == "NaN" || text == "Infinity") return true;
  if (text.size() > 1 && std::string_view("dDfF").find(text.back()) != Text::npos) text.remove_suffix(1);
  if (text.empty() || !(text[0] == '.' || (text[0] >= '0' && text[0] <= '9'))) return false;
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return end == text.data() + text.size() && error != std::errc::invalid_argument;
}

template <bool (*kTest)(char32_t)>
bool AllAre(Text text) {
  for (size_t at = 0; at < text.size(); at += CodePointLength(text, at)) {
    if (!kTest(DecodeCodePoint(text, at))) return false;
  }
  return !text.empty();
}

// Numbers are told by their type, texts by their characters; NULL is none of them.
void RegisterKind(FunctionRegistry* registry, const std::string& name, bool (*test)(Text),
                  bool (*test_type)(const DataType&)) {
  registry->Add(
      name,
      [name](std::span<const ArgInfo> args) -> Result<Signature> {
        if (args.size() != 1 || !(Matches(Family::kCharacter, args[0].type) || args[0].type.is_numeric()))
          return BadArguments(name, "<character string> | <numeric>");
        DataType arg = args[0].type.is_numeric() ? args[0].type : CoerceTo(Family::kCharacter, args[0].type);
        return Signature{{arg}, DataType::Boolean().NotNull()};
      },
      [test, test_type](const CallSite& site) -> Kernel {
        bool text = site.args[0].is_character(), other = !text && test_type(site.args[0]);
        return ForEachRow(site.result, [=](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
          bool yes = !args[0]->IsNull(row) && (text ? test(args[0]->StringAt(row)) : other);
          out->Append<uint8_t>(yes ? 1 : 0);
          return Status::Ok();
        });
      });
}

}  // namespace

void RegisterStringSearch(FunctionRegistry* registry) {
  registry->Add("POSITION", Fixed("POSITION", {Family::kText, Family::kText}, DataType::Int()), BindLocate);
  auto int_type = [](std::span<const ArgInfo>) { return DataType::Int(); };
  registry->Add("LOCATE",
                Resolver({.name = "LOCATE",
                          .args = {Family::kText, Family::kText, Family::kBigInt},
                          .required = 2,
                          .result = int_type}),
                BindLocate);
  registry
      ->Add("INSTR",
            Resolver({.name = "INSTR",
                      .args = {Family::kText, Family::kText, Family::kBigInt, Family::kBigInt},
                      .required = 2,
                      .result = int_type}),
            BindInstr)
      .set_may_fail(true);
  auto pair_resolver = [](const char* name) {
    return [name](std::span<const ArgInfo> args) { return ResolvePairOfTexts(name, args); };
  };
  registry->Add("STARTSWITH", pair_resolver("STARTSWITH"),
                RowFunction<bool(Text, Text)>([](Text text, Text part) { return text.starts_with(part); }));
  registry->Add("ENDSWITH", pair_resolver("ENDSWITH"),
                RowFunction<bool(Text, Text)>([](Text text, Text part) { return text.ends_with(part); }));
  registry
      ->Add("REPLACE", Fixed("REPLACE", {Family::kText, Family::kText, Family::kText}, DataType::String()),
            RowFunction<Result<std::string>(Text, Text, Text)>(Replace))
      .set_may_fail(true);
  registry->Add("TRANSLATE", ResolveTranslate,
                RowFunction<std::string(Text, std::optional<Text>, std::optional<Text>)>(Translate));
  registry->Alias("TRANSLATE3", "TRANSLATE");
  registry->Add("SPLIT_INDEX", ResolveSplitIndex, BindSplitIndex);
  registry->Add("SPLIT",
                Fixed("SPLIT", {Family::kCharacter, Family::kCharacter}, DataType::Array(DataType::String())),
                BindSplit);
  registry->Add("SUBSTRING_INDEX", ResolveSubstringIndex,
                RowFunction<Text(Text, Text, int64_t)>(SubstringIndex));
  registry->Add("ELT", ResolveElt, BindElt);
  auto never = [](const DataType&) { return false; };
  RegisterKind(registry, "IS_DECIMAL", IsNumberText, [](const DataType& type) { return type.is_numeric(); });
  RegisterKind(registry, "IS_DIGIT", AllAre<IsUnicodeDigit>,
               [](const DataType& type) { return type.is_integer(); });
  RegisterKind(registry, "IS_ALPHA", AllAre<IsUnicodeLetter>, never);
}

}  // namespace penstock
