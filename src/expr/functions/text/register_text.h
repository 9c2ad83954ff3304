// The parts of the built-in functions over text, regular expressions, JSON, URLs and hashes.
#pragma once

#include "expr/function.h"

namespace penstock {

void RegisterStringSearch(FunctionRegistry* registry);
void RegisterLike(FunctionRegistry* registry);
void RegisterEncodings(FunctionRegistry* registry);
void RegisterHashes(FunctionRegistry* registry);
void RegisterUrls(FunctionRegistry* registry);
void RegisterInet(FunctionRegistry* registry);
void RegisterRegexp(FunctionRegistry* registry);
void RegisterPrintf(FunctionRegistry* registry);
void RegisterJson(FunctionRegistry* registry);

}  // namespace penstock
