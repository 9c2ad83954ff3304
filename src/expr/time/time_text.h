// Texts of dates and times as Flink's casts and TO_DATE, TO_TIME, TO_TIMESTAMP read them without a pattern.
// They differ from the lenient readers of data/datetime.h, which serve formats and literals.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/int128.h"

namespace penstock {

// "2021", "2021-9", "2021-9-4"; what follows the first blank is ignored. Years 0 to 9999; days since the
// epoch.
std::optional<int64_t> ReadDate(std::string_view text);
// "12", "12:3", "12:34:56.789", with an optional offset "+01:00" that is added. Milliseconds of the day, the
// fraction rounded.
std::optional<int64_t> ReadTime(std::string_view text);
// Exactly "2021-9-4" or "2021-09-04 1:02:03[.123456789]"; nanoseconds of the wall clock.
std::optional<int128_t> ReadTimestamp(std::string_view text);
// What java.sql.Timestamp and Date accept, for texts that do not follow a pattern: blanks around, a date or a
// date and a time, parts beyond their range roll over.
std::optional<int128_t> ReadTimestampLoosely(std::string_view text);

}  // namespace penstock
