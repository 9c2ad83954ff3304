// Mathematics over DOUBLE: powers, logarithms, angles, and the texts of numbers in other bases (BIN, HEX,
// UNHEX).
#include <cmath>
#include <numbers>

#include "expr/functions/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

using Unary = double (*)(double);

void AddUnary(FunctionRegistry* registry, const char* name, Unary function) {
  registry->Add(name, Fixed(name, {Family::kDouble}, DataType::Double()),
                RowFunction<double(double)>(function));
}

void AddBinary(FunctionRegistry* registry, const char* name, double (*function)(double, double)) {
  registry->Add(name, Fixed(name, {Family::kDouble, Family::kDouble}, DataType::Double()),
                RowFunction<double(double, double)>(function));
}

double Log(double x) { return std::log(x); }
double Log2(double x) { return std::log(x) / std::log(2.0); }
double LogOfBase(double base, double x) { return std::log(x) / std::log(base); }

Kernel BindLog(const CallSite& site) {
  if (site.args.size() == 1) return RowKernel<double(double)>::Make(site.result, Log);
  return RowKernel<double(double, double)>::Make(site.result, LogOfBase);
}

void AddConstant(FunctionRegistry* registry, const char* name, double value) {
  registry->Add(name, Fixed(name, {}, DataType::Double().NotNull(), Nullability::kNever),
                [value](const CallSite&) -> Kernel {
                  return [value](std::span<const ColumnPtr>, int64_t rows) -> Result<ColumnPtr> {
                    return Column::Constant(DataType::Double(), Value::Double(value), rows);
                  };
                });
}

std::string ToBase(uint64_t value, int bits) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789ABCDEF"[value & ((1u << bits) - 1)]);
    value >>= bits;
  } while (value != 0);
  return digits;
}

std::string HexOfBytes(std::string_view bytes) {
  std::string text;
  for (char c : bytes) {
    auto byte = static_cast<uint8_t>(c);
    text += "0123456789ABCDEF"[byte >> 4];
    text += "0123456789ABCDEF"[byte & 15];
  }
  return text;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The first digit of an odd number of digits is dropped and leaves a zero byte; NULL where a digit is none.
std::optional<std::string> Unhex(std::string_view text) {
  std::string bytes;
  if (text.size() % 2 != 0) {
    if (HexDigit(text[0]) < 0) return std::nullopt;
    bytes.push_back('\0');
  }
  for (size_t i = text.size() % 2; i < text.size(); i += 2) {
    int high = HexDigit(text[i]), low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return bytes;
}

Result<Signature> ResolveHex(std::span<const ArgInfo> args) {
  if (args.size() == 1 && args[0].type.is_integer())
    return Signature{{DataType::BigInt().WithNullable(args[0].type.nullable())},
                     DataType::String().WithNullable(args[0].type.nullable())};
  return Fixed("HEX", {Family::kCharacter}, DataType::String())(args);
}

Kernel BindHex(const CallSite& site) {
  if (site.args[0].is_integer()) {
    return RowKernel<std::string(int64_t)>::Make(
        site.result, [](int64_t v) { return ToBase(static_cast<uint64_t>(v), 4); });
  }
  return RowKernel<std::string(std::string_view)>::Make(site.result, HexOfBytes);
}

}  // namespace

void RegisterMath(FunctionRegistry* registry) {
  AddUnary(registry, "SQRT", std::sqrt);
  AddUnary(registry, "EXP", std::exp);
  AddUnary(registry, "LN", std::log);
  AddUnary(registry, "LOG10", std::log10);
  AddUnary(registry, "SIN", std::sin);
  AddUnary(registry, "COS", std::cos);
  AddUnary(registry, "TAN", std::tan);
  AddUnary(registry, "COT", [](double x) { return 1.0 / std::tan(x); });
  AddUnary(registry, "ASIN", std::asin);
  AddUnary(registry, "ACOS", std::acos);
  AddUnary(registry, "ATAN", std::atan);
  AddUnary(registry, "SINH", std::sinh);
  AddUnary(registry, "COSH", std::cosh);
  AddUnary(registry, "TANH", std::tanh);
  AddUnary(registry, "DEGREES", [](double x) { return x * (180.0 / std::numbers::pi); });
  AddUnary(registry, "RADIANS", [](double x) { return x * (std::numbers::pi / 180.0); });
  AddBinary(registry, "ATAN2", std::atan2);
  AddBinary(registry, "POWER", std::pow);
  AddConstant(registry, "PI", std::numbers::pi);
  AddConstant(registry, "E", std::numbers::e);
  AddUnary(registry, "LOG2", Log2);
  registry->Add("LOG",
                Resolver({.name = "LOG",
                          .args = {Family::kDouble, Family::kDouble},
                          .required = 1,
                          .result = [](std::span<const ArgInfo>) { return DataType::Double(); }}),
                BindLog);
  registry->Add(
      "BIN", Fixed("BIN", {Family::kBigInt}, DataType::String()),
      RowFunction<std::string(int64_t)>([](int64_t v) { return ToBase(static_cast<uint64_t>(v), 1); }));
  registry->Add("HEX", ResolveHex, BindHex);
  registry->Add("UNHEX", Fixed("UNHEX", {Family::kCharacter}, DataType::Bytes(), Nullability::kAlways),
                RowFunction<std::optional<std::string>(std::string_view)>(Unhex));
}

}  // namespace penstock
