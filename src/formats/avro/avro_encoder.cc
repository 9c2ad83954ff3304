// Writing records straight from columns.
// Step 10 of a record's way (docs/ARCHITECTURE.md).
#include "formats/avro/avro_encoder.h"

#include <algorithm>

#include "data/datetime.h"
#include "data/decimal.h"
#include "formats/avro/avro_output.h"
#include "formats/avro/avro_program.h"
#include "formats/text_values.h"

namespace penstock {

// How values of one column are written.
struct AvroWriteStep {
  enum class Op : uint8_t {
    kBoolean,
    kInteger,
    kFloat,
    kDouble,
    kString,
    kBytes,
    kFixed,    // `size` bytes
    kEnum,     // `symbols`
    kDecimal,  // `size` bytes, -1: with their length
    kTime,
    kTimestamp,  // `unit` nanoseconds
    kArray,
    kMap,
    kRow,
    kConstant,  // `text`, whatever the row
  };
  Op op = Op::kConstant;
  int null_branch = -1, branch = -1;  // of a union; -1: none
  int64_t unit = 1, size = -1;
  int scale = 0;
  DataType type;
  std::string name;  // of the column, for messages
  std::string text;
  std::vector<std::string> symbols;
  std::vector<AvroWriteStep> steps;  // items, or fields in the order of the schema
  std::vector<int> children;         // column of each field, -1 for constants
};

namespace {

using Step = AvroWriteStep;
using Op = AvroWriteStep::Op;

class WritePlanner {
 public:
  explicit WritePlanner(const AvroSchema& schema) : schema_(schema) {}

  Result<Step> MakeRecord(int index, const std::vector<Field>& columns) const {
    const AvroType& record = schema_.type(index);
    if (!record.is(AvroKind::kRecord)) return Mismatch(index, "a row");
    Step row;
    row.op = Op::kRow;
    std::vector<bool> used(columns.size(), false);
    for (const AvroField& field : record.fields) {
      auto found = std::find_if(columns.begin(), columns.end(),
                                [&](const Field& column) { return column.name == field.name; });
      if (found == columns.end()) {
        if (!field.default_json)
          return Status::InvalidData("the schema's field '" + field.name + "' is no column");
        Step constant;
        ASSIGN_OR_RETURN(constant.text, EncodeAvroDefault(schema_, field.type, *field.default_json));
        row.steps.push_back(std::move(constant));
        row.children.push_back(-1);
        continue;
      }
      Result<Step> step = Make(field.type, found->type);
      if (!step) return std::move(step.status()).WithContext("column '" + field.name + "'");
      step->name = field.name;
      row.steps.push_back(std::move(*step));
      row.children.push_back(static_cast<int>(found - columns.begin()));
      used[static_cast<size_t>(row.children.back())] = true;
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      if (!used[i]) return Status::InvalidData("the schema has no field '" + columns[i].name + "'");
    }
    return row;
  }

 private:
  Status Mismatch(int index, const std::string& type) const {
    return Status::InvalidData(type + " cannot be written as " + schema_.NameOf(index));
  }

  Result<Step> Make(int index, const DataType& type) const {
    const AvroType& to = schema_.type(index);
    if (!to.is(AvroKind::kUnion)) return MakeValue(index, type);
    int null_branch = -1;
    Result<Step> made = Mismatch(index, type.ToString());
    for (size_t i = 0; i < to.children.size(); ++i) {
      if (schema_.type(to.children[i]).is(AvroKind::kNull)) null_branch = static_cast<int>(i);
      if (made) continue;
      Result<Step> step = MakeValue(to.children[i], type);
      if (!step) continue;
      made = std::move(step);
      made->branch = static_cast<int>(i);
    }
    if (made) made->null_branch = null_branch;
    return made;
  }

  Result<Step> MakeItems(int index, const DataType& type, Op op, const DataType& item) const {
    if (type.is(TypeKind::kMap) && !type.map_key().is_character()) return Mismatch(index, type.ToString());
    Step step;
    step.op = op;
    step.type = type;
    ASSIGN_OR_RETURN(Step items, Make(schema_.type(index).children[0], item));
    step.steps.push_back(std::move(items));
    return step;
  }

