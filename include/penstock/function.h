// Scalar functions of an application. Most are plain functions of one row, see Session::RegisterFunction; a
// ScalarFunction works on whole batches and takes any SQL types.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "penstock/rows.h"

PENSTOCK_API_BEGIN

struct ScalarFunction {
  std::string name;
  std::vector<std::string> argument_types;  // as SQL writes them; arguments are converted where SQL would
  std::string result_type;
  // Equal arguments give equal results: calls with constants are evaluated once, when a statement is planned.
  bool deterministic = true;
  // Writes one row of one cell to `results` for every row of `arguments`. Called from several threads at a
  // time. An error fails the job.
  std::function<Status(const RowBatch& arguments, RowWriter& results)> evaluate;
};

namespace internal {

// How a C++ type of a parameter or result is read, written and named in SQL. Only these types are known.
template <typename T>
struct Cell;
template <>
struct Cell<bool> {
  static constexpr const char* kType = "BOOLEAN";
  static bool Read(const RowBatch& rows, int64_t row, int column) { return rows.Bool(row, column); }
  static void Write(RowWriter& to, bool value) { to.Bool(value); }
};
template <>
struct Cell<int64_t> {
  static constexpr const char* kType = "BIGINT";
  static int64_t Read(const RowBatch& rows, int64_t row, int column) { return rows.Int(row, column); }
  static void Write(RowWriter& to, int64_t value) { to.Int(value); }
};
template <>
struct Cell<int32_t> {
  static constexpr const char* kType = "INT";
  static int32_t Read(const RowBatch& rows, int64_t row, int column) {
    return static_cast<int32_t>(rows.Int(row, column));
  }
  static void Write(RowWriter& to, int32_t value) { to.Int(value); }
};
template <>
struct Cell<double> {
  static constexpr const char* kType = "DOUBLE";
  static double Read(const RowBatch& rows, int64_t row, int column) { return rows.Double(row, column); }
  static void Write(RowWriter& to, double value) { to.Double(value); }
};
template <>
struct Cell<std::string_view> {
  static constexpr const char* kType = "STRING";
  static std::string_view Read(const RowBatch& rows, int64_t row, int column) {
    return rows.Text(row, column);
  }
  static void Write(RowWriter& to, std::string_view value) { to.Text(value); }
};
template <>
struct Cell<std::string> {
  static constexpr const char* kType = "STRING";
  static std::string Read(const RowBatch& rows, int64_t row, int column) {
    return std::string(rows.Text(row, column));
  }
  static void Write(RowWriter& to, const std::string& value) { to.Text(value); }
};
template <typename T>
struct Cell<std::optional<T>> {
  static constexpr const char* kType = Cell<T>::kType;
  static std::optional<T> Read(const RowBatch& rows, int64_t row, int column) {
    if (rows.IsNull(row, column)) return std::nullopt;
    return Cell<T>::Read(rows, row, column);
  }
  static void Write(RowWriter& to, const std::optional<T>& value) {
    if (value)
      Cell<T>::Write(to, *value);
    else
      to.Null();
  }
};

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
// What a function returns without its Result.
template <typename T>
struct ValueOf {
  using Type = T;
  static constexpr bool kMayFail = false;
};
template <typename T>
struct ValueOf<Result<T>> {
  using Type = T;
  static constexpr bool kMayFail = true;
};

template <typename Signature>
struct RowFunction;
template <typename R, typename... A>
struct RowFunction<R(A...)> {
  using Type = typename ValueOf<R>::Type;

  template <typename F>
  static ScalarFunction Make(std::string name, F f) {
    ScalarFunction made;
    made.name = std::move(name);
    made.argument_types = {Cell<A>::kType...};
    made.result_type = Cell<Type>::kType;
    made.evaluate = [f = std::move(f)](const RowBatch& arguments, RowWriter& results) {
      return Run(f, arguments, results, std::index_sequence_for<A...>{});
    };
    return made;
  }

 private:
  template <typename F, size_t... I>
  static Status Run(const F& f, const RowBatch& arguments, RowWriter& results, std::index_sequence<I...>) {
    for (int64_t row = 0; row < arguments.rows(); ++row) {
      if (((!IsOptional<A>::value && arguments.IsNull(row, static_cast<int>(I))) || ...)) {
        results.Null();
      } else if constexpr (ValueOf<R>::kMayFail) {
        R value = f(Cell<A>::Read(arguments, row, static_cast<int>(I))...);
        if (!value) return value.error();
        Cell<Type>::Write(results, *value);
      } else {
        Cell<Type>::Write(results, f(Cell<A>::Read(arguments, row, static_cast<int>(I))...));
      }
      results.EndRow();
    }
    return Status::Ok();
  }
};

}  // namespace internal

PENSTOCK_API_END
