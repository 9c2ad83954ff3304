// Aggregates that list the values of a group: LISTAGG, ARRAY_AGG and JSON_ARRAYAGG in the order of arrival,
// and COLLECT, a multiset.
#include "data/key_codec.h"
#include "data/value_text.h"
#include "expr/aggregates/arrival_kernel.h"
#include "expr/aggregates/keywords.h"
#include "expr/aggregates/register.h"

namespace penstock {

namespace {

using KernelResult = Result<std::unique_ptr<AggregateKernel>>;

class ListAgg : public ArrivalKernel {
 public:
  ListAgg(const AggregateSite& site, std::string separator)
      : ArrivalKernel(site, false), separator_(std::move(separator)) {}
  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    ColumnPtr values = Values(group);
    if (values->length() == 0) {
      out->AppendNull();
      return Status::Ok();
    }
    std::string text;
    for (int64_t i = 0; i < values->length(); ++i) {
      if (i > 0) text += separator_;
      text += values->StringAt(i);
    }
    out->AppendString(text);
    return Status::Ok();
  }

 private:
  std::string separator_;
};

Result<Signature> ResolveListAgg(std::span<const ArgInfo> args) {
  bool texts = args.size() == 1 || args.size() == 2;
  for (const ArgInfo& arg : args) texts = texts && Matches(Family::kCharacter, arg.type);
  if (texts && args.size() == 2) texts = args[1].literal != nullptr && !args[1].literal->is_null();
  if (!texts) return BadArguments("LISTAGG", "<CHARACTER>[, <CHARACTER literal>]");
  Signature signature;
  for (const ArgInfo& arg : args) signature.args.push_back(CoerceTo(Family::kCharacter, arg.type));
  const DataType& type = signature.args[0];
  signature.result = type.is(TypeKind::kChar) ? DataType::String() : type.WithNullable(true);
  return signature;
}

KernelResult BindListAgg(const AggregateSite& site) {
  std::string separator = site.args.size() > 1 ? site.constants[1].as_string() : ",";
  return std::unique_ptr<AggregateKernel>(new ListAgg(site, std::move(separator)));
}

class ArrayAgg : public ArrivalKernel {
 public:
  using ArrivalKernel::ArrivalKernel;
  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    ColumnPtr values = Values(group);
    if (values->length() == 0) {
      out->AppendNull();
      return Status::Ok();
    }
    out->child(0).AppendRange(*values, 0, values->length());
    out->CloseList();
    return Status::Ok();
  }
};

Result<Signature> ResolveArrayAgg(std::span<const ArgInfo> args) {
  if (CountArguments(args) != 1 || args[0].type.is(TypeKind::kNull))
    return BadArguments("ARRAY_AGG", "<any>");
  DataType element = args[0].type.WithTimeAttribute(TimeAttribute::kNone);
  return WithKeywords({args[0].type}, args, DataType::Array(element.WithNullable(true)));
}

KernelResult BindArrayAgg(const AggregateSite& site) {
  return std::unique_ptr<AggregateKernel>(new ArrayAgg(site, !HasKeyword(site, "IGNORE NULLS")));
}

class JsonArrayAgg : public ArrivalKernel {
 public:
  using ArrivalKernel::ArrivalKernel;
  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    ColumnPtr values = Values(group);
    std::string text = "[";
    for (int64_t i = 0; i < values->length(); ++i) {
      if (i > 0) text += ',';
      text += values->IsNull(i) ? "null" : ValueToJson(values->ValueAt(i), type());
    }
    out->AppendString(text + "]");
    return Status::Ok();
  }
};

DataType JsonText() { return DataType::VarChar(2000).NotNull(); }

Result<Signature> ResolveJsonArrayAgg(std::span<const ArgInfo> args) {
  if (CountArguments(args) != 1) return BadArguments("JSON_ARRAYAGG", "<any>");
  return WithKeywords({args[0].type}, args, JsonText());
}

KernelResult BindJsonArrayAgg(const AggregateSite& site) {
  bool keeps_nulls = HasKeyword(site, "NULL") && !HasKeyword(site, "ABSENT");
  return std::unique_ptr<AggregateKernel>(new JsonArrayAgg(site, keeps_nulls));
}