  Result<Step> MakeValue(int index, const DataType& type) const {
    const AvroType& to = schema_.type(index);
    switch (type.kind()) {
      case TypeKind::kRow: return MakeRecord(index, type.fields());
      case TypeKind::kArray:
        if (!to.is(AvroKind::kArray)) return Mismatch(index, type.ToString());
        return MakeItems(index, type, Op::kArray, type.element());
      case TypeKind::kMap:
      case TypeKind::kMultiset:
        if (!to.is(AvroKind::kMap)) return Mismatch(index, type.ToString());
        return MakeItems(index, type, Op::kMap, type.is(TypeKind::kMap) ? type.map_value() : DataType::Int());
      default: break;
    }
    Step step;
    step.type = type;
    step.scale = to.scale;
    if (to.is(AvroKind::kFixed)) step.size = static_cast<int64_t>(to.size);
    step.symbols = to.symbols;
    step.unit =
        to.logical == AvroLogical::kTimeMicros || to.logical == AvroLogical::kTimestampMicros ||
                to.logical == AvroLogical::kLocalTimestampMicros
            ? 1000
        : to.logical == AvroLogical::kTimestampNanos || to.logical == AvroLogical::kLocalTimestampNanos
            ? 1
            : 1'000'000;
    if (!Choose(to, type, &step.op)) return Mismatch(index, type.ToString());
    return step;
  }

  static bool Choose(const AvroType& to, const DataType& type, Op* op) {
    bool whole = to.is(AvroKind::kInt) || to.is(AvroKind::kLong);
    switch (type.kind()) {
      case TypeKind::kBoolean: *op = Op::kBoolean; return to.is(AvroKind::kBoolean);
      case TypeKind::kTinyInt:
      case TypeKind::kSmallInt:
      case TypeKind::kInt:
      case TypeKind::kDate: *op = Op::kInteger; return whole;
      case TypeKind::kBigInt: *op = Op::kInteger; return to.is(AvroKind::kLong);
      case TypeKind::kFloat:
        *op = to.is(AvroKind::kFloat) ? Op::kFloat : Op::kDouble;
        return to.is(AvroKind::kFloat) || to.is(AvroKind::kDouble);
      case TypeKind::kDouble: *op = Op::kDouble; return to.is(AvroKind::kDouble);
      case TypeKind::kChar:
      case TypeKind::kVarChar:
        *op = to.is(AvroKind::kEnum) ? Op::kEnum : Op::kString;
        return to.is(AvroKind::kEnum) || to.is(AvroKind::kString);
      case TypeKind::kBinary:
      case TypeKind::kVarBinary:
        *op = to.is(AvroKind::kFixed) ? Op::kFixed : Op::kBytes;
        return to.is(AvroKind::kFixed) || to.is(AvroKind::kBytes);
      case TypeKind::kDecimal: *op = Op::kDecimal; return to.logical == AvroLogical::kDecimal;
      case TypeKind::kTime: *op = Op::kTime; return whole;
      case TypeKind::kTimestamp:
      case TypeKind::kTimestampLtz: *op = Op::kTimestamp; return to.is(AvroKind::kLong);
      default: return false;
    }
  }

