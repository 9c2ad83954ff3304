// Function: a scalar function of the dialect. It resolves a call (argument types to signature) when SQL is
// bound, and binds a kernel when an operator opens; kernels work on whole columns. FunctionRegistry holds the
// built-in ones by upper-case name; user functions join it through the public API.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "data/column.h"
#include "data/datetime.h"

namespace penstock {

// What evaluation may ask of its surroundings. Lives as long as the evaluators made with it; now_micros is
// called by the task's thread.
struct EvalContext {
  const TimeZone* zone = &TimeZone::Utc();  // table.local-time-zone
  std::function<int64_t()> now_micros;      // UTC; null: NOW() and the like fail
  std::function<uint64_t()> random;         // 64 random bits; null: RAND() and the like fail
  bool legacy_cast = false;                 // table.exec.legacy-cast-behaviour: a failing CAST gives NULL
};

// One argument of a call while it is resolved.
struct ArgInfo {
  DataType type;
  const Value* literal = nullptr;  // its value where it is a constant
};

// The outcome of resolving: what the arguments must be cast to, and what comes out.
struct Signature {
  std::vector<DataType> args;
  DataType result;
};

// What a kernel knows about its call; outlives the kernel.
struct CallSite {
  std::vector<DataType> args;
  std::vector<Value> constants;  // the literal of each argument, NULL where it is none
  std::vector<bool> is_constant;
  DataType result;
  const EvalContext* context = nullptr;
};

// Evaluates one call over `rows` rows. Owned by one evaluator, so it may keep caches; columns may be
// constant.
using Kernel = std::function<Result<ColumnPtr>(std::span<const ColumnPtr> args, int64_t rows)>;

class Function {
 public:
  using Resolve = std::function<Result<Signature>(std::span<const ArgInfo> args)>;
  using Bind = std::function<Kernel(const CallSite& site)>;

  Function(std::string name, Resolve resolve, Bind bind)
      : name_(std::move(name)), resolve_(std::move(resolve)), bind_(std::move(bind)) {}

  const std::string& name() const { return name_; }
  // An error where the function cannot take these arguments; its message says what it expects.
  Result<Signature> ResolveCall(std::span<const ArgInfo> args) const { return resolve_(args); }
  Kernel BindCall(const CallSite& site) const { return bind_(site); }

  // Whether equal arguments always give equal results; false also keeps it from being folded.
  bool deterministic() const { return deterministic_; }
  // Whether a value (not a type) can make it fail: such calls run only for the rows that need them.
  bool may_fail() const { return may_fail_; }
  Function& set_deterministic(bool v) {
    deterministic_ = v;
    return *this;
  }
  Function& set_may_fail(bool v) {
    may_fail_ = v;
    return *this;
  }

 private:
  std::string name_;
  Resolve resolve_;
  Bind bind_;
  bool deterministic_ = true;
  bool may_fail_ = false;
};

class FunctionRegistry {
 public:
  // All built-in functions; made once, then only read.
  static const FunctionRegistry& BuiltIn();

  // Null when there is none. The name is compared without case.
  const Function* Find(std::string_view name) const;
  std::vector<std::string> Names() const;

  Function& Add(std::string name, Function::Resolve resolve, Function::Bind bind);
  void Alias(const std::string& alias, const std::string& name);

 private:
  std::map<std::string, std::shared_ptr<Function>, std::less<>> functions_;
};

}  // namespace penstock
