// The registry of built-in functions.
#include "expr/function.h"

#include "base/strings.h"
#include "expr/functions/register.h"
#include "expr/functions/text/register_text.h"

namespace penstock {

const FunctionRegistry& FunctionRegistry::BuiltIn() {
  static const FunctionRegistry* registry = [] {
    auto* made = new FunctionRegistry();
    RegisterArithmetic(made);
    RegisterArrays(made);
    RegisterBitmap(made);
    RegisterCollections(made);
    RegisterComparison(made);
    RegisterGeneric(made);
    RegisterGeo(made);
    RegisterLogic(made);
    RegisterMaps(made);
    RegisterMath(made);
    RegisterObjects(made);
    RegisterRandom(made);
    RegisterRounding(made);
    RegisterRows(made);
    RegisterSketchFunctions(made);
    RegisterStrings(made);
    RegisterStringSearch(made);
    RegisterLike(made);
    RegisterEncodings(made);
    RegisterHashes(made);
    RegisterUrls(made);
    RegisterInet(made);
    RegisterRegexp(made);
    RegisterPrintf(made);
    RegisterJson(made);
    RegisterTime(made);
    return made;
  }();
  return *registry;
}

const Function* FunctionRegistry::Find(std::string_view name) const {
  auto it = functions_.find(ToUpperAscii(name));
  return it == functions_.end() ? nullptr : it->second.get();
}

std::vector<std::string> FunctionRegistry::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, function] : functions_) names.push_back(name);
  return names;
}

Function& FunctionRegistry::Add(std::string name, Function::Resolve resolve, Function::Bind bind) {
  CHECK(!functions_.contains(name));
  auto function = std::make_shared<Function>(name, std::move(resolve), std::move(bind));
  return *functions_.emplace(std::move(name), std::move(function)).first->second;
}

void FunctionRegistry::Alias(const std::string& alias, const std::string& name) {
  auto it = functions_.find(name);
  CHECK(it != functions_.end() && !functions_.contains(alias));
  functions_.emplace(alias, it->second);
}

}  // namespace penstock
