// Adaptors that turn a plain C++ function of one row into a kernel over columns. The function's parameter
// types pick the readers (bool, integers, float, double, int128_t, std::string_view, Value) and its result
// type the writer; it may return T, std::optional<T> (NULL) or Result<T>/Result<std::optional<T>> (fails the
// job). Rows with a NULL argument give NULL without a call, unless the kernel is made with WithNulls, whose
// parameters are std::optional.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "data/column_builder.h"
#include "expr/function.h"

namespace penstock {

template <typename T>
struct ArgReader {
  static T Read(const Column& column, int64_t row) { return column.At<T>(row); }
};
template <>
struct ArgReader<bool> {
  static bool Read(const Column& column, int64_t row) { return column.At<uint8_t>(row) != 0; }
};
template <>
struct ArgReader<std::string_view> {
  static std::string_view Read(const Column& column, int64_t row) { return column.StringAt(row); }
};
template <>
struct ArgReader<Value> {
  static Value Read(const Column& column, int64_t row) { return column.ValueAt(row); }
};
template <typename T>
struct ArgReader<std::optional<T>> {
  static std::optional<T> Read(const Column& column, int64_t row) {
    if (column.IsNull(row)) return std::nullopt;
    return ArgReader<T>::Read(column, row);
  }
};

inline void WriteResult(ColumnBuilder& out, bool v) { out.Append<uint8_t>(v ? 1 : 0); }
inline void WriteResult(ColumnBuilder& out, std::string_view v) { out.AppendString(v); }
inline void WriteResult(ColumnBuilder& out, const std::string& v) { out.AppendString(v); }
inline void WriteResult(ColumnBuilder& out, const Value& v) { out.AppendValue(v); }
template <typename T>
requires(std::is_arithmetic_v<T> || std::is_same_v<T, int128_t>) void WriteResult(ColumnBuilder& out, T v) {
  out.Append(v);
}
template <typename T>
void WriteResult(ColumnBuilder& out, const std::optional<T>& v) {
  if (v) {
    WriteResult(out, *v);
  } else {
    out.AppendNull();
  }
}

template <typename T>
struct IsResult : std::false_type {};
template <typename T>
struct IsResult<Result<T>> : std::true_type {};
template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <typename Signature>
struct RowKernel;

template <typename R, typename... A>
struct RowKernel<R(A...)> {
  // `f` is called as R(A...) for every row whose non-optional arguments are not null.
  template <typename F>
  static Kernel Make(const DataType& result, F f) {
    return [result, f = std::move(f)](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
      return Run(result, f, args, rows, std::index_sequence_for<A...>{});
    };
  }

 private:
  template <typename F, size_t... I>
  static Result<ColumnPtr> Run(const DataType& result, const F& f, std::span<const ColumnPtr> args,
                               int64_t rows, std::index_sequence<I...>) {
    ColumnBuilder out(result);
    for (int64_t row = 0; row < rows; ++row) {
      if (((!IsOptional<A>::value && args[I]->IsNull(row)) || ...)) {
        out.AppendNull();
        continue;
      }
      if constexpr (IsResult<R>::value) {
        R value = f(ArgReader<A>::Read(*args[I], row)...);
        if (!value) return value.error();
        WriteResult(out, *value);
      } else {
        WriteResult(out, f(ArgReader<A>::Read(*args[I], row)...));
      }
    }
    return out.Finish();
  }
};

// A Bind for functions that need nothing of the call site: RowFunction<int32_t(std::string_view)>(Length).
template <typename Signature, typename F>
Function::Bind RowFunction(F f) {
  return [f](const CallSite& site) { return RowKernel<Signature>::Make(site.result, f); };
}

}  // namespace penstock
