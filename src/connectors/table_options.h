// Typed access to the options of a table for connectors, with errors that name the option.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "formats/format.h"
#include "stream/table_spec.h"
#include "table/table.h"

namespace penstock {

// "option 'key' is <expected>, not 'value'".
Status BadTableOption(const Options& options, const std::string& key, const std::string& expected);

Result<bool> BoolOption(const Options& options, const std::string& key, bool fallback);
Result<int64_t> IntOption(const Options& options, const std::string& key, int64_t fallback);
// Milliseconds of a Flink duration such as "30 min".
Result<int64_t> DurationOption(const Options& options, const std::string& key, int64_t fallback_ms);
// Bytes of a Flink memory size such as "128MB".
Result<int64_t> SizeOption(const Options& options, const std::string& key, int64_t fallback_bytes);

// Fails where one of the options of that type does not parse; for checks while a statement is validated.
Status CheckDurations(const Options& options, const std::vector<std::string>& keys);

// Options that the engine itself reads from any source.
const std::vector<std::string>& CommonSourceOptions();

}  // namespace penstock