  const AvroSchema& schema_;
};

Status Wrong(const Step& step, const std::string& problem) {
  return SqlError(ErrorNumber::kRuntime, {}, "cannot write column '" + step.name + "' as Avro: " + problem);
}

// Two's complement, big-endian, as short as it goes or in `size` bytes.
Status WriteDecimal(const Step& step, int128_t stored, std::string* out) {
  std::optional<int128_t> value = RescaleDecimal(stored, step.type.scale(), 38, step.scale);
  if (!value) return Wrong(step, "a DECIMAL has too many digits");
  char bytes[16];
  for (int i = 15; i >= 0; --i) bytes[15 - i] = static_cast<char>(*value >> (8 * i));
  size_t first = 0;
  while (first < 15 && bytes[first] == (*value < 0 ? '\xff' : '\0') && (bytes[first + 1] < 0) == (*value < 0))
    ++first;
  std::string_view shortest(bytes + first, 16 - first);
  if (step.size < 0) {
    AppendAvroBytes(shortest, out);
    return Status::Ok();
  }
  auto size = static_cast<size_t>(step.size);
  if (shortest.size() > size) return Wrong(step, "a DECIMAL does not fit the fixed");
  out->append(size - shortest.size(), *value < 0 ? '\xff' : '\0');
  out->append(shortest);
  return Status::Ok();
}

Status WriteSymbol(const Step& step, std::string_view text, std::string* out) {
  auto found = std::find(step.symbols.begin(), step.symbols.end(), text);
  if (found == step.symbols.end()) return Wrong(step, "the enum has no symbol '" + std::string(text) + "'");
  AppendAvroLong(found - step.symbols.begin(), out);
  return Status::Ok();
}

Status WriteTimestamp(const Step& step, const Column& column, int64_t row, std::string* out) {
  bool wide = column.physical() == Physical::kInt128;
  int128_t stored = wide ? column.At<int128_t>(row) : int128_t(column.At<int64_t>(row));
  int128_t value = FloorDiv(TimestampToNanos(stored, step.type.precision()), int128_t(step.unit));
  if (value != static_cast<int64_t>(value)) return Wrong(step, "a timestamp does not fit 64 bits");
  AppendAvroLong(static_cast<int64_t>(value), out);
  return Status::Ok();
}

Status Write(const Step& step, const Column& column, int64_t row, std::string* out);

Status WriteItems(const Step& step, const Column& column, int64_t row, std::string* out) {
  bool map = step.op == Op::kMap;
  int32_t begin = column.ListBegin(row), end = column.ListEnd(row);
  if (end > begin) AppendAvroLong(end - begin, out);
  for (int32_t i = begin; i < end; ++i) {
    if (map && column.child(0)->IsNull(i)) return Wrong(step, "a map with a NULL key");
    if (map) AppendAvroBytes(column.child(0)->StringAt(i), out);
    RETURN_IF_ERROR(Write(step.steps[0], *column.child(map ? 1 : 0), i, out));
  }
  out->push_back(0);
  return Status::Ok();
}

template <typename ColumnAt>
Status WriteFields(const Step& step, const ColumnAt& column_at, int64_t row, std::string* out) {
  for (size_t i = 0; i < step.steps.size(); ++i) {
    if (step.children[i] < 0) {
      *out += step.steps[i].text;
    } else {
      RETURN_IF_ERROR(Write(step.steps[i], column_at(step.children[i]), row, out));
    }
  }
  return Status::Ok();
}

Status WriteValue(const Step& step, const Column& column, int64_t row, std::string* out) {
  switch (step.op) {
    case Op::kBoolean: out->push_back(column.At<uint8_t>(row) != 0 ? 1 : 0); break;
    case Op::kInteger: AppendAvroLong(IntegerAt(column, row), out); break;
    case Op::kFloat: AppendAvroFixed(column.At<float>(row), out); break;
    case Op::kDouble:
      AppendAvroFixed(step.type.is(TypeKind::kFloat) ? double(column.At<float>(row)) : column.At<double>(row),
                      out);
      break;
    case Op::kString:
    case Op::kBytes: AppendAvroBytes(column.StringAt(row), out); break;
    case Op::kFixed: {
      std::string_view bytes = column.StringAt(row);
      if (bytes.size() != static_cast<size_t>(step.size))
        return Wrong(step,
                     std::to_string(bytes.size()) + " bytes for a fixed of " + std::to_string(step.size));
      out->append(bytes);
      break;
    }
    case Op::kEnum: return WriteSymbol(step, column.StringAt(row), out);
    case Op::kDecimal: return WriteDecimal(step, column.At<int128_t>(row), out);
    case Op::kTime: AppendAvroLong(int64_t{column.At<int32_t>(row)} * (1'000'000 / step.unit), out); break;
    case Op::kTimestamp: return WriteTimestamp(step, column, row, out);
    case Op::kArray:
    case Op::kMap: return WriteItems(step, column, row, out);
    case Op::kRow: {
      auto column_at = [&column](int i) -> const Column& { return *column.child(static_cast<size_t>(i)); };
      return WriteFields(step, column_at, column.position(row), out);
    }
    case Op::kConstant: *out += step.text; break;
  }
  return Status::Ok();
}

Status Write(const Step& step, const Column& column, int64_t row, std::string* out) {
  if (column.IsNull(row)) {
    if (step.null_branch < 0) return Wrong(step, "NULL, and the schema has no null for it");
    AppendAvroLong(step.null_branch, out);
    return Status::Ok();
  }
  if (step.branch >= 0) AppendAvroLong(step.branch, out);
  return WriteValue(step, column, row, out);
}

}  // namespace

AvroEncoder::AvroEncoder(AvroSchemaPtr schema, std::unique_ptr<AvroWriteStep> root, std::string prefix)
    : schema_(std::move(schema)), root_(std::move(root)), prefix_(std::move(prefix)) {}
AvroEncoder::~AvroEncoder() = default;

Result<std::unique_ptr<AvroEncoder>> AvroEncoder::Make(AvroSchemaPtr schema,
                                                       const std::vector<Field>& columns,
                                                       std::string prefix) {
  Result<Step> root = WritePlanner(*schema).MakeRecord(schema->root(), columns);
  if (!root) return root.status();
  return std::unique_ptr<AvroEncoder>(new AvroEncoder(
      std::move(schema), std::make_unique<AvroWriteStep>(std::move(*root)), std::move(prefix)));
}

Status AvroEncoder::EncodeRow(const Batch& batch, int64_t row, std::string* out) {
  *out += prefix_;
  return WriteFields(
      *root_, [&batch](int i) -> const Column& { return *batch.column(i); }, row, out);
}

}  // namespace penstock
