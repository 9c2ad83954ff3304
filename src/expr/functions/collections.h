// What the functions on collections share: equality and identity of elements inside columns, and access into
// rows and variants.
#pragma once

#include <optional>
#include <string>

#include "data/key_codec.h"
#include "expr/function.h"

namespace penstock {

// Bytes that are equal for equal values of one type and ordered as SQL orders them; NULL is one value.
std::string KeyBytes(const ColumnPtr& column, int64_t row);
// Whether two values of the same type are equal; NULL equals NULL.
bool EqualElements(const ColumnPtr& a, int64_t a_row, const ColumnPtr& b, int64_t b_row);
// The field that a literal names or counts (from 1).
std::optional<size_t> FieldIndex(const DataType& row, const Value& key);

// Evaluates row by row; NULL where one of the first `strict` arguments is NULL, else `write` appends one
// value.
using RowWriter = std::function<Status(std::span<const ColumnPtr> args, int64_t row, ColumnBuilder* out)>;
Kernel PerRow(const DataType& result, size_t strict, RowWriter write);

// ITEM over a VARIANT, in variant.cc.
Result<Signature> ResolveVariantItem(std::span<const ArgInfo> args);
Kernel BindVariantItem(const CallSite& site);

}  // namespace penstock
