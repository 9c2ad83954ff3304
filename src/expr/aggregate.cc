// The registry of aggregate functions and the serialised form of calls.
#include "expr/aggregate.h"

#include <cstring>

#include "base/strings.h"
#include "expr/aggregates/register.h"

namespace penstock {

void AggregateKernel::Merge(uint8_t*, const uint8_t*) const { CHECK(false); }

void AggregateKernel::WritePartial(const uint8_t* state, std::string_view, std::string* out) const {
  out->append(reinterpret_cast<const char*>(state), width());
}

Status AggregateKernel::MergePartial(uint8_t* state, std::string_view, std::string_view part) {
  if (part.size() != width()) return Status::Corruption("a part of an aggregate has the wrong size");
  std::vector<uint64_t> aligned(width() / 8 + 1);
  std::memcpy(aligned.data(), part.data(), part.size());
  Merge(state, reinterpret_cast<const uint8_t*>(aligned.data()));
  return Status::Ok();
}

void AggregateKernel::SetViews(std::vector<AggregateView*> views) { CHECK(views.empty()); }

const AggregateRegistry& AggregateRegistry::BuiltIn() {
  static const AggregateRegistry* registry = [] {
    auto* made = new AggregateRegistry();
    RegisterBasicAggregates(made);
    RegisterBitmapAggregates(made);
    RegisterExtremes(made);
    RegisterFirstLast(made);
    RegisterLists(made);
    RegisterApproximatePercentile(made);
    RegisterApproximateTopK(made);
    RegisterPercentile(made);
    RegisterSketches(made);
    RegisterVariance(made);
    return made;
  }();
  return *registry;
}

const AggregateFunction* AggregateRegistry::Find(std::string_view name) const {
  auto it = functions_.find(ToUpperAscii(name));
  return it == functions_.end() ? nullptr : it->second.get();
}

std::vector<std::string> AggregateRegistry::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, function] : functions_) names.push_back(name);
  return names;
}

AggregateFunction& AggregateRegistry::Add(std::string name, AggregateFunction::Resolve resolve,
                                          AggregateFunction::Bind bind) {
  CHECK(!functions_.contains(name));
  auto function = std::make_unique<AggregateFunction>(name, std::move(resolve), std::move(bind));
  return *functions_.emplace(std::move(name), std::move(function)).first->second;
}

std::string AggregateCall::ToString() const {
  std::vector<std::string> parts;
  for (int arg : args) parts.push_back("$" + std::to_string(arg));
  std::string text = function + "(" + (distinct ? "DISTINCT " : "") +
                     (parts.empty() && function == "COUNT" ? "*" : Join(parts, ", ")) + ")";
  if (filter >= 0) text += " FILTER $" + std::to_string(filter);
  return text;
}

void AggregateCall::Write(ByteWriter& out) const {
  out.String(function);
  out.Varint(args.size());
  for (size_t i = 0; i < args.size(); ++i) {
    out.Varint(static_cast<uint64_t>(args[i]));
    arg_types[i].Write(out);
    constants[i].Write(out);
  }
  out.Varint(static_cast<uint64_t>(filter + 1));
  out.Bool(distinct);
  type.Write(out);
}

Result<AggregateCall> AggregateCall::Read(ByteReader& in) {
  AggregateCall call;
  call.function = std::string(in.String());
  for (uint64_t i = 0, count = in.Count(); i < count; ++i) {
    call.args.push_back(static_cast<int>(in.Varint()));
    ASSIGN_OR_RETURN(DataType type, DataType::Read(in));
    call.arg_types.push_back(std::move(type));
    call.constants.push_back(Value::Read(in));
  }
  call.filter = static_cast<int>(in.Varint()) - 1;
  call.distinct = in.Bool();
  ASSIGN_OR_RETURN(call.type, DataType::Read(in));
  return call;
}

}  // namespace penstock
