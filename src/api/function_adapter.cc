// Resolving and evaluating the functions of an application.
#include "api/function_adapter.h"

#include "api/access.h"
#include "base/strings.h"
#include "expr/signature.h"
#include "expr/type_rules.h"
#include "expr/user_functions.h"
#include "sql/syntax/parser.h"

namespace penstock::v1 {

namespace {

// What the engine's function keeps of it.
struct Declared {
  ScalarFunction function;
  std::vector<DataType> arguments;
  DataType result;
  std::string text;  // "discount(DOUBLE, BIGINT)"
};

penstock::Result<penstock::Signature> Resolve(const Declared& declared, std::span<const ArgInfo> args) {
  bool fits = args.size() == declared.arguments.size();
  for (size_t i = 0; fits && i < args.size(); ++i) {
    const DataType& from = args[i].type;
    const DataType& to = declared.arguments[i];
    fits =
        from.is(TypeKind::kNull) || CanCastImplicitly(from, to) || (from.is_numeric() && to.is_approximate());
  }
  if (!fits) return BadArguments(declared.function.name, declared.text);
  return penstock::Signature{declared.arguments, declared.result};
}

penstock::Result<ColumnPtr> Evaluate(const Declared& declared, std::span<const ColumnPtr> args,
                                     int64_t rows) {
  penstock::Batch batch(rows, {args.begin(), args.end()});
  Access::WrittenRows written(Schema{{"result", declared.result}});
  RowWriter writer = Access::Writer(&written);
  Status status = declared.function.evaluate(Access::Wrap(std::move(batch), declared.arguments), writer);
  if (status.ok()) status = written.status;
  if (status.ok() && (writer.rows() != rows || written.at != 0)) {
    status = Status(StatusCode::kInvalidArgument, "it gave " + std::to_string(writer.rows()) +
                                                      " results for " + std::to_string(rows) + " rows");
  }
  if (!status.ok()) return ToEngine(status).WithContext("function " + declared.function.name);
  return written.Finish().columns[0];
}

}  // namespace

penstock::Status AddFunction(ScalarFunction function) {
  auto declared = std::make_shared<Declared>();
  if (function.name.empty() || !function.evaluate)
    return penstock::Status::InvalidArgument("a function needs a name and an evaluate");
  for (const std::string& type : function.argument_types) {
    ASSIGN_OR_RETURN(DataType argument, sql::ParseType(type));
    declared->arguments.push_back(argument.WithNullable(true));
  }
  ASSIGN_OR_RETURN(declared->result, sql::ParseType(function.result_type));
  declared->text = function.name + "(" + Join(function.argument_types, ", ") + ")";
  declared->function = std::move(function);
  penstock::Function made(
      ToUpperAscii(declared->function.name),
      [declared](std::span<const ArgInfo> args) { return Resolve(*declared, args); },
      [declared](const CallSite&) -> Kernel {
        return [declared](std::span<const ColumnPtr> args, int64_t rows) {
          return Evaluate(*declared, args, rows);
        };
      });
  made.set_deterministic(declared->function.deterministic).set_may_fail(true);
  return AddUserFunction(std::move(made));
}

}  // namespace penstock::v1
