// Casts among numbers, BOOLEAN and intervals. Integers wrap, floating point saturates, DECIMAL overflow is
// NULL.
#include "data/decimal.h"
#include "data/value_text.h"
#include "expr/cast/cast_kernels.h"

namespace penstock {

namespace {

template <typename From, typename To>
Kernel NumberToNumber(const DataType& to) {
  return [to](std::span<const ColumnPtr> args, int64_t rows) -> Result<ColumnPtr> {
    const Column& column = *args[0];
    auto count = static_cast<size_t>(column.constant() ? 1 : rows);
    auto values = std::make_shared<Buffer>(count * sizeof(To));
    const From* in = column.values<From>();
    To* out = values->template as<To>();
    for (size_t i = 0; i < count; ++i) {
      if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
        out[i] = NarrowDouble<To>(in[i]);
      } else {
        out[i] = static_cast<To>(in[i]);
      }
    }
    std::shared_ptr<Buffer> validity;
    if (column.has_validity()) {
      validity = std::make_shared<Buffer>(count);
      std::memcpy(validity->data(), column.validity(), count);
    }
    ColumnPtr result = Column::Fixed(to.physical(), static_cast<int64_t>(count), values, validity);
    if (!column.constant()) return result;
    return Column::Constant(to, result->ValueAt(0), rows);
  };
}

template <typename From>
Kernel NumberToDecimal(const DataType& from, const DataType& to) {
  return NullingCast(from, to, [to](const Column& column, int64_t row) -> std::optional<int128_t> {
    if constexpr (std::is_floating_point_v<From>) {
      // A FLOAT is widened first, so that its binary fraction shows.
      return DecimalFromDouble(static_cast<double>(column.At<From>(row)), to.precision(), to.scale());
    } else {
      return RescaleDecimal(column.At<From>(row), 0, to.precision(), to.scale());
    }
  });
}

Kernel DecimalToNumber(const DataType& from, const DataType& to) {
  return DispatchNumber(to.physical(), [&](auto tag) -> Kernel {
    using To = decltype(tag);
    int scale = from.scale();
    return NullingCast(from, to, [scale](const Column& column, int64_t row) -> std::optional<To> {
      int128_t unscaled = column.At<int128_t>(row);
      if constexpr (std::is_floating_point_v<To>) {
        return static_cast<To>(DecimalToDouble(unscaled, scale));
      } else {
        return static_cast<To>(unscaled / PowerOfTen(scale));
      }
    });
  });
}

Kernel NumberToBoolean(const DataType& from, const DataType& to) {
  return CastKernel(from, to, false, [](const Column& column, int64_t row) -> std::optional<bool> {
    Value value = column.ValueAt(row);
    if (value.is_int()) return value.as_int() != 0;
    return column.physical() == Physical::kInt128 ? value.as_int128() != 0 : value.as_double() != 0;
  });
}

Kernel BooleanToNumber(const DataType& from, const DataType& to) {
  return CastKernel(from, to, false, [to](const Column& column, int64_t row) -> std::optional<Value> {
    int64_t bit = column.At<uint8_t>(row);
    if (to.is(TypeKind::kDecimal)) {
      std::optional<int128_t> unscaled = RescaleDecimal(bit, 0, to.precision(), to.scale());
      return unscaled ? Value::Int128(*unscaled) : Value::Null();
    }
    return to.is_approximate() ? Value::Double(static_cast<double>(bit)) : Value::Int(bit);
  });
}

// An interval counts months or milliseconds. DECIMAL has no narrow stored form and goes by BIGINT.
Kernel IntervalCast(const DataType& from, const DataType& to) {
  if (from.is(TypeKind::kDecimal)) {
    return NullingCast(from, to, [from](const Column& column, int64_t row) -> std::optional<Value> {
      return Value::Int(static_cast<int64_t>(column.At<int128_t>(row) / PowerOfTen(from.scale())));
    });
  }
  if (to.is(TypeKind::kDecimal)) {
    return NullingCast(from, to, [to](const Column& column, int64_t row) -> std::optional<int128_t> {
      return RescaleDecimal(column.ValueAt(row).as_int(), 0, to.precision(), to.scale());
    });
  }
  return CastKernel(from, to, false, [](const Column& column, int64_t row) -> std::optional<Value> {
    return column.ValueAt(row);
  });
}

}  // namespace

Kernel CastNumber(const DataType& from, const DataType& to) {
  if (from.is_interval() || to.is_interval()) return IntervalCast(from, to);
  if (from.is(TypeKind::kBoolean)) return to.is_numeric() ? BooleanToNumber(from, to) : nullptr;
  if (to.is(TypeKind::kBoolean)) return NumberToBoolean(from, to);
  if (from.is(TypeKind::kDecimal)) {
    if (!to.is(TypeKind::kDecimal)) return DecimalToNumber(from, to);
    return NullingCast(from, to, [from, to](const Column& column, int64_t row) {
      return RescaleDecimal(column.At<int128_t>(row), from.scale(), to.precision(), to.scale());
    });
  }
  return DispatchNumber(from.physical(), [&](auto source) -> Kernel {
    using From = decltype(source);
    if (to.is(TypeKind::kDecimal)) return NumberToDecimal<From>(from, to);
    return DispatchNumber(to.physical(),
                          [&](auto target) { return NumberToNumber<From, decltype(target)>(to); });
  });
}

}  // namespace penstock
