// Building blocks for Function::Resolve: families of argument types, how many arguments there may be, and
// what the result is. Most functions are declared with Signatures{...}; those with rules of their own write a
// lambda.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "expr/function.h"

namespace penstock {

// What an argument must be; numbers and texts are cast to the named type where one is named.
enum class Family : uint8_t {
  kAny,
  kBoolean,
  kCharacter,     // CHAR, VARCHAR, kept
  kBinary,        // BINARY, VARBINARY, kept
  kText,          // character or binary, kept
  kNumeric,       // kept
  kExactNumeric,  // integers and DECIMAL, kept
  kInteger,       // TINYINT .. BIGINT, kept
  kInt,           // TINYINT .. INT, cast to INT
  kBigInt,        // any integer, cast to BIGINT
  kDouble,        // any number, cast to DOUBLE
  kDate,
  kTime,
  kTimestamp,  // TIMESTAMP or TIMESTAMP_LTZ, kept
  kDatetime,   // DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ, kept
  kInterval,
  kArray,
  kMap,
  kRow,
  kVariant,
  kBitmap,
};

bool Matches(Family family, const DataType& type);
// The type an argument of the family is cast to.
DataType CoerceTo(Family family, const DataType& type);
std::string FamilyName(Family family);

enum class Nullability : uint8_t { kIfAnyArgument, kAlways, kNever };

using ResultType = std::function<DataType(std::span<const ArgInfo>)>;

struct SignatureSpec {
  std::string name;
  std::vector<Family> args;
  int required = -1;         // how many arguments must be there; -1: all
  bool repeat_last = false;  // the last family may occur any number of times
  ResultType result;
  Nullability nullability = Nullability::kIfAnyArgument;
};

Function::Resolve Resolver(SignatureSpec spec);
// The usual case: fixed families and a fixed result type.
Function::Resolve Fixed(std::string name, std::vector<Family> args, DataType result,
                        Nullability nullability = Nullability::kIfAnyArgument);

// "Invalid input arguments. Expected signatures are: ...": what a failing resolver returns.
Status BadArguments(std::string_view name, std::string_view expected);

DataType WithNullability(DataType type, std::span<const ArgInfo> args, Nullability rule);
bool AnyNullable(std::span<const ArgInfo> args);

}  // namespace penstock
