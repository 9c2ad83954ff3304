// The parts that RegisterJson (functions/register.h) puts together.
#pragma once

#include "expr/function.h"

namespace penstock {

void RegisterJsonQueries(FunctionRegistry* registry);
void RegisterJsonConstructors(FunctionRegistry* registry);
void RegisterJsonTexts(FunctionRegistry* registry);

}  // namespace penstock
