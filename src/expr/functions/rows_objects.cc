// OBJECT_OF and OBJECT_UPDATE, the functions of structured types. Their arguments are checked as in Flink;
// the types themselves are not there yet.
#include <set>

#include "expr/functions/register.h"
#include "expr/signature.h"

namespace penstock {

namespace {

Status Refused(std::string message) { return SqlError(ErrorNumber::kBadArguments, {}, std::move(message)); }

bool IsNameLiteral(const ArgInfo& arg) {
  return arg.type.is_character() && arg.literal != nullptr && !arg.literal->is_null();
}

// Keys at the odd positions (from 0): literals, each once.
Status CheckKeys(const char* name, std::span<const ArgInfo> args) {
  if (args.size() % 2 == 0)
    return Refused(std::string("Invalid number of arguments to function ") + name + ": a value for each key");
  std::set<std::string> keys;
  for (size_t i = 1; i < args.size(); i += 2) {
    if (!IsNameLiteral(args[i])) {
      return Refused("The field key at position " + std::to_string(i + 1) +
                     " must be a non-nullable character string literal.");
    }
    if (!keys.insert(args[i].literal->as_string()).second)
      return Refused("The field name '" + args[i].literal->as_string() + "' at position " +
                     std::to_string(i + 1) + " is repeated.");
  }
  return Status::Ok();
}

Status NoStructuredTypes() {
  return SqlError(ErrorNumber::kUnsupported, {}, "structured types are not supported", "use ROW");
}

Result<Signature> ResolveObjectOf(std::span<const ArgInfo> args) {
  if (args.empty() || !IsNameLiteral(args[0])) {
    return Refused(
        "The first argument must be a non-nullable character string literal representing the class name.");
  }
  RETURN_IF_ERROR(CheckKeys("OBJECT_OF", args));
  return NoStructuredTypes();
}

Result<Signature> ResolveObjectUpdate(std::span<const ArgInfo> args) {
  if (args.size() < 3 || !args[0].type.is(TypeKind::kRow))
    return Refused("The first argument of OBJECT_UPDATE must be a structured type.");
  RETURN_IF_ERROR(CheckKeys("OBJECT_UPDATE", args));
  return NoStructuredTypes();
}

Kernel BindNothing(const CallSite&) {
  return [](std::span<const ColumnPtr>, int64_t) -> Result<ColumnPtr> { return NoStructuredTypes(); };
}

}  // namespace

void RegisterObjects(FunctionRegistry* registry) {
  registry->Add("OBJECT_OF", ResolveObjectOf, BindNothing);
  registry->Add("OBJECT_UPDATE", ResolveObjectUpdate, BindNothing);
}

}  // namespace penstock
