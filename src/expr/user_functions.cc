// The functions of applications. Nothing is ever removed: expressions point at functions.
#include "expr/user_functions.h"

#include <mutex>

#include "base/strings.h"

namespace penstock {

namespace {

struct UserFunctions {
  std::mutex mutex;
  std::map<std::string, const Function*, std::less<>> current;
  std::vector<std::unique_ptr<const Function>> all;
};

UserFunctions& Functions() {
  static auto* functions = new UserFunctions();
  return *functions;
}

}  // namespace

Status AddUserFunction(Function function) {
  std::string name = ToUpperAscii(function.name());
  if (FunctionRegistry::BuiltIn().Find(name) != nullptr)
    return Status(StatusCode::kAlreadyExists, "function " + name + " is built in");
  UserFunctions& functions = Functions();
  std::lock_guard lock(functions.mutex);
  functions.all.push_back(std::make_unique<const Function>(std::move(function)));
  functions.current[name] = functions.all.back().get();
  return Status::Ok();
}

const Function* FindFunction(std::string_view name) {
  if (const Function* found = FunctionRegistry::BuiltIn().Find(name)) return found;
  UserFunctions& functions = Functions();
  std::lock_guard lock(functions.mutex);
  auto it = functions.current.find(ToUpperAscii(name));
  return it == functions.current.end() ? nullptr : it->second;
}

std::vector<std::string> UserFunctionNames() {
  UserFunctions& functions = Functions();
  std::lock_guard lock(functions.mutex);
  std::vector<std::string> names;
  for (const auto& [name, function] : functions.current) names.push_back(name);
  return names;
}

}  // namespace penstock
