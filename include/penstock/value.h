// Value: one SQL value outside of a batch of rows. How the types of SQL appear:
//   BOOLEAN                            bool
//   TINYINT .. BIGINT                  int64_t
//   FLOAT, DOUBLE                      double
//   CHAR, VARCHAR, STRING              text, UTF-8
//   BINARY, VARBINARY, BYTES           text, any bytes
//   DECIMAL(p, s)                      text in plain notation with s fraction digits, "-12.50"
//   DATE                               int64_t, days since 1970-01-01
//   TIME                               int64_t, milliseconds of the day
//   TIMESTAMP(p), TIMESTAMP_LTZ(p)     int64_t since 1970-01-01T00:00 (LTZ: UTC), microseconds where p <= 6,
//   else
//                                      nanoseconds; NULL where that is out of range (years 1677 to 2262)
//   INTERVAL                           int64_t, months or milliseconds
//   ARRAY, ROW, MAP                    list: elements; fields; keys and values in turn
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "penstock/config.h"

PENSTOCK_API_BEGIN

// The kind of change that a row of a changelog is.
enum class RowKind : unsigned char { kInsert, kUpdateBefore, kUpdateAfter, kDelete };
const char* RowKindText(RowKind kind);  // "+I", "-U", "+U", "-D"

class Value {
 public:
  using List = std::vector<Value>;

  Value() = default;  // NULL
  static Value Null() { return {}; }
  static Value Bool(bool value) { return Value(Rep(value)); }
  static Value Int(int64_t value) { return Value(Rep(value)); }
  static Value Double(double value) { return Value(Rep(value)); }
  static Value Text(std::string value) { return Value(Rep(std::move(value))); }
  static Value ListOf(List values) { return Value(Rep(std::move(values))); }

  bool is_null() const { return std::holds_alternative<std::monostate>(rep_); }
  bool is_bool() const { return std::holds_alternative<bool>(rep_); }
  bool is_int() const { return std::holds_alternative<int64_t>(rep_); }
  bool is_double() const { return std::holds_alternative<double>(rep_); }
  bool is_text() const { return std::holds_alternative<std::string>(rep_); }
  bool is_list() const { return std::holds_alternative<List>(rep_); }
  // REQUIRES: the value is of that kind; ends in std::bad_variant_access otherwise.
  bool as_bool() const { return std::get<bool>(rep_); }
  int64_t as_int() const { return std::get<int64_t>(rep_); }
  double as_double() const { return std::get<double>(rep_); }
  const std::string& as_text() const { return std::get<std::string>(rep_); }
  const List& as_list() const { return std::get<List>(rep_); }

  bool operator==(const Value& other) const = default;

 private:
  using Rep = std::variant<std::monostate, bool, int64_t, double, std::string, List>;
  explicit Value(Rep rep) : rep_(std::move(rep)) {}
  Rep rep_;
};

PENSTOCK_API_END
