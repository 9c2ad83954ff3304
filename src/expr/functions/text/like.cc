// LIKE with and without ESCAPE. A constant pattern is taken apart once; those that are a whole text, a
// prefix, a suffix or a part of the text need no general matcher.
#include "expr/functions/text/register_text.h"
#include "expr/functions/text/text.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"
#include "expr/vector_kernel.h"

namespace penstock {

namespace {

using Text = std::string_view;

enum class PatternKind : uint8_t { kEquals, kPrefix, kSuffix, kContains, kGeneral };

struct PatternItem {
  enum class Kind : uint8_t { kByte, kAnyCharacter, kAnyText } kind;
  char byte = 0;
};

class LikePattern {
 public:
  // `escape`: the escape character, empty for none.
  static Result<LikePattern> Parse(Text pattern, Text escape);

  bool Matches(Text text) const {
    switch (kind_) {
      case PatternKind::kEquals: return text == literal_;
      case PatternKind::kPrefix: return text.starts_with(literal_);
      case PatternKind::kSuffix: return text.ends_with(literal_);
      case PatternKind::kContains: return text.find(literal_) != Text::npos;
      case PatternKind::kGeneral: break;
    }
    return MatchesGeneral(text);
  }

 private:
  void Classify();
  bool MatchesGeneral(Text text) const;

  PatternKind kind_ = PatternKind::kGeneral;
  std::string literal_;
  std::vector<PatternItem> items_;
};

Result<LikePattern> LikePattern::Parse(Text pattern, Text escape) {
  using Kind = PatternItem::Kind;
  if (CountCodePoints(escape) > 1)
    return Status::InvalidData("Invalid escape character '" + std::string(escape) + "'");
  LikePattern parsed;
  for (size_t at = 0; at < pattern.size();) {
    Text piece = pattern.substr(at, CodePointLength(pattern, at));
    at += piece.size();
    Kind kind = piece == "_" ? Kind::kAnyCharacter : piece == "%" ? Kind::kAnyText : Kind::kByte;
    if (!escape.empty() && piece == escape) {
      Text next = at < pattern.size() ? pattern.substr(at, CodePointLength(pattern, at)) : Text();
      if (next != "_" && next != "%" && next != escape) {
        return Status::InvalidData("Invalid escape sequence '" + std::string(pattern) + "', " +
                                   std::to_string(at - piece.size()));
      }
      piece = next;
      at += next.size();
      kind = Kind::kByte;
    }
    if (kind != Kind::kByte) {
      bool repeated = kind == Kind::kAnyText && !parsed.items_.empty() && parsed.items_.back().kind == kind;
      if (!repeated) parsed.items_.push_back({kind});
      continue;
    }
    for (char c : piece) parsed.items_.push_back({Kind::kByte, c});
  }
  parsed.Classify();
  return parsed;
}

void LikePattern::Classify() {
  using Kind = PatternItem::Kind;
  size_t begin = 0, end = items_.size();
  bool open_left = begin < end && items_[begin].kind == Kind::kAnyText;
  if (open_left) ++begin;
  bool open_right = begin < end && items_[end - 1].kind == Kind::kAnyText;
  if (open_right) --end;
  for (size_t i = begin; i < end; ++i) {
    if (items_[i].kind != Kind::kByte) return;
    literal_.push_back(items_[i].byte);
  }
  if (open_left && begin == items_.size()) open_right = true;  // only %
  kind_ = open_left ? (open_right ? PatternKind::kContains : PatternKind::kSuffix)
                    : (open_right ? PatternKind::kPrefix : PatternKind::kEquals);
}

// Two cursors; on a mismatch the last % takes one more byte.
bool LikePattern::MatchesGeneral(Text text) const {
  using Kind = PatternItem::Kind;
  size_t at = 0, item = 0, retry_item = items_.size() + 1, retry_at = 0;
  while (at < text.size()) {
    if (item < items_.size() && items_[item].kind == Kind::kAnyText) {
      retry_item = ++item;
      retry_at = at;
      continue;
    }
    if (item < items_.size() && items_[item].kind == Kind::kAnyCharacter) {
      at += CodePointLength(text, at);
      ++item;
      continue;
    }
    if (item < items_.size() && items_[item].byte == text[at]) {
      ++at;
      ++item;
      continue;
    }
    if (retry_item > items_.size()) return false;
    retry_at += CodePointLength(text, retry_at);
    at = retry_at;
    item = retry_item;
  }
  while (item < items_.size() && items_[item].kind == Kind::kAnyText) ++item;
  return item == items_.size();
}

Result<Signature> ResolveLike(std::span<const ArgInfo> args) {
  bool ok = args.size() == 2 || args.size() == 3;
  Signature signature;
  for (const ArgInfo& arg : args) {
    ok = ok && Matches(Family::kText, arg.type);
    signature.args.push_back(CoerceTo(Family::kText, arg.type));
  }
  if (!ok) return BadArguments("LIKE", "<string>, <string>[, <escape>]");
  const Value* pattern = args[1].literal;
  const Value* escape = args.size() == 3 ? args[2].literal : nullptr;
  if (pattern != nullptr && !pattern->is_null() && (args.size() == 2 || (escape && !escape->is_null()))) {
    Result<LikePattern> parsed =
        LikePattern::Parse(pattern->as_string(), escape ? Text(escape->as_string()) : Text());
    if (!parsed) return SqlError(ErrorNumber::kBadArguments, {}, parsed.error().message());
  }
  signature.result = DataType::Boolean().WithNullable(AnyNullable(args));
  return signature;
}

// The constant pattern of a call, null when it is none.
std::shared_ptr<const LikePattern> ConstantPattern(const CallSite& site) {
  Text escape;
  for (size_t i = 1; i < site.args.size(); ++i) {
    if (!site.is_constant[i] || site.constants[i].is_null()) return nullptr;
  }
  if (site.args.size() == 3) escape = site.constants[2].as_string();
  Result<LikePattern> parsed = LikePattern::Parse(site.constants[1].as_string(), escape);
  return parsed ? std::make_shared<const LikePattern>(*parsed) : nullptr;
}

Kernel BindLike(const CallSite& site) {
  if (std::shared_ptr<const LikePattern> pattern = ConstantPattern(site)) {
    return [pattern](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
      const Column& text = *args[0];
      auto values = std::make_shared<Buffer>(static_cast<size_t>(rows));
      for (int64_t i = 0; i < rows; ++i) values->data()[i] = pattern->Matches(text.StringAt(i)) ? 1 : 0;
      return Column::Fixed(Physical::kBool, rows, values, MergeValidity(args.first(1), rows));
    };
  }
  if (site.args.size() == 2) {
    return RowKernel<Result<bool>(Text, Text)>::Make(site.result, [](Text text, Text like) -> Result<bool> {
      ASSIGN_OR_RETURN(LikePattern pattern, LikePattern::Parse(like, {}));
      return pattern.Matches(text);
    });
  }
  return RowKernel<Result<bool>(Text, Text, Text)>::Make(
      site.result, [](Text text, Text like, Text escape) -> Result<bool> {
        ASSIGN_OR_RETURN(LikePattern pattern, LikePattern::Parse(like, escape));
        return pattern.Matches(text);
      });
}

}  // namespace

void RegisterLike(FunctionRegistry* registry) {
  registry->Add("LIKE", ResolveLike, BindLike).set_may_fail(true);
}

}  // namespace penstock
