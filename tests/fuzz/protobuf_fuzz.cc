// Fuzz target: Protobuf as it comes from outside: the length of a descriptor set in two bytes, the set, a
// message of its first type. All its fields are read, those of messages inside it too; what was read can be
// written, and what was written reads the same from then on.
#include "formats/protobuf/proto_encoder.h"
#include "fuzz/decoded_text.h"

namespace {

using namespace penstock;

std::vector<Field> ColumnsOf(const ProtoSchema& schema, int message, int depth);

DataType TypeOf(const ProtoSchema& schema, const ProtoField& field, int depth) {
  switch (field.kind) {
    case ProtoKind::kDouble: return DataType::Double();
    case ProtoKind::kFloat: return DataType::Float();
    case ProtoKind::kBool: return DataType::Boolean();
    case ProtoKind::kString:
    case ProtoKind::kEnum: return DataType::String();
    case ProtoKind::kBytes: return DataType::Bytes();
    case ProtoKind::kGroup:
    case ProtoKind::kMessage: return DataType::Row(ColumnsOf(schema, field.type, depth + 1));
    default: return DataType::BigInt();
  }
}

std::vector<Field> ColumnsOf(const ProtoSchema& schema, int message, int depth) {
  std::vector<Field> columns;
  for (const ProtoField& field : schema.message(message).fields) {
    bool whole = field.kind == ProtoKind::kGroup || field.kind == ProtoKind::kMessage;
    if ((whole && depth >= 2) || columns.size() >= 20) continue;
    DataType type = TypeOf(schema, field, depth);
    bool map = whole && field.repeated && schema.message(field.type).map_entry;
    if (map && (type.fields().size() != 2 || !type.fields()[0].type.is_character())) continue;
    if (map) {
      type = DataType::Map(type.fields()[0].type, type.fields()[1].type);
    } else if (field.repeated) {
      type = DataType::Array(type);
    }
    columns.push_back({field.name, type});
  }
  return columns;
}

std::string Rows(const ProtoSchemaPtr& schema, const ProtoStep& root, const std::string& message,
                 const std::vector<Field>& columns, Batch* batch) {
  ProtoDecoder decoder(schema, root, {}, OnBadRecord::kSkip);
  DecodedRows rows(Schema(columns).types(), true);
  CHECK(decoder.DecodeRecord(message, 0, &rows).ok());
  CHECK(rows.rows + rows.bad.count() == 1);
  *batch = rows.Take();
  std::string text;
  for (int64_t row = 0; row < batch->rows; ++row) {
    ValueRow values = batch->RowAt(row);
    for (size_t i = 0; i < values.size(); ++i) text += ValueToJson(values[i], columns[i].type) + " ";
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  size_t length = data[0] | static_cast<size_t>(data[1]) << 8;
  Result<ProtoSchemaPtr> schema = ProtoSchema::Parse(text.substr(0, length));
  if (!schema || length > text.size()) return 0;
  std::vector<Field> columns = ColumnsOf(**schema, 0, 0);
  Result<ProtoStep> root = PlanProtoMessage(**schema, 0, columns, {});
  if (!root) return 0;
  Batch batch, again;
  std::string rows = Rows(*schema, *root, std::string(text.substr(length)), columns, &batch);
  ProtoEncoder encoder(*schema, *root, {});
  std::string written;
  if (batch.rows == 1 && encoder.EncodeRow(batch, 0, &written).ok()) {
    std::string reread = Rows(*schema, *root, written, columns, &again);
    // NULL elements do not exist and what is empty is not written, so only the second time is stable.
    std::string twice;
    CHECK(encoder.EncodeRow(again, 0, &twice).ok());
    CHECK(Rows(*schema, *root, twice, columns, &again) == reread);
  }
  return 0;
}
