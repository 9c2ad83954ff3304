// ProtoDecoder: protobuf messages to columns, step 2 of a record's way. What each field number becomes is
// worked out once; a message is gone over once, which notes where the wanted fields stand (they come in any
// order, the last of several counts, repeated ones gather), and then its values go to their builders.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/decoder.h"
#include "formats/protobuf/proto_schema.h"

namespace penstock {

struct ProtobufOptions {
  bool read_default_values = false;
  bool ignore_parse_errors = false;
  std::string null_string;  // for NULL elements of arrays and maps, which protobuf does not have
};

// How a field becomes a column.
struct ProtoStep {
  enum class Shape : uint8_t { kOne, kList, kMap };
  ProtoField field;
  DataType type;  // of the column
  Shape shape = Shape::kOne;
  bool fills = false;  // its default stands where the field is missing, instead of NULL
  std::string missing_string;
  double missing_double = 0;
  int64_t missing_integer = 0;
  bool packable = false;
  const ProtoEnum* names = nullptr;  // of enums
  std::vector<ProtoStep> children;   // of messages: its columns; of kMap: key and value
  std::vector<int> slots;  // of messages: the child of a field number below slots.size(), -1: unwanted
  std::vector<std::pair<uint32_t, int>> far_slots;  // of the larger numbers, ascending
};

// A step whose children are the columns, found in the message by name; an error names the column that does
// not fit.
Result<ProtoStep> PlanProtoMessage(const ProtoSchema& schema, int message, const std::vector<Field>& columns,
                                   const ProtobufOptions& options);

class ProtoDecoder : public Decoder {
 public:
  ProtoDecoder(ProtoSchemaPtr schema, ProtoStep root, const ProtobufOptions& options,
               OnBadRecord on_bad_record);
  ~ProtoDecoder() override;
  Status DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) override;

 private:
  class Reader;
  ProtoSchemaPtr schema_;
  ProtoStep root_;
  std::unique_ptr<Reader> reader_;
  OnBadRecord on_bad_record_;
};

}  // namespace penstock
