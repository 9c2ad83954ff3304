// The scalar BITMAP_* functions. Integers are taken as unsigned, so that -1 is the member 4294967295.
#include "expr/bitmap.h"

#include <algorithm>

#include "expr/functions/collections.h"
#include "expr/functions/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

void AddCombination(FunctionRegistry* registry, const char* name, BitmapOp op) {
  registry->Add(name, Fixed(name, {Family::kBitmap, Family::kBitmap}, DataType::Bitmap()),
                RowFunction<std::string(std::string_view, std::string_view)>(
                    [op](std::string_view a, std::string_view b) { return CombineBitmaps(op, a, b); }));
}

Result<Signature> ResolveBuild(std::span<const ArgInfo> args) {
  bool integers =
      args.size() == 1 && args[0].type.is(TypeKind::kArray) && Matches(Family::kInt, args[0].type.element());
  if (!integers) return BadArguments("BITMAP_BUILD", "array ARRAY<INT>");
  const DataType& element = args[0].type.element();
  DataType array = DataType::Array(DataType::Int().WithNullable(element.nullable()));
  return Signature{{array.WithNullable(args[0].type.nullable())},
                   DataType::Bitmap().WithNullable(args[0].type.nullable())};
}

Kernel BindBuild(const CallSite& site) {
  return PerRow(site.result, 1, [](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    BitmapMembers members;
    const Column& elements = *args[0]->child(0);
    for (int32_t e = args[0]->ListBegin(row); e < args[0]->ListEnd(row); ++e) {
      if (!elements.IsNull(e)) members.push_back(static_cast<uint32_t>(elements.At<int32_t>(e)));
    }
    std::sort(members.begin(), members.end());
    members.erase(std::unique(members.begin(), members.end()), members.end());
    out->AppendString(EncodeBitmap(members));
    return Status::Ok();
  });
}

Kernel BindToArray(const CallSite& site) {
  return PerRow(site.result, 1, [](std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out) {
    for (uint32_t member : DecodeBitmap(args[0]->StringAt(row)))
      out->child(0).Append(static_cast<int32_t>(member));
    out->CloseList();
    return Status::Ok();
  });
}

Result<std::string> FromBytes(std::string_view bytes) {
  std::optional<std::string> bitmap = BitmapFromRoaring(bytes);
  if (!bitmap)
    return Status::InvalidData("Failed to deserialize bitmap from bytes.").WithNumber(ErrorNumber::kRuntime);
  return *bitmap;
}

}  // namespace

void RegisterBitmap(FunctionRegistry* registry) {
  AddCombination(registry, "BITMAP_AND", BitmapOp::kAnd);
  AddCombination(registry, "BITMAP_ANDNOT", BitmapOp::kAndNot);
  AddCombination(registry, "BITMAP_OR", BitmapOp::kOr);
  AddCombination(registry, "BITMAP_XOR", BitmapOp::kXor);
  registry->Add("BITMAP_BUILD", ResolveBuild, BindBuild);
  registry->Add("BITMAP_CARDINALITY", Fixed("BITMAP_CARDINALITY", {Family::kBitmap}, DataType::BigInt()),
                RowFunction<int64_t(std::string_view)>(BitmapSize));
  registry
      ->Add("BITMAP_FROM_BYTES", Fixed("BITMAP_FROM_BYTES", {Family::kBinary}, DataType::Bitmap()),
            RowFunction<Result<std::string>(std::string_view)>(FromBytes))
      .set_may_fail(true);
  registry->Add("BITMAP_TO_BYTES", Fixed("BITMAP_TO_BYTES", {Family::kBitmap}, DataType::Bytes()),
                RowFunction<std::string(std::string_view)>(BitmapToRoaring));
  registry->Add("BITMAP_TO_ARRAY",
                Fixed("BITMAP_TO_ARRAY", {Family::kBitmap}, DataType::Array(DataType::Int())), BindToArray);
  registry->Add("BITMAP_TO_STRING", Fixed("BITMAP_TO_STRING", {Family::kBitmap}, DataType::String()),
                RowFunction<std::string(std::string_view)>(BitmapToText));
}

}  // namespace penstock
