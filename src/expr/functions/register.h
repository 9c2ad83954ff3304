// One function per file of this folder, each adding its part of the built-in functions to the registry.
#pragma once

#include "expr/function.h"

namespace penstock {

void RegisterArithmetic(FunctionRegistry* registry);
void RegisterArrays(FunctionRegistry* registry);
void RegisterBitmap(FunctionRegistry* registry);
void RegisterCollections(FunctionRegistry* registry);
void RegisterComparison(FunctionRegistry* registry);
void RegisterGeneric(FunctionRegistry* registry);
void RegisterGeo(FunctionRegistry* registry);
void RegisterLogic(FunctionRegistry* registry);
void RegisterMaps(FunctionRegistry* registry);
void RegisterMath(FunctionRegistry* registry);
void RegisterObjects(FunctionRegistry* registry);
void RegisterRandom(FunctionRegistry* registry);
void RegisterRounding(FunctionRegistry* registry);
void RegisterRows(FunctionRegistry* registry);
void RegisterSketchFunctions(FunctionRegistry* registry);
void RegisterStrings(FunctionRegistry* registry);
void RegisterTime(FunctionRegistry* registry);
void RegisterTimeArithmetic(FunctionRegistry* registry);  // these five: called by RegisterTime
void RegisterTimeExtract(FunctionRegistry* registry);
void RegisterTimeFormat(FunctionRegistry* registry);
void RegisterTimeParse(FunctionRegistry* registry);
void RegisterTimeRound(FunctionRegistry* registry);

}  // namespace penstock
