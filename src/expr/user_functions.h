// Scalar functions that applications add to the built-in ones, process-wide: plans name a function, and an
// operator that is made from a plan looks it up here. May be called from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "expr/function.h"

namespace penstock {

// Adds a function under its upper-case name. A name that was added before now stands for the new function;
// plans that were made with the old one keep it. kAlreadyExists for the name of a built-in one.
Status AddUserFunction(Function function);

// A built-in function or one that was added; null when there is none. The name is compared without case. What
// is returned lives as long as the process.
const Function* FindFunction(std::string_view name);

std::vector<std::string> UserFunctionNames();

}  // namespace penstock
