// Text of values: as CAST(.. AS STRING) prints them, as the driver contract's JSON does, and doubles as Java
// does. Used by casts, printing sinks, the command line and the tests; row formats have encoders of their
// own.
#pragma once

#include <string>

#include "data/batch.h"
#include "data/datetime.h"
#include "data/value.h"

namespace penstock {

// Java's Double.toString and Float.toString: "1.0E10", "0.1", "NaN", "-Infinity".
std::string FormatDouble(double value);
std::string FormatFloat(float value);

// The text of CAST(value AS STRING); "NULL" for NULL inside collections.
std::string ValueToText(const Value& value, const DataType& type, const TimeZone& zone);

// One JSON value as the `values` connector and --format json write it (no spaces).
std::string ValueToJson(const Value& value, const DataType& type);

std::string EncodeBase64(std::string_view bytes);
bool DecodeBase64(std::string_view text, std::string* bytes);

}  // namespace penstock
