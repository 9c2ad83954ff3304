// What `penstock state inspect|verify|dump` prints about a checkpoint or savepoint. Formats:
// docs/reference/command_line.md.
#pragma once

#include <functional>
#include <string>

#include "engine/inspection/state_source.h"

namespace penstock {

using PrintLine = std::function<void(const std::string& line)>;

// Operators and subtasks: states with entries and bytes, watermarks, positions, committables.
Status ReportContent(const StateContent& content, const PrintLine& print);

// Checks every checkpoint of the location to the last byte, with the chains put together and every entry
// read. Prints a line for each that is right, and for each that is not what is wrong; false where there was
// one.
bool VerifyState(const StateLocation& location, const PrintLine& print);

// Which entries to dump; empty: all.
struct DumpFilter {
  std::string operator_name;  // the uid, or a part of the name
  std::string state;          // its name
  std::string key;            // as printed, or the value of a key of one column
};
// One line for each entry, by operator, state, namespace and key. Returns how many there were.
Result<int64_t> DumpEntries(const StateContent& content, const DumpFilter& filter, const PrintLine& print);

}  // namespace penstock
