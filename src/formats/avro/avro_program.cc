// Running a program: the bytes of a record straight into builders.
// Step 2 of a record's way (docs/ARCHITECTURE.md).
#include "formats/avro/avro_program.h"

#include <simdjson.h>

#include "data/datetime.h"
#include "data/decimal.h"

namespace penstock {

namespace {

constexpr int kSkipDepthMax = 200;

bool Append(const AvroStep& step, AvroInput& in, ColumnBuilder& to);

template <typename T>
bool AppendInteger(const AvroStep& step, AvroInput& in, ColumnBuilder& to) {
  int64_t value = 0;
  if (!in.Long(&value)) return false;
  if (value != static_cast<T>(value)) {
    return in.Fail(std::to_string(value) + " does not fit " + step.type.ToString());
  }
  to.Append(static_cast<T>(value));
  return true;
}

template <typename From, typename To>
bool AppendFloating(AvroInput& in, ColumnBuilder& to) {
  From value{};
  if (!in.Fixed(&value)) return false;
  to.Append(static_cast<To>(value));
  return true;
}

bool AppendText(AvroInput& in, ColumnBuilder& to) {
  std::string_view text;
  if (!in.Bytes(&text)) return false;
  if (!simdjson::validate_utf8(text.data(), text.size())) return in.Fail("a string that is no UTF-8");
  to.AppendString(text);
  return true;
}

bool AppendUuid(AvroInput& in, ColumnBuilder& to) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string_view bytes;
  if (!in.Raw(16, &bytes)) return false;
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    auto byte = static_cast<uint8_t>(bytes[i]);
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  to.AppendString(text);
  return true;
}

bool AppendSymbol(const AvroStep& step, AvroInput& in, ColumnBuilder& to) {
  int64_t number = 0;
  if (!in.Long(&number)) return false;
  if (number < 0 || static_cast<uint64_t>(number) >= step.symbols.size())
    return in.Fail("an enum has no symbol number " + std::to_string(number));
  const std::string& symbol = step.symbols[static_cast<size_t>(number)];
  if (symbol.empty())
    return in.Fail("the reader's enum has no symbol for number " + std::to_string(number) +
                   ", and no default");
  to.AppendString(symbol);
  return true;
}

// Big-endian two's complement.
bool AppendDecimal(const AvroStep& step, AvroInput& in, ColumnBuilder& to) {
  std::string_view bytes;
  if (step.size >= 0 ? !in.Raw(static_cast<size_t>(step.size), &bytes) : !in.Bytes(&bytes)) return false;
  auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  bool negative = !bytes.empty() && byte(0) >= 0x80;
  size_t first = 0;
  while (bytes.size() - first > 16 && byte(first) == (negative ? 0xff : 0)) ++first;
  std::optional<int128_t> value;
  if (bytes.size() - first < 16 || (bytes.size() - first == 16 && (byte(first) >= 0x80) == negative)) {
    uint128_t bits = negative ? ~uint128_t(0) : 0;
    for (size_t i = first; i < bytes.size(); ++i) bits = bits << 8 | byte(i);
    value = RescaleDecimal(static_cast<int128_t>(bits), step.scale, step.type.precision(), step.type.scale());
  }
  if (!value) return in.Fail("a decimal does not fit " + step.type.ToString());
  to.Append(*value);
  return true;
}

bool AppendTime(const AvroStep& step, AvroInput& in, ColumnBuilder& to) {
  int64_t value = 0;
  if (!in.Long(&value)) return false;
  if (value < 0 || value >= kNanosPerDay / step.unit)
    return in.Fail(std::to_string(value) + " is no time of a day");
  int64_t truncate = 1;
  for (int p = std::min(step.type.precision(), 3); p < 3; ++p) truncate *= 10;
  to.Append(static_cast<int32_t>(value * step.unit / 1'000'000 / truncate * truncate));
  return true;
}

bool AppendTimestamp(const AvroStep& step, AvroInput& in, ColumnBuilder& to) {
  int64_t value = 0;
  if (!in.Long(&value)) return false;
  if (step.op == AvroOp::kMicros) {
    int64_t micros = 0;
    if (__builtin_mul_overflow(value, step.unit, &micros))
      return in.Fail(std::to_string(value) + " does not fit " + step.type.ToString());
    to.Append(micros);
    return true;
  }
  int128_t stored = NanosToTimestamp(int128_t(value) * step.unit, step.type.precision());
  if (to.physical() == Physical::kInt128) {
    to.Append(stored);
    return true;
  }
  if (stored != static_cast<int64_t>(stored))
    return in.Fail(std::to_string(value) + " does not fit " + step.type.ToString());
  to.Append(static_cast<int64_t>(stored));
  return true;
}

bool AppendItems(const AvroStep& step, AvroInput& in, ColumnBuilder& to) {
  bool map = step.op == AvroOp::kMap;
  int64_t count = 0, bytes = 0;
  do {
    if (!in.Block(&count, &bytes)) return false;
    for (int64_t i = 0; i < count; ++i) {
      if (map && !AppendText(in, to.child(0))) return false;
      if (!Append(step.steps[0], in, to.child(map ? 1 : 0))) return false;
    }
  } while (count > 0);
  to.CloseList();
  return true;
}

bool AppendBranch(const AvroStep& step, AvroInput& in, ColumnBuilder& to) {
  int64_t branch = 0;
  if (!in.Long(&branch)) return false;
  if (step.op == AvroOp::kOptional && (branch == 0 || branch == 1)) {
    if (branch != step.null_branch) return Append(step.steps[0], in, to);
    to.AppendNull();
    return true;
  }
  if (branch < 0 || static_cast<uint64_t>(branch) >= step.steps.size())
    return in.Fail("a union has no branch " + std::to_string(branch));
  return Append(step.steps[static_cast<size_t>(branch)], in, to);
}

bool AppendDefault(const AvroStep& step, AvroInput& in, ColumnBuilder& to) {
  AvroInput value(step.text);
  return Append(step.steps[0], value, to) || in.Fail("a default value: " + value.problem());
}

// A record; BuilderAt gives the builder of a child.
template <typename BuilderAt>
bool AppendFields(const AvroStep& row, AvroInput& in, const BuilderAt& builder_at) {
  for (const AvroFieldStep& field : row.fields) {
    bool read = field.child >= 0 ? Append(field.step, in, builder_at(static_cast<size_t>(field.child)))
                                 : AvroProgram::Skip(*field.writer, field.writer_type, in);
    if (!read) return false;
  }
  return true;
}

bool AppendRow(const AvroStep& step, AvroInput& in, ColumnBuilder& to) {
  if (!AppendFields(step, in, [&to](size_t i) -> ColumnBuilder& { return to.child(i); })) return false;
  to.CloseRow();
  return true;
}

bool AppendBytes(const AvroStep& step, AvroInput& in, ColumnBuilder& to) {
  std::string_view bytes;
  bool fixed = step.op == AvroOp::kFixed;
  if (fixed ? !in.Raw(static_cast<size_t>(step.size), &bytes) : !in.Bytes(&bytes)) return false;
  to.AppendString(bytes);
  return true;
}

bool AppendBoolean(AvroInput& in, ColumnBuilder& to) {
  bool value = false;
  if (!in.Boolean(&value)) return false;
  to.Append<uint8_t>(value ? 1 : 0);
  return true;
}

template <typename To>
bool AppendLongAs(AvroInput& in, ColumnBuilder& to) {
  int64_t value = 0;
  if (!in.Long(&value)) return false;
  to.Append(static_cast<To>(value));
  return true;
}

bool Append(const AvroStep& step, AvroInput& in, ColumnBuilder& to) {
  switch (step.op) {
    case AvroOp::kFail: return in.Fail(step.text);
    case AvroOp::kNull: to.AppendNull(); return true;
    case AvroOp::kBoolean: return AppendBoolean(in, to);
    case AvroOp::kInt8: return AppendInteger<int8_t>(step, in, to);
    case AvroOp::kInt16: return AppendInteger<int16_t>(step, in, to);
    case AvroOp::kInt32: return AppendInteger<int32_t>(step, in, to);
    case AvroOp::kInt64: return AppendInteger<int64_t>(step, in, to);
    case AvroOp::kLongToFloat: return AppendLongAs<float>(in, to);
    case AvroOp::kLongToDouble: return AppendLongAs<double>(in, to);
    case AvroOp::kFloat: return AppendFloating<float, float>(in, to);
    case AvroOp::kFloatToDouble: return AppendFloating<float, double>(in, to);
    case AvroOp::kDouble: return AppendFloating<double, double>(in, to);
    case AvroOp::kString: return AppendText(in, to);
    case AvroOp::kBytes:
    case AvroOp::kFixed: return AppendBytes(step, in, to);
    case AvroOp::kUuid: return AppendUuid(in, to);
    case AvroOp::kEnum: return AppendSymbol(step, in, to);
    case AvroOp::kDecimal: return AppendDecimal(step, in, to);
    case AvroOp::kTime: return AppendTime(step, in, to);
    case AvroOp::kTimestamp:
    case AvroOp::kMicros: return AppendTimestamp(step, in, to);
    case AvroOp::kList:
    case AvroOp::kMap: return AppendItems(step, in, to);
    case AvroOp::kRow: return AppendRow(step, in, to);
    case AvroOp::kOptional:
    case AvroOp::kUnion: return AppendBranch(step, in, to);
    case AvroOp::kDefault: return AppendDefault(step, in, to);
  }
  return false;
}

bool SkipItems(const AvroSchema& schema, const AvroType& type, AvroInput& in, int depth) {
  int64_t count = 0, bytes = 0;
  std::string_view skipped;
  do {
    if (!in.Block(&count, &bytes)) return false;
    if (bytes >= 0) {
      if (!in.Raw(static_cast<size_t>(bytes), &skipped)) return false;
      continue;
    }
    for (int64_t i = 0; i < count; ++i) {
      if (type.is(AvroKind::kMap) && !in.Bytes(&skipped)) return false;
      if (!AvroProgram::Skip(schema, type.children[0], in, depth)) return false;
    }
  } while (count > 0);
  return true;
}

}  // namespace

