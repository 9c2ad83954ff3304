// AvroProgram: how records of one writer's schema become columns: the resolution of the writer's schema
// against the reader's and the columns' types, worked out once as a tree of steps in the order of the bytes.
// Reading a record is then one walk over it; what nobody wants is skipped. Resolution is that of the Avro
// specification (1.12, "Schema Resolution"), with these liberties: names of records need not agree, an enum
// is read as a string and a fixed as bytes, and dates, times and decimals keep the writer's unit and scale.
// Immutable, shared between threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/column_builder.h"
#include "formats/avro/avro_input.h"
#include "formats/avro/avro_schema.h"

namespace penstock {

enum class AvroOp : uint8_t {
  kFail,  // such a value has no place in the column: `text` says why
  kNull,
  kBoolean,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kLongToFloat,
  kLongToDouble,
  kFloat,
  kFloatToDouble,
  kDouble,
  kString,
  kBytes,
  kFixed,      // `size` bytes
  kUuid,       // 16 bytes to their text
  kEnum,       // `symbols` by number; an empty one fails
  kDecimal,    // `size` bytes, -1: with their length; `scale`
  kTime,       // `unit` nanoseconds
  kTimestamp,  // `unit` nanoseconds
  kMicros,     // a timestamp whose stored form is `unit` times the number
  kList,       // of `steps`[0]
  kMap,        // to `steps`[0]
  kRow,
  kOptional,  // branch `null_branch` is null, the other is `steps`[0]
  kUnion,     // `steps` by branch
  kDefault,   // nothing is read: `steps`[0] over `text`
};

struct AvroFieldStep;

struct AvroStep {
  AvroOp op = AvroOp::kFail;
  int null_branch = 0;
  int scale = 0;
  int64_t unit = 1;
  int64_t size = -1;
  DataType type;
  std::string text;
  std::vector<std::string> symbols;
  std::vector<AvroStep> steps;
  std::vector<AvroFieldStep> fields;  // of kRow, in the order of the bytes

  bool fails() const { return op == AvroOp::kFail; }
};

struct AvroFieldStep {
  const AvroSchema* writer = nullptr;  // and its type that is skipped when there is no child
  int writer_type = -1;
  int child = -1;
  AvroStep step;
};

class AvroProgram {
 public:
  // For `columns`, found in `reader` by name. A program that cannot read any record is not usable().
  AvroProgram(const AvroSchemaPtr& writer, const AvroSchemaPtr& reader, const std::vector<Field>& columns)
      : AvroProgram(writer, writer->root(), reader, reader->root(), columns) {}
  // For a record inside the writer's schema.
  AvroProgram(AvroSchemaPtr writer, int writer_type, AvroSchemaPtr reader, int reader_type,
              const std::vector<Field>& columns);

  bool usable() const { return !root_.fails(); }
  // Why it is not usable.
  const std::string& problem() const { return root_.text; }

  // Appends one value to each of the builders, those of the columns. False: in.problem() says why, and
  // builders may hold a part of the row. REQUIRES: usable().
  bool Read(AvroInput& in, std::vector<ColumnBuilder>& builders) const;

  // Skips a value of a type of a schema.
  static bool Skip(const AvroSchema& schema, int type, AvroInput& in, int depth = 0);

 private:
  AvroSchemaPtr writer_, reader_;
  AvroStep root_;
};

// Resolves a writer's type against a reader's for a column of `type`.
AvroStep ResolveAvro(const AvroSchema& writer, int writer_type, const AvroSchema& reader, int reader_type,
                     const DataType& type);
// The same for the fields of records. A step that fails when they do not go together.
AvroStep ResolveAvroRecord(const AvroSchema& writer, int writer_type, const AvroSchema& reader,
                           int reader_type, const std::vector<Field>& columns);

// A default value's JSON in binary form; an error when it is none of the type.
Result<std::string> EncodeAvroDefault(const AvroSchema& schema, int type, std::string_view json);

}  // namespace penstock
