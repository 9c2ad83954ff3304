// Families of argument types and the resolvers made of them.
#include "expr/signature.h"

#include <algorithm>

#include "base/strings.h"

namespace penstock {

bool Matches(Family family, const DataType& type) {
  if (type.is(TypeKind::kNull)) return true;
  switch (family) {
    case Family::kAny: return true;
    case Family::kBoolean: return type.is(TypeKind::kBoolean);
    case Family::kCharacter: return type.is_character();
    case Family::kBinary: return type.is_binary();
    case Family::kText: return type.is_character() || type.is_binary();
    case Family::kNumeric:
    case Family::kDouble: return type.is_numeric();
    case Family::kExactNumeric: return type.is_numeric() && !type.is_approximate();
    case Family::kInteger:
    case Family::kBigInt: return type.is_integer();
    case Family::kInt: return type.is_integer() && !type.is(TypeKind::kBigInt);
    case Family::kDate: return type.is(TypeKind::kDate);
    case Family::kTime: return type.is(TypeKind::kTime);
    case Family::kTimestamp: return type.is_timestamp();
    case Family::kDatetime: return type.is_datetime();
    case Family::kInterval: return type.is_interval();
    case Family::kArray: return type.is(TypeKind::kArray);
    case Family::kMap: return type.is(TypeKind::kMap);
    case Family::kRow: return type.is(TypeKind::kRow);
    case Family::kVariant: return type.is(TypeKind::kVariant);
    case Family::kBitmap: return type.is(TypeKind::kBitmap);
  }
  return false;
}

DataType CoerceTo(Family family, const DataType& type) {
  auto keep = [&](DataType untyped) { return type.is(TypeKind::kNull) ? untyped : type; };
  DataType to = type;
  switch (family) {
    case Family::kAny: return type;
    case Family::kBoolean: to = DataType::Boolean(); break;
    case Family::kCharacter:
    case Family::kText: to = keep(DataType::String()); break;
    case Family::kBinary: to = keep(DataType::Bytes()); break;
    case Family::kNumeric:
    case Family::kExactNumeric:
    case Family::kInteger: to = keep(DataType::Int()); break;
    case Family::kInt: to = DataType::Int(); break;
    case Family::kBigInt: to = DataType::BigInt(); break;
    case Family::kDouble: to = DataType::Double(); break;
    case Family::kDate: to = keep(DataType::Date()); break;
    case Family::kTime: to = keep(DataType::Time()); break;
    case Family::kTimestamp:
    case Family::kDatetime: to = keep(DataType::Timestamp(3)); break;
    case Family::kInterval: to = keep(DataType::IntervalDayTime()); break;
    case Family::kVariant: to = DataType::Variant(); break;
    case Family::kBitmap: to = DataType::Bitmap(); break;
    default: return type;
  }
  return to.WithNullable(type.nullable());
}

std::string FamilyName(Family family) {
  static const char* const kNames[] = {"any",           "boolean",   "character string",
                                       "binary string", "string",    "numeric",
                                       "exact numeric", "integer",   "int",
                                       "bigint",        "double",    "date",
                                       "time",          "timestamp", "date or time",
                                       "interval",      "array",     "map",
                                       "row",           "variant",   "bitmap"};
  return kNames[static_cast<size_t>(family)];
}

bool AnyNullable(std::span<const ArgInfo> args) {
  return std::any_of(args.begin(), args.end(),
                     [](const ArgInfo& arg) { return arg.type.nullable() || arg.type.is(TypeKind::kNull); });
}

DataType WithNullability(DataType type, std::span<const ArgInfo> args, Nullability rule) {
  switch (rule) {
    case Nullability::kAlways: return type.WithNullable(true);
    case Nullability::kNever: return type.WithNullable(false);
    case Nullability::kIfAnyArgument: break;
  }
  return type.WithNullable(AnyNullable(args));
}

Status BadArguments(std::string_view name, std::string_view expected) {
  return SqlError(ErrorNumber::kBadArguments, {},
                  "Invalid input arguments. Expected signatures are: " + std::string(name) + "(" +
                      std::string(expected) + ")");
}

Function::Resolve Resolver(SignatureSpec spec) {
  return [spec](std::span<const ArgInfo> args) -> Result<Signature> {
    size_t required = spec.required < 0 ? spec.args.size() : static_cast<size_t>(spec.required);
    bool count_ok = args.size() >= required && (spec.repeat_last || args.size() <= spec.args.size());
    Signature signature;
    for (size_t i = 0; count_ok && i < args.size(); ++i) {
      Family family = spec.args[std::min(i, spec.args.size() - 1)];
      if (!Matches(family, args[i].type)) count_ok = false;
      signature.args.push_back(CoerceTo(family, args[i].type));
    }
    if (!count_ok) {
      std::vector<std::string> names;
      for (Family family : spec.args) names.push_back("<" + FamilyName(family) + ">");
      if (spec.repeat_last) names.push_back("...");
      return BadArguments(spec.name, Join(names, ", "));
    }
    signature.result = WithNullability(spec.result(args), args, spec.nullability);
    return signature;
  };
}

Function::Resolve Fixed(std::string name, std::vector<Family> args, DataType result,
                        Nullability nullability) {
  return Resolver({.name = std::move(name),
                   .args = std::move(args),
                   .result = [result](std::span<const ArgInfo>) { return result; },
                   .nullability = nullability});
}

}  // namespace penstock