bool AvroProgram::Skip(const AvroSchema& schema, int index, AvroInput& in, int depth) {
  const AvroType& type = schema.type(index);
  std::string_view bytes;
  int64_t number = 0;
  if (depth > kSkipDepthMax) return in.Fail("a value is nested too deep");
  switch (type.kind) {
    case AvroKind::kNull: return true;
    case AvroKind::kBoolean: return in.Raw(1, &bytes);
    case AvroKind::kInt:
    case AvroKind::kLong:
    case AvroKind::kEnum: return in.Long(&number);
    case AvroKind::kFloat: return in.Raw(4, &bytes);
    case AvroKind::kDouble: return in.Raw(8, &bytes);
    case AvroKind::kBytes:
    case AvroKind::kString: return in.Bytes(&bytes);
    case AvroKind::kFixed: return in.Raw(type.size, &bytes);
    case AvroKind::kArray:
    case AvroKind::kMap: return SkipItems(schema, type, in, depth + 1);
    case AvroKind::kRecord:
      for (const AvroField& field : type.fields) {
        if (!Skip(schema, field.type, in, depth + 1)) return false;
      }
      return true;
    case AvroKind::kUnion:
      if (!in.Long(&number)) return false;
      if (number < 0 || static_cast<uint64_t>(number) >= type.children.size())
        return in.Fail("a union has no branch " + std::to_string(number));
      return Skip(schema, type.children[static_cast<size_t>(number)], in, depth + 1);
  }
  return false;
}

AvroProgram::AvroProgram(AvroSchemaPtr writer, int writer_type, AvroSchemaPtr reader, int reader_type,
                         const std::vector<Field>& columns)
    : writer_(std::move(writer)),
      reader_(std::move(reader)),
      root_(ResolveAvroRecord(*writer_, writer_type, *reader_, reader_type, columns)) {}

bool AvroProgram::Read(AvroInput& in, std::vector<ColumnBuilder>& builders) const {
  return AppendFields(root_, in, [&builders](size_t i) -> ColumnBuilder& { return builders[i]; });
}

}  // namespace penstock