// Every value and how often it came.
class Collect : public ViewKernel {
 public:
  explicit Collect(const DataType& type) : codec_({type}) {}
  Status Apply(const AggregateInput& in, int64_t row, uint8_t*) override {
    if (in.args[0]->IsNull(row)) return Status::Ok();
    auto i = static_cast<size_t>(row);
    scratch_.clear();
    codec_.EncodeRow(std::span(in.args.data(), 1), row, &scratch_);
    bool absent = in.signs[i] < 0 && !view(0)->Get(in.groups[i], scratch_);
    if (!absent) AddToCount(view(0), in.groups[i], scratch_, in.signs[i]);
    return Status::Ok();
  }
  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    view(0)->ForEach(group, [&](std::string_view element, std::string_view count) {
      codec_.Decode(element, std::span(&out->child(0), 1));
      out->child(1).Append(static_cast<int32_t>(CountOf(count)));
      return true;
    });
    out->CloseList();
    return Status::Ok();
  }

 private:
  KeyCodec codec_;
  std::string scratch_;
};

Result<Signature> ResolveCollect(std::span<const ArgInfo> args) {
  if (args.size() != 1 || args[0].type.is(TypeKind::kNull)) return BadArguments("COLLECT", "<any>");
  DataType element = args[0].type.WithTimeAttribute(TimeAttribute::kNone);
  return Signature{{args[0].type}, DataType::Multiset(element).NotNull()};
}

KernelResult BindCollect(const AggregateSite& site) {
  return std::unique_ptr<AggregateKernel>(new Collect(site.args[0]));
}

// JSON_OBJECTAGG: view 0 maps a key to its arrival number and the JSON text of its value.
class JsonObjectAgg : public ViewKernel {
 public:
  explicit JsonObjectAgg(const AggregateSite& site)
      : ViewKernel(sizeof(int64_t)), type_(site.args[1]), keeps_null_(!HasKeyword(site, "ABSENT")) {}
  bool keeps_nulls() const override { return true; }

  Status Apply(const AggregateInput& in, int64_t row, uint8_t* state) override {
    auto i = static_cast<size_t>(row);
    const Column &keys = *in.args[0], &values = *in.args[1];
    if (keys.IsNull(row)) {
      return Status::InvalidData("Key of JSON_OBJECTAGG must not be NULL.").WithNumber(ErrorNumber::kRuntime);
    }
    std::string_view key = keys.StringAt(row);
    if (in.signs[i] < 0) {
      view(0)->Erase(in.groups[i], key);
      return Status::Ok();
    }
    if (values.IsNull(row) && !keeps_null_) return Status::Ok();
    if (view(0)->Get(in.groups[i], key)) {
      return Status::InvalidData("Key '" + std::string(key) +
                                 "' is already present. Duplicate keys are not allowed when using "
                                 "JSON_OBJECTAGG")
          .WithNumber(ErrorNumber::kRuntime);
    }
    int64_t next = 0;
    std::memcpy(&next, state, sizeof(next));
    std::string entry(reinterpret_cast<const char*>(&next), sizeof(next));
    ++next;
    std::memcpy(state, &next, sizeof(next));
    entry += values.IsNull(row) ? "null" : ValueToJson(values.ValueAt(row), type_);
    view(0)->Put(in.groups[i], key, entry);
    return Status::Ok();
  }

  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    std::vector<std::pair<int64_t, std::string>> members;
    view(0)->ForEach(group, [&](std::string_view key, std::string_view entry) {
      std::string text = ValueToJson(Value::String(std::string(key)), DataType::String());
      text.append(":").append(entry.substr(sizeof(int64_t)));
      members.emplace_back(CountOf(entry), std::move(text));
      return true;
    });
    std::sort(members.begin(), members.end());
    std::string text = "{";
    for (const auto& [number, member] : members) {
      if (text.size() > 1) text += ',';
      text += member;
    }
    out->AppendString(text + "}");
    return Status::Ok();
  }

 private:
  DataType type_;
  bool keeps_null_;
};

Result<Signature> ResolveJsonObjectAgg(std::span<const ArgInfo> args) {
  if (CountArguments(args) != 2 || !args[0].type.is_character())
    return BadArguments("JSON_OBJECTAGG", "<CHARACTER> VALUE <any>");
  return WithKeywords({args[0].type, args[1].type}, args, JsonText());
}

KernelResult BindJsonObjectAgg(const AggregateSite& site) {
  return std::unique_ptr<AggregateKernel>(new JsonObjectAgg(site));
}

}  // namespace

void RegisterLists(AggregateRegistry* registry) {
  registry->Add("LISTAGG", ResolveListAgg, BindListAgg);
  registry->Add("ARRAY_AGG", ResolveArrayAgg, BindArrayAgg);
  registry->Add("COLLECT", ResolveCollect, BindCollect);
  registry->Add("JSON_ARRAYAGG", ResolveJsonArrayAgg, BindJsonArrayAgg);
  registry->Add("JSON_OBJECTAGG", ResolveJsonObjectAgg, BindJsonObjectAgg);
}

}  // namespace penstock
