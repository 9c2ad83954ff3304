// Printers: results on standard output in the formats of --format. Each is a ResultHandler; errors and
// messages go to standard error, except with JSON, where everything is an event on standard output.
#pragma once

#include <cstdio>
#include <memory>

#include "engine/output/result_handler.h"

namespace penstock {

// "json", "csv", "changelog" or "table"; null for any other name.
std::unique_ptr<ResultHandler> MakePrinter(const std::string& format, std::FILE* out, std::FILE* err);

}  // namespace penstock
