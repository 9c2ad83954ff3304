// Value: one SQL value outside of a column: a literal, an argument, a cell of a test or of a printed row.
// Columns hold the data path's values; a Value may allocate. Its alternatives follow the physical types of
// data_type.h: integers of every width (also dates and times up to microseconds) as int64, floats as double.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/int128.h"
#include "data/data_type.h"

namespace penstock {

class Value;
// Elements of an ARRAY, fields of a ROW, or keys and values of a MAP in turn (k0, v0, k1, v1, ...).
using ValueList = std::vector<Value>;

class Value {
 public:
  Value() = default;  // NULL
  static Value Null() { return {}; }
  static Value Bool(bool v) { return Value(v); }
  static Value Int(int64_t v) { return Value(v); }
  static Value Double(double v) { return Value(v); }
  static Value Int128(int128_t v) { return Value(v); }
  static Value String(std::string v) { return Value(std::move(v)); }
  static Value List(ValueList v) { return Value(std::make_shared<const ValueList>(std::move(v))); }

  bool is_null() const { return std::holds_alternative<std::monostate>(rep_); }
  bool as_bool() const { return std::get<bool>(rep_); }
  int64_t as_int() const { return std::get<int64_t>(rep_); }
  double as_double() const { return std::get<double>(rep_); }
  int128_t as_int128() const { return std::get<int128_t>(rep_); }
  const std::string& as_string() const { return std::get<std::string>(rep_); }
  const ValueList& as_list() const { return *std::get<std::shared_ptr<const ValueList>>(rep_); }
  bool is_int() const { return std::holds_alternative<int64_t>(rep_); }
  bool is_list() const { return std::holds_alternative<std::shared_ptr<const ValueList>>(rep_); }

  // Structural equality; NaN equals NaN, -0.0 equals 0.0. Both values must be of the same type.
  bool operator==(const Value& other) const { return Compare(*this, other) == 0; }
  // Total order within one type: NULL first, NaN last; lists lexicographically.
  static int Compare(const Value& a, const Value& b);

  void Write(ByteWriter& out) const;
  static Value Read(ByteReader& in);

 private:
  template <typename T>
  explicit Value(T v) : rep_(std::move(v)) {}
  std::variant<std::monostate, bool, int64_t, double, int128_t, std::string, std::shared_ptr<const ValueList>>
      rep_;
};

using ValueRow = std::vector<Value>;

}  // namespace penstock
