// Schema resolution: from two schemas and the columns to the steps of a program.
#include <algorithm>

#include "formats/avro/avro_program.h"

namespace penstock {

namespace {

AvroStep Fail(std::string why) {
  AvroStep step;
  step.text = std::move(why);
  return step;
}

AvroStep Simple(AvroOp op, const DataType& type) {
  AvroStep step;
  step.op = op;
  step.type = type;
  return step;
}

std::string_view SimpleName(std::string_view name) {
  size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

bool Promotes(AvroKind from, AvroKind to) {
  if (from == to) return true;
  switch (to) {
    case AvroKind::kLong: return from == AvroKind::kInt;
    case AvroKind::kFloat: return from == AvroKind::kInt || from == AvroKind::kLong;
    case AvroKind::kDouble:
      return from == AvroKind::kInt || from == AvroKind::kLong || from == AvroKind::kFloat;
    case AvroKind::kString: return from == AvroKind::kBytes || from == AvroKind::kEnum;
    case AvroKind::kBytes: return from == AvroKind::kString || from == AvroKind::kFixed;
    default: return false;
  }
}

// Nanoseconds of the unit that a time or timestamp counts; 0 for other types.
int64_t UnitOf(AvroLogical logical) {
  switch (logical) {
    case AvroLogical::kTimeMillis:
    case AvroLogical::kTimestampMillis:
    case AvroLogical::kLocalTimestampMillis: return 1'000'000;
    case AvroLogical::kTimeMicros:
    case AvroLogical::kTimestampMicros:
    case AvroLogical::kLocalTimestampMicros: return 1000;
    case AvroLogical::kTimestampNanos:
    case AvroLogical::kLocalTimestampNanos: return 1;
    default: return 0;
  }
}

class Resolver {
 public:
  Resolver(const AvroSchema& writer, const AvroSchema& reader) : writer_(writer), reader_(reader) {}

  AvroStep Resolve(int w, int r, const DataType& type) const {
    const AvroType& from = writer_.type(w);
    const AvroType& to = reader_.type(r);
    if (from.is(AvroKind::kUnion)) return ResolveBranches(from, r, type);
    if (to.is(AvroKind::kUnion)) return ResolveIntoUnion(w, to, type);
    bool times = from.logical == AvroLogical::kTimeMicros && to.logical == AvroLogical::kTimeMillis;
    bool uuid = from.logical == AvroLogical::kUuid && to.is(AvroKind::kString);
    if (!Promotes(from.kind, to.kind) && !times && !uuid) return Mismatch(w, reader_.NameOf(r));
    switch (to.kind) {
      case AvroKind::kNull: return Simple(AvroOp::kNull, type);
      case AvroKind::kRecord:
        if (!type.is(TypeKind::kRow)) return Mismatch(w, type.ToString());
        return ResolveRecord(w, r, type.fields());
      case AvroKind::kArray:
      case AvroKind::kMap: return ResolveItems(from, to, w, type);
      case AvroKind::kEnum:
        if (!type.is_character()) return Mismatch(w, type.ToString());
        return Symbols(from, &to, type);
      default: return ResolveValue(from, to, w, type);
    }
  }

  AvroStep ResolveRecord(int w, int r, const std::vector<Field>& columns) const {
    const AvroType& from = writer_.type(w);
    const AvroType& to = reader_.type(r);
    if (!from.is(AvroKind::kRecord) || !to.is(AvroKind::kRecord)) return Mismatch(w, reader_.NameOf(r));
    AvroStep row = Simple(AvroOp::kRow, {});
    for (const AvroField& field : from.fields) {
      AvroFieldStep step;
      step.writer = &writer_;
      step.writer_type = field.type;
      row.fields.push_back(std::move(step));
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      const AvroField* field = FieldNamed(to, columns[i].name);
      if (field == nullptr) return Fail("the reader's schema has no field '" + columns[i].name + "'");
      int source = SourceOf(from, *field);
      AvroStep step =
          source < 0 ? DefaultOf(*field, columns[i].type)
                     : Resolve(from.fields[static_cast<size_t>(source)].type, field->type, columns[i].type);
      if (step.fails()) return Fail("field '" + columns[i].name + "': " + step.text);
      if (source < 0) {
        row.fields.emplace_back();
        source = static_cast<int>(row.fields.size()) - 1;
      }
      AvroFieldStep& made = row.fields[static_cast<size_t>(source)];
      if (made.child >= 0) return Fail("field '" + columns[i].name + "' is read twice");
      made.child = static_cast<int>(i);
      made.step = std::move(step);
    }
    return row;
  }

 private:
  AvroStep Mismatch(int w, const std::string& wanted) const {
    return Fail("a value written as " + writer_.NameOf(w) + " cannot be read as " + wanted);
  }

  static const AvroField* FieldNamed(const AvroType& record, const std::string& name) {
    for (const AvroField& field : record.fields) {
      if (field.name == name) return &field;
    }
    return nullptr;
  }

  // The writer's field that a reader's field is read from, by name or alias; -1: none.
  static int SourceOf(const AvroType& from, const AvroField& field) {
    for (size_t i = 0; i < from.fields.size(); ++i) {
      if (from.fields[i].name == field.name) return static_cast<int>(i);
    }
    for (size_t i = 0; i < from.fields.size(); ++i) {
      const std::vector<std::string>& names = field.aliases;
      if (std::find(names.begin(), names.end(), from.fields[i].name) != names.end())
        return static_cast<int>(i);
    }
    return -1;
  }

  AvroStep DefaultOf(const AvroField& field, const DataType& type) const {
    if (!field.default_json) return Fail("the writer has no such field, and it has no default");
    Result<std::string> bytes = EncodeAvroDefault(reader_, field.type, *field.default_json);
    if (!bytes) return Fail(bytes.error().message());
    AvroStep value = Resolver(reader_, reader_).Resolve(field.type, field.type, type);
    if (value.fails()) return value;
    AvroStep step = Simple(AvroOp::kDefault, type);
    step.text = std::move(*bytes);
    step.steps.push_back(std::move(value));
    return step;
  }

  // A writer's union: each branch for itself; those that do not fit fail when a value of them comes.
  AvroStep ResolveBranches(const AvroType& from, int r, const DataType& type) const {
    AvroStep step = Simple(AvroOp::kUnion, type);
    bool any = false;
    for (int branch : from.children) {
      step.steps.push_back(Resolve(branch, r, type));
      any = any || !step.steps.back().fails();
    }
    if (!any) return step.steps[0];
    if (from.children.size() != 2) return step;
    for (int branch = 0; branch < 2; ++branch) {
      if (step.steps[static_cast<size_t>(branch)].op != AvroOp::kNull) continue;
      step.op = AvroOp::kOptional;
      step.null_branch = branch;
      step.steps.erase(step.steps.begin() + branch);
      break;
    }
    return step;
  }

  // The reader's branch: of the same name, else of the same kind, else one to promote to.
  AvroStep ResolveIntoUnion(int w, const AvroType& to, const DataType& type) const {
    const AvroType& from = writer_.type(w);
    auto rank = [&](const AvroType& branch) {
      if (branch.kind != from.kind) return 3;
      if (!from.named() || branch.name == from.name) return 0;
      bool alias = std::find(branch.aliases.begin(), branch.aliases.end(), from.name) != branch.aliases.end();
      return alias || SimpleName(branch.name) == SimpleName(from.name) ? 1 : 2;
    };
    AvroStep failed = Mismatch(w, "a branch of the reader's union");
    for (int wanted = 0; wanted < 4; ++wanted) {
      for (int branch : to.children) {
        if (rank(reader_.type(branch)) != wanted) continue;
        AvroStep step = Resolve(w, branch, type);
        if (!step.fails()) return step;
        failed = std::move(step);
      }
    }
    return failed;
  }

  AvroStep ResolveItems(const AvroType& from, const AvroType& to, int w, const DataType& type) const {
    bool list = to.is(AvroKind::kArray);
    if (list ? !type.is(TypeKind::kArray) : !type.is(TypeKind::kMap) && !type.is(TypeKind::kMultiset))
      return Mismatch(w, type.ToString());
    if (type.is(TypeKind::kMap) && !type.map_key().is_character()) return Mismatch(w, type.ToString());
    DataType item = list ? type.element() : type.is(TypeKind::kMap) ? type.map_value() : DataType::Int();
    AvroStep step = Simple(list ? AvroOp::kList : AvroOp::kMap, type);
    step.steps.push_back(Resolve(from.children[0], to.children[0], item));
    if (step.steps[0].fails()) return Fail(step.steps[0].text);
    return step;
  }

  // `to`: null where a string is read.
  static AvroStep Symbols(const AvroType& from, const AvroType* to, const DataType& type) {
    AvroStep step = Simple(AvroOp::kEnum, type);
    for (const std::string& symbol : from.symbols) {
      bool known =
          to == nullptr || std::find(to->symbols.begin(), to->symbols.end(), symbol) != to->symbols.end();
      step.symbols.push_back(known ? symbol : to->default_symbol.value_or(""));
    }
    return step;
  }

  AvroStep ResolveValue(const AvroType& from, const AvroType& to, int w, const DataType& type) const {
    AvroStep step = Simple(AvroOp::kFail, type);
    switch (from.kind) {
      case AvroKind::kBoolean:
        if (type.is(TypeKind::kBoolean)) step.op = AvroOp::kBoolean;
        break;
      case AvroKind::kInt:
      case AvroKind::kLong: step = ResolveNumber(from, to, type); break;
      case AvroKind::kFloat:
        if (type.is_approximate())
          step.op = type.is(TypeKind::kFloat) ? AvroOp::kFloat : AvroOp::kFloatToDouble;
        break;
      case AvroKind::kDouble:
        if (type.is(TypeKind::kDouble)) step.op = AvroOp::kDouble;
        break;
      case AvroKind::kEnum:
        if (type.is_character()) return Symbols(from, nullptr, type);
        break;
      default: step = ResolveBytes(from, to, type);
    }
    return step.fails() ? Mismatch(w, type.ToString()) : step;
  }

  static AvroStep ResolveNumber(const AvroType& from, const AvroType& to, const DataType& type) {
    AvroStep step = Simple(AvroOp::kFail, type);
    int64_t unit = UnitOf(from.logical) != 0 ? UnitOf(from.logical) : UnitOf(to.logical);
    step.unit = unit != 0 ? unit : 1'000'000;
    switch (type.kind()) {
      case TypeKind::kTinyInt: step.op = AvroOp::kInt8; break;
      case TypeKind::kSmallInt: step.op = AvroOp::kInt16; break;
      case TypeKind::kInt:
      case TypeKind::kDate: step.op = AvroOp::kInt32; break;
      case TypeKind::kBigInt: step.op = AvroOp::kInt64; break;
      case TypeKind::kFloat: step.op = AvroOp::kLongToFloat; break;
      case TypeKind::kDouble: step.op = AvroOp::kLongToDouble; break;
      case TypeKind::kTime: step.op = AvroOp::kTime; break;
      case TypeKind::kTimestamp:
      case TypeKind::kTimestampLtz: {
        int precision = type.precision();
        bool exact = (step.unit == 1'000'000 && precision >= 3) || (step.unit == 1000 && precision == 6);
        step.op = exact && precision <= 6 ? AvroOp::kMicros : AvroOp::kTimestamp;
        if (step.op == AvroOp::kMicros) step.unit /= 1000;
        break;
      }
      default: break;
    }
    return step;
  }

  static AvroStep ResolveBytes(const AvroType& from, const AvroType& to, const DataType& type) {
    AvroStep step = Simple(AvroOp::kFail, type);
    bool fixed = from.is(AvroKind::kFixed);
    if (fixed) step.size = static_cast<int64_t>(from.size);
    bool decimal = from.logical == AvroLogical::kDecimal || to.logical == AvroLogical::kDecimal;
    if (type.is(TypeKind::kDecimal) && decimal) {
      step.op = AvroOp::kDecimal;
      step.scale = from.logical == AvroLogical::kDecimal ? from.scale : to.scale;
      return step;
    }
    if (fixed && to.is(AvroKind::kFixed) && from.size != to.size) return step;
    if (type.is_binary()) step.op = fixed ? AvroOp::kFixed : AvroOp::kBytes;
    if (type.is_character() && !fixed) step.op = AvroOp::kString;
    if (type.is_character() && fixed && from.logical == AvroLogical::kUuid) step.op = AvroOp::kUuid;
    return step;
  }

  const AvroSchema& writer_;
  const AvroSchema& reader_;
};

}  // namespace

AvroStep ResolveAvro(const AvroSchema& writer, int writer_type, const AvroSchema& reader, int reader_type,
                     const DataType& type) {
  return Resolver(writer, reader).Resolve(writer_type, reader_type, type);
}

AvroStep ResolveAvroRecord(const AvroSchema& writer, int writer_type, const AvroSchema& reader,
                           int reader_type, const std::vector<Field>& columns) {
  return Resolver(writer, reader).ResolveRecord(writer_type, reader_type, columns);
}

}  // namespace penstock
