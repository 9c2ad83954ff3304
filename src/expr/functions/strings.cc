// Text functions: case, concatenation, length. Lengths and positions count code points.
#include "base/strings.h"
#include "expr/functions/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

int32_t CountCodePoints(std::string_view text) {
  int32_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

Result<Signature> ResolveConcat(std::span<const ArgInfo> args) {
  if (args.size() != 2 || !Matches(Family::kText, args[0].type) || !Matches(Family::kText, args[1].type)) {
    return BadArguments("||", "<string>, <string>");
  }
  DataType a = CoerceTo(Family::kText, args[0].type), b = CoerceTo(Family::kText, args[1].type);
  if (a.is_binary() != b.is_binary()) return BadArguments("||", "<string>, <string>");
  int64_t length = std::min<int64_t>(int64_t{a.length()} + b.length(), DataType::kMaxLength);
  bool fixed = a.is(TypeKind::kChar) && b.is(TypeKind::kChar);
  DataType result = a.is_binary() ? DataType::VarBinary(static_cast<int>(length))
                    : fixed       ? DataType::Char(static_cast<int>(length))
                                  : DataType::VarChar(static_cast<int>(length));
  return Signature{{a, b}, WithNullability(result, args, Nullability::kIfAnyArgument)};
}

}  // namespace

void RegisterStrings(FunctionRegistry* registry) {
  registry->Add("||", ResolveConcat,
                RowFunction<std::string(std::string_view, std::string_view)>(
                    [](std::string_view a, std::string_view b) { return std::string(a).append(b); }));
  registry->Add("CHAR_LENGTH", Fixed("CHAR_LENGTH", {Family::kCharacter}, DataType::Int()),
                RowFunction<int32_t(std::string_view)>(CountCodePoints));
  registry->Alias("CHARACTER_LENGTH", "CHAR_LENGTH");
  registry->Add("UPPER", Fixed("UPPER", {Family::kCharacter}, DataType::String()),
                RowFunction<std::string(std::string_view)>(ToUpperAscii));
  registry->Add("LOWER", Fixed("LOWER", {Family::kCharacter}, DataType::String()),
                RowFunction<std::string(std::string_view)>(ToLowerAscii));
}

}  // namespace penstock
