// Envelopes: their parts are found by skipping, and each image of the row is read by a program of its own.
// Steps 2 and 10 of a record's way (docs/ARCHITECTURE.md).
#include "formats/avro/confluent/debezium_avro.h"

#include "formats/avro/avro_output.h"

namespace penstock {

namespace {

int FieldNamed(const AvroType& record, std::string_view name) {
  for (size_t i = 0; i < record.fields.size(); ++i) {
    if (record.fields[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

// The text of a string, or of a union that holds one; empty for null.
bool ReadText(const AvroSchema& schema, int type, AvroInput& in, std::string_view* text) {
  if (schema.type(type).is(AvroKind::kUnion)) {
    int64_t branch = 0;
    const std::vector<int>& branches = schema.type(type).children;
    if (!in.Long(&branch)) return false;
    if (branch < 0 || static_cast<uint64_t>(branch) >= branches.size())
      return in.Fail("a union has no branch " + std::to_string(branch));
    type = branches[static_cast<size_t>(branch)];
  }
  if (schema.type(type).is(AvroKind::kNull)) return true;
  return schema.type(type).is(AvroKind::kString) ? in.Bytes(text) : in.Fail("\"op\" is no string");
}

}  // namespace

std::vector<Field> DebeziumEnvelope(const std::vector<Field>& columns) {
  return {{"before", DataType::Row(columns)}, {"after", DataType::Row(columns)}, {"op", DataType::String()}};
}

Status DebeziumAvroReader::FindImage(const AvroSchemaPtr& writer, const char* name,
                                     const AvroSchemaPtr& reader, const std::vector<Field>& columns,
                                     Image* image) {
  const AvroType& envelope = writer->type(writer->root());
  image->field = FieldNamed(envelope, name);
  if (image->field < 0) return Status::InvalidData(std::string("the record has no field '") + name + "'");
  int type = envelope.fields[static_cast<size_t>(image->field)].type;
  if (writer->type(type).is(AvroKind::kUnion)) {
    const std::vector<int>& branches = writer->type(type).children;
    for (size_t i = 0; i < branches.size(); ++i) {
      if (!writer->type(branches[i]).is(AvroKind::kRecord)) continue;
      image->branch = static_cast<int>(i);
      type = branches[i];
      break;
    }
  }
  image->program = std::make_unique<AvroProgram>(writer, type, reader, reader->root(), columns);
  if (image->program->usable()) return Status::Ok();
  return Status::InvalidData(std::string("'") + name + "': " + image->program->problem());
}

Result<std::unique_ptr<AvroRecordReader>> DebeziumAvroReader::Make(AvroSchemaPtr writer,
                                                                   const AvroSchemaPtr& reader,
                                                                   const std::vector<Field>& columns) {
  if (!writer->type(writer->root()).is(AvroKind::kRecord)) return Status::InvalidData("it is no record");
  std::unique_ptr<DebeziumAvroReader> made(new DebeziumAvroReader());
  RETURN_IF_ERROR(FindImage(writer, "before", reader, columns, &made->before_));
  RETURN_IF_ERROR(FindImage(writer, "after", reader, columns, &made->after_));
  made->op_field_ = FieldNamed(writer->type(writer->root()), "op");
  if (made->op_field_ < 0) return Status::InvalidData("the record has no field 'op'");
  made->writer_ = std::move(writer);
  return std::unique_ptr<AvroRecordReader>(std::move(made));
}

bool DebeziumAvroReader::Split(AvroInput& in, Parts* parts) const {
  const AvroType& envelope = writer_->type(writer_->root());
  for (size_t i = 0; i < envelope.fields.size(); ++i) {
    int type = envelope.fields[i].type, field = static_cast<int>(i);
    const char* begin = in.at();
    if (field == op_field_ ? !ReadText(*writer_, type, in, &parts->op)
                           : !AvroProgram::Skip(*writer_, type, in))
      return false;
    std::string_view bytes(begin, static_cast<size_t>(in.at() - begin));
    if (field == before_.field) parts->before = bytes;
    if (field == after_.field) parts->after = bytes;
  }
  return in.left() == 0 || in.Fail(std::to_string(in.left()) + " bytes are left behind the record");
}

// One image of the row as a row of that kind.
bool DebeziumAvroReader::ReadImage(const Image& image, std::string_view bytes, const char* change,
                                   RowKind kind, DecodedRows* out, std::string* problem) {
  AvroInput in(bytes);
  int64_t branch = image.branch;
  if (image.branch >= 0 && !in.Long(&branch)) return false;
  if (branch != image.branch) {
    bool old = kind == RowKind::kUpdateBefore || kind == RowKind::kDelete;
    *problem = std::string("the \"") + (old ? "before" : "after") + "\" field of " + change +
               " message is null" + (old ? "; a PostgreSQL table has to have REPLICA IDENTITY FULL" : "");
    return false;
  }
  if (!image.program->Read(in, out->builders)) {
    *problem = "bad Avro record: " + in.problem();
    return false;
  }
  out->AddRow(kind);
  return true;
}

bool DebeziumAvroReader::ReadChange(const Parts& parts, DecodedRows* out, std::string* problem) const {
  if (parts.op == "c" || parts.op == "r")
    return ReadImage(after_, parts.after, "INSERT", RowKind::kInsert, out, problem);
  if (parts.op == "d") return ReadImage(before_, parts.before, "DELETE", RowKind::kDelete, out, problem);
  if (parts.op == "u") {
    return ReadImage(before_, parts.before, "UPDATE", RowKind::kUpdateBefore, out, problem) &&
           ReadImage(after_, parts.after, "UPDATE", RowKind::kUpdateAfter, out, problem);
  }
  *problem = "unknown \"op\" value \"" + std::string(parts.op.substr(0, 100)) + '"';
  return false;
}

bool DebeziumAvroReader::Read(std::string_view record, DecodedRows* out, std::string* problem) const {
  AvroInput in(record);
  Parts parts;
  int64_t rows = out->rows;
  if (!Split(in, &parts)) {
    *problem = "bad Avro record: " + in.problem();
    return false;
  }
  if (ReadChange(parts, out, problem)) return true;
  out->TruncateRows(rows);
  return false;
}

Result<std::unique_ptr<Encoder>> DebeziumAvroEncoder::Make(const std::vector<Field>& columns,
                                                           AvroTimestamps timestamps, std::string prefix) {
  ASSIGN_OR_RETURN(AvroSchemaPtr schema, AvroSchemaOf(columns, timestamps));
  ASSIGN_OR_RETURN(std::unique_ptr<AvroEncoder> image, AvroEncoder::Make(std::move(schema), columns));
  return std::unique_ptr<Encoder>(new DebeziumAvroEncoder(std::move(image), std::move(prefix)));
}

// The fields of an envelope are unions of null, branch 0, and the value.
Status DebeziumAvroEncoder::EncodeRow(const Batch& batch, int64_t row, std::string* out) {
  bool added = IsAdd(batch.kind(row));
  *out += prefix_;
  if (added) AppendAvroLong(0, out);
  AppendAvroLong(1, out);
  RETURN_IF_ERROR(image_->EncodeRow(batch, row, out));
  if (!added) AppendAvroLong(0, out);
  AppendAvroLong(1, out);
  AppendAvroBytes(added ? "c" : "d", out);
  return Status::Ok();
}

}  // namespace penstock
