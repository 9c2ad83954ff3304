// Scalar functions of an application as the engine's: types are read once, when the function is registered.
#pragma once

#include "base/status.h"
#include "penstock/function.h"

namespace penstock::v1 {

// Makes the function known to the process. kInvalidArgument where it is incomplete or a type is none.
penstock::Status AddFunction(ScalarFunction function);

}  // namespace penstock::v1
